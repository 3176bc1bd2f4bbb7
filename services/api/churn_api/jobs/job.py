"""What is kept of a job: one JSON object in the store, changed by compare-and-swap only."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from churn.job_states import FAILED, FINISHED
from churn_api.jobs import ids, stored_json

_MOMENTS = "created_at", "expires_at", "finished_at", "announce_at", "sent_at"


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
    """Of the content and the options of what was sent; only where it came with an Idempotency-Key."""
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
    sent_at: str | None = None
    """When the sweep last sent a step of it again, by the store's clock."""
    ignored_columns: tuple[str, ...] = ()
    """Columns of the file that no field has."""
    notes: tuple[str, ...] = ()
    """What of the file was read kindly, in sentences."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the caller chose, as JobOptions writes and reads it, or CampaignRequest."""
    unknown: Mapping[str, Any] = field(default_factory=dict)
    """Members of the record that a newer program has written: kept as they are."""

    @property
    def kind(self) -> ids.Kind:
        """What it does with its rows."""
        return ids.kind_of(self.id)

    @property
    def finished(self) -> bool:
        """Whether the job is over; a newer program may know further states, but not leave out the moment."""
        return self.status in FINISHED or self.finished_at is not None

    @property
    def expires(self) -> datetime:
        """The moment at which everything of the job is deleted."""
        return datetime.fromisoformat(self.expires_at)

    def span_of(self, number: int) -> range:
        """The chunks that are taken together with this one."""
        first = number - number % self.span
        return range(first, min(first + self.span, self.chunks))

    def to_bytes(self) -> bytes:
        """The record as JSON, with the members that this version does not know as they were read."""
        return stored_json.to_bytes(self)

    @classmethod
    def from_bytes(cls, data: bytes, key: str = "") -> "Job":
        """The job of a record under this key. Raises UnreadableObject."""
        return stored_json.from_bytes(data, cls, key, _MOMENTS)

    def end(self, status: str, moment: str, error: str | None = None) -> "Job":
        """The job in a final state since `moment` (ISO 8601), with a sentence about what went wrong, if anything."""
        return replace(self, status=status, finished_at=moment, error=error)


def unreadable(job_id: str, expires: datetime, claim: str | None, error: str) -> Job:
    """What stands for a job whose record cannot be read: it has failed, and can be deleted."""
    moment = ids.created(job_id).isoformat()
    return Job(
        id=job_id,
        status=FAILED,
        filename=None,
        created_at=moment,
        expires_at=expires.isoformat(),
        model_version="",
        total=0,
        chunks=0,
        size=0,
        sha256="",
        claim=claim,
        finished_at=moment,
        error=error,
    )
