"""What is kept of a campaign from when on it is planned: one JSON object, changed by compare-and-swap only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from churn_api.jobs import stored_json
from churn_api.jobs.campaign_request import Source as Source

Status = Literal["planning", "planned", "running", "closed", "failed"]
"""The states of a campaign as callers see them; the first and the last are those of the job that plans it."""

PLANNING: Status = "planning"
PLANNED: Status = "planned"
RUNNING: Status = "running"
CLOSED: Status = "closed"
FAILED: Status = "failed"
STATUSES: tuple[Status, ...] = (PLANNING, PLANNED, RUNNING, CLOSED, FAILED)

_MOMENTS = "created_at", "planned_at", "expires_at", "started_at"


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign that was planned. Moments are ISO 8601 in UTC; money is in `currency`."""

    id: str
    name: str
    source: Source
    plan: Mapping[str, Any]
    """As `churn.campaigns.plans` writes and reads it, with all defaults filled in."""

    currency: str
    label_window_months: int
    segments: tuple[str, ...]
    """The fields whose words each contact has, by which save rates are learned."""

    created_at: str
    planned_at: str
    expires_at: str
    """Until when it can be started; once it is, until when it is kept."""

    customers: Mapping[str, int]
    """How many rows were considered and chosen, as GET /campaigns/<id> shows it."""

    expected: Mapping[str, float]
    started_at: str | None = None
    closed_at: str | None = None
    deleted_at: str | None = None
    """Everything of it is being deleted, but for what it is remembered by."""

    result: Mapping[str, Any] | None = None
    """What the list of campaigns shows of the result that was last computed."""

    unknown: Mapping[str, Any] = field(default_factory=dict)
    """Members of the record that a newer program has written: kept as they are."""

    @property
    def status(self) -> Status:
        """Planned, running or closed."""
        if self.closed_at is not None:
            return CLOSED
        return RUNNING if self.started_at is not None else PLANNED

    def is_gone(self, now: datetime) -> bool:
        """Whether callers no longer see it."""
        return self.deleted_at is not None or datetime.fromisoformat(self.expires_at) <= now

    def is_remembered(self, now: datetime) -> bool:
        """Whether it still counts whom it has treated, which its deletion does not undo."""
        return self.started_at is not None and datetime.fromisoformat(self.expires_at) > now

    def to_bytes(self) -> bytes:
        """The record as JSON, with the members that this version does not know as they were read."""
        return stored_json.to_bytes(self)

    @classmethod
    def from_bytes(cls, data: bytes, key: str = "") -> "Campaign":
        """The campaign of a record under this key. Raises UnreadableObject."""
        return stored_json.from_bytes(data, cls, key, _MOMENTS)
