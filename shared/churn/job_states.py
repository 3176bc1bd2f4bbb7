"""The states of a job, which the API and its workers move, and by which the trainer knows what a job still needs."""

QUEUED, VALIDATING, IN_PROGRESS, FINALIZING = "queued", "validating", "in_progress", "finalizing"
COMPLETED, CANCELLING, CANCELLED, FAILED, EXPIRED = "completed", "cancelling", "cancelled", "failed", "expired"

FINISHED = frozenset({COMPLETED, CANCELLED, FAILED, EXPIRED})
"""The states that a job never leaves."""

STATES = (QUEUED, VALIDATING, IN_PROGRESS, FINALIZING, COMPLETED, CANCELLING, CANCELLED, FAILED, EXPIRED)
