"""What a caller asks of a job that plans a campaign, as the job's record keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from churn_api.jobs.plan import NewerPlan


@dataclass(frozen=True, slots=True)
class Source:
    """The scoring job that a campaign is made of; the job itself may be gone."""

    job: str
    filename: str | None
    model_version: str


class CampaignRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A campaign that is to be planned.

    It is read with every look at the job: measured save rates lie in an object of their own (`paths.rates`).
    """

    name: str
    source: Source
    plan: dict[str, Any]
    """As `churn.campaigns.plans` writes and reads it, with all defaults filled in."""

    place: int | None = None
    """The place of the column that holds the customers' values, from 0, where the plan names one."""

    @property
    def challenger(self) -> str | None:
        """The version of the release by which a second list is made, if one is."""
        version: str | None = (self.plan.get("challenger") or {}).get("release")
        return version

    def to_record(self) -> dict[str, Any]:
        """The options of the job's record."""
        members: dict[str, Any] = msgspec.to_builtins(self)
        return members

    @classmethod
    def from_record(cls, members: Mapping[str, Any]) -> "CampaignRequest":
        """Raises NewerPlan for what only a newer program can have written."""
        try:
            return msgspec.convert(members, cls)
        except msgspec.ValidationError as error:
            raise NewerPlan from error
