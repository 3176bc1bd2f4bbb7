"""The states of a job. The API and its workers set them; the trainer reads which jobs still need their release."""

QUEUED, VALIDATING, IN_PROGRESS, FINALIZING = "queued", "validating", "in_progress", "finalizing"
COMPLETED, CANCELLING, CANCELLED, FAILED, EXPIRED = "completed", "cancelling", "cancelled", "failed", "expired"

FINISHED = frozenset({COMPLETED, CANCELLED, FAILED, EXPIRED})
"""The states that a job never leaves."""

STATES = (QUEUED, VALIDATING, IN_PROGRESS, FINALIZING, COMPLETED, CANCELLING, CANCELLED, FAILED, EXPIRED)
