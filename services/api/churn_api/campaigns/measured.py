"""The save rates that earlier campaigns have measured."""

import logging
from typing import Any

from churn.campaigns import layout
from churn.campaigns.save_rates import from_json
from churn.errors import ObjectNotFound
from churn_api.campaigns.campaign import Campaign
from churn_api.campaigns.errors import UnknownCampaign
from churn_api.campaigns.repository import CampaignRepository
from churn_api.jobs.errors import UnreadableObject
from churn_api.jobs.stored_json import decoded

log = logging.getLogger(__name__)


def measured(campaigns: CampaignRepository, offer: str, campaign_id: str | None = None) -> dict[str, Any] | None:
    """What a closed campaign measured of the offer of this name, as `churn.campaigns.save_rates` writes it.

    It is that campaign's, or that of the one which was closed last of those that have measured it. None if none has.
    """
    those = campaigns.measured() if campaign_id is None else _named(campaigns, campaign_id)
    closed = [campaign for campaign in those if campaign.closed_at is not None]
    for campaign in sorted(closed, key=lambda each: str(each.closed_at), reverse=True):
        found = _rates(campaigns, campaign.id).get(offer)
        if isinstance(found, dict) and _is_rate(found, campaign.id):
            return found
    return None


def _named(campaigns: CampaignRepository, campaign_id: str) -> list[Campaign]:
    try:
        return [campaigns.load(campaign_id)]
    except (UnknownCampaign, UnreadableObject):
        return []


def _is_rate(held: dict[str, Any], campaign_id: str) -> bool:
    """Whether plans can be made with what is held: what a newer program wrote, or a slip of the hand, may be none."""
    try:
        from_json(held)
    except (ValueError, KeyError, TypeError) as error:
        log.error("%s is passed over; delete it, and it is measured again: %r", layout.save_rates(campaign_id), error)
        return False
    return True


def _rates(campaigns: CampaignRepository, campaign_id: str) -> dict[str, Any]:
    key = layout.save_rates(campaign_id)
    try:
        return decoded(campaigns.store.get(key).data, key)
    except (ObjectNotFound, UnreadableObject):
        return {}
