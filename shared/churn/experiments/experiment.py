"""What is kept of an experiment: one JSON object, changed by compare-and-swap only."""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic import ValidationError as MalformedDocument

from churn.experiments.errors import UnreadableExperiment

Origin = Literal["person", "retraining", "online", "former"]
"""Who put the challenger into shadow; "former" is the champion before a promotion, which is watched after it."""

PromotionRule = Literal["by_hand", "when_better"]
"""The values of CHURN_PROMOTE: whether a challenger whose verdict is enough for it is put into service by itself."""

Status = Literal["running", "ended", "promoted", "failed"]

RUNNING: Status = "running"
ENDED: Status = "ended"
PROMOTED: Status = "promoted"
FAILED: Status = "failed"


class Experiment(BaseModel):
    """A release in shadow beside the one that was in service when it began; what a newer program wrote is kept."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: str
    champion: str
    """The version of the release in service."""
    challenger: str
    """The version of the release in shadow."""
    origin: str
    """An Origin, or one of a newer program."""
    started_at: AwareDatetime
    status: str = RUNNING
    """A Status, or one of a newer program."""
    ended_at: AwareDatetime | None = None
    reason: str = ""
    """Why it is no longer running, as a sentence with figures."""

    def having(self, **changes: Any) -> "Experiment":
        """The same experiment with other members."""
        return self.model_copy(update=changes)

    def to_bytes(self) -> bytes:
        """The record as JSON, with the members that this version does not know as they were read."""
        return self.model_dump_json(indent=1).encode()

    @classmethod
    def from_bytes(cls, data: bytes, key: str) -> "Experiment":
        """The experiment of a record under this key. Raises UnreadableExperiment."""
        try:
            return cls.model_validate_json(data)
        except MalformedDocument as error:
            raise UnreadableExperiment(key) from error
