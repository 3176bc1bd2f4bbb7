"""Computing what came of a campaign, which workers do; what the list of campaigns shows of it goes into the record."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from churn_api.campaigns.campaign import Campaign
from churn_api.campaigns.errors import UnknownCampaign
from churn_api.campaigns.repository import CampaignRepository
from churn_api.jobs.errors import UnreadableObject

Json = dict[str, Any]


def compute_result(repository: CampaignRepository, campaign_id: str) -> None:
    """Compute the result of a campaign that was started, unless the last one holds. Raises StoreUnavailable."""
    from churn.campaigns import answer

    with suppress(UnknownCampaign, UnreadableObject):
        if repository.load(campaign_id).started_at is None:
            return
        found = answer.compute(repository.store, repository.clock(), campaign_id)
        if found is not None:
            repository.change(campaign_id, lambda campaign: _with_summary(campaign, found))


def _with_summary(campaign: Campaign, found: Json) -> Campaign:
    """The campaign with what its entry in the list shows of the result; the same object if it shows that already."""
    summary = {name: found[name] for name in ("final", "saved", "money")}
    return campaign if summary == campaign.result else replace(campaign, result=summary)
