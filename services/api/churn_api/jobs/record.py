"""What is kept of a job: one JSON object in the store, changed by compare-and-swap only."""

import json
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, NamedTuple

QUEUED, VALIDATING, IN_PROGRESS, FINALIZING = "queued", "validating", "in_progress", "finalizing"
COMPLETED, CANCELLING, CANCELLED, FAILED, EXPIRED = "completed", "cancelling", "cancelled", "failed", "expired"

FINISHED = frozenset({COMPLETED, CANCELLED, FAILED, EXPIRED})
"""The states that a job never leaves."""

STATES = (QUEUED, VALIDATING, IN_PROGRESS, FINALIZING, COMPLETED, CANCELLING, CANCELLED, FAILED, EXPIRED)


class Progress(NamedTuple):
    """Rows scored and rows refused so far."""

    completed: int
    failed: int


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is now. Moments are ISO 8601 in UTC; `total`, `completed` and `failed` are rows, `size` is bytes."""

    id: str
    status: str
    filename: str | None
    created_at: str
    expires_at: str
    model_version: str
    total: int
    chunks: int
    size: int
    sha256: str
    claim: str | None = None
    span: int = 1
    """Neighbouring chunks that a worker takes at a time."""
    started_at: str | None = None
    finished_at: str | None = None
    completed: int = 0
    failed: int = 0
    error: str | None = None
    notified: bool = True
    """False until the end has been announced, where it is to be."""
    announced_tries: int = 0
    announce_at: str | None = None
    """Not to be announced before this moment."""

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    @property
    def expires(self) -> datetime:
        return datetime.fromisoformat(self.expires_at)

    def span_of(self, number: int) -> range:
        """The chunks that are taken together with this one."""
        first = number - number % self.span
        return range(first, min(first + self.span, self.chunks))

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Job":
        """Fields that this program does not know are left out, so that a newer one's records can be read."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in json.loads(data).items() if name in known})

    def end(self, status: str, moment: str, error: str | None = None) -> "Job":
        return replace(self, status=status, finished_at=moment, error=error)


def public(job: Job, progress: Progress) -> dict[str, Any]:
    """The job as callers see it."""
    path = f"/jobs/{job.id}"
    return {
        "id": job.id,
        "object": "job",
        "status": job.status,
        "filename": job.filename,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "expires_at": job.expires_at,
        "request_counts": {"total": job.total, "completed": progress.completed, "failed": progress.failed},
        "model_version": job.model_version,
        "error": job.error,
        "links": {
            "self": path,
            "results": f"{path}/results",
            "errors": f"{path}/errors",
            "cancel": f"{path}/cancel",
        },
    }
