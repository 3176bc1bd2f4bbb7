"""The keys of a campaign's objects in the store, beside those that tracking reads too (`churn.campaigns.layout`).

What plans a campaign is a job (`churn_api.jobs.paths`); what is kept of it lies here, and lives longer than the job.
"""

from typing import Literal

from churn.campaigns import layout
from churn_api.jobs.ids import CAMPAIGN, complement, of_complement

NEWEST = f"{layout.CAMPAIGNS}newest/"
"""An empty object for each campaign that was planned, the newest first."""

RUNNING = f"{layout.CAMPAIGNS}running.json"
"""The ids of the campaigns that run, changed by compare-and-swap: no customer is in two of them."""

OPT_OUTS = f"{layout.CAMPAIGNS}opt-outs.csv"
"""The customers whom no campaign contacts."""

Arm = Literal["treat", "hold_out"]
ARMS: tuple[Arm, ...] = ("treat", "hold_out")


def members(campaign_id: str, arm: Arm) -> str:
    """The chosen customers of an arm, as `churn_api.campaigns.members` writes them."""
    return f"{layout.folder(campaign_id)}{arm}.members"


def says_who_is_in(campaign_id: str, key: str) -> bool:
    """Whether this is the key of some of its members, or of a table of them."""
    is_table = key.startswith(layout.contacts(campaign_id))
    return is_table or key in [members(campaign_id, arm) for arm in ARMS]


def newest(campaign_id: str) -> str:
    """The campaign's entry in NEWEST."""
    return NEWEST + complement(campaign_id)


def of_newest(key: str) -> str:
    """The campaign's id by an entry of NEWEST."""
    return of_complement(key.removeprefix(NEWEST), CAMPAIGN)
