"""Waiting for a worker to compute what came of a campaign."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from churn.campaigns import computed, started
from churn.store.interface import ObjectStore
from churn_api.campaigns.errors import CampaignConflict, UnknownCampaign
from churn_api.campaigns.repository import CampaignRepository
from churn_api.celery_queue import CeleryQueue
from churn_api.jobs.errors import UnknownJob
from churn_api.jobs.repository import JobRepository
from churn_api.quality.waiting import Waiting


class CampaignResults:
    """The answers of GET /campaigns/<id>/result."""

    def __init__(self, store: ObjectStore, queue: CeleryQueue, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self._campaigns, self._jobs = CampaignRepository(store), JobRepository(store)
        self._waiting = Waiting(queue, "What came of the campaign", pause)

    def answer(self, campaign_id: str) -> dict[str, Any]:
        """The result, computed anew unless the last one holds.

        Raises UnknownCampaign, CampaignConflict before the start, NotComputedYet and StoreUnavailable.
        """
        campaign = self._started(campaign_id)
        held = computed.load(self._store, campaign_id)
        if held and held.holds(self._store, campaign, datetime.now(UTC)):
            return held.answer
        return self._waiting.newer(held, lambda: self._last(campaign_id), "result", campaign_id)

    def _last(self, campaign_id: str) -> computed.Computed | None:
        self._campaigns.load(campaign_id)  # it may have been deleted meanwhile
        return computed.load(self._store, campaign_id)

    def _started(self, campaign_id: str) -> started.Started:
        try:
            self._campaigns.load(campaign_id)
        except UnknownCampaign:
            if self._is_planned_for(campaign_id):
                raise CampaignConflict(f"Campaign {campaign_id} is not planned yet; start it then.") from None
            raise
        campaign = started.load(self._store, campaign_id)
        if campaign is None:
            raise CampaignConflict(
                f"Campaign {campaign_id} has no result before its start: POST /campaigns/{campaign_id}/start, treat "
                "the customers of its list, and send what became of all of them to POST /outcomes."
            )
        return campaign

    def _is_planned_for(self, campaign_id: str) -> bool:
        try:
            return not self._jobs.load(campaign_id).finished
        except UnknownJob:
            return False
