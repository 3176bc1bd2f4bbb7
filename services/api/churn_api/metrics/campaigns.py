"""How many campaigns are planned, run, and have been closed."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

from prometheus_client.core import GaugeMetricFamily, Metric

from churn.overlap import overlapped
from churn.store.interface import ObjectStore
from churn_api.campaigns.campaign import CLOSED, PLANNED, RUNNING
from churn_api.campaigns.errors import UnknownCampaign
from churn_api.campaigns.repository import CampaignRepository
from churn_api.jobs.errors import UnreadableObject
from churn_api.metrics.stored import StoredCollector

STATUSES = (PLANNED, RUNNING, CLOSED)

_READ_AT_ONCE = 8


class CampaignCollector(StoredCollector):
    """Gauges of the campaigns by their state."""

    def __init__(self, store: ObjectStore, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(store, clock)
        self._repository = CampaignRepository(store)
        self._status: dict[str, str] = {}

    def _read(self) -> None:
        there = list(self._repository.newest())
        calls = (partial(self._now, campaign_id) for campaign_id in there)
        self._status = dict(zip(there, overlapped(calls, _READ_AT_ONCE), strict=True))

    def _now(self, campaign_id: str) -> str:
        """The state; a campaign that is closed stays so, and is not read again."""
        if self._status.get(campaign_id) == CLOSED:
            return CLOSED
        try:
            return self._repository.load(campaign_id).status
        except (UnknownCampaign, UnreadableObject):
            return ""  # gone, or as good as gone

    def collect(self) -> Iterator[Metric]:
        """A gauge for each state."""
        family = GaugeMetricFamily("churn_campaigns", "Campaigns by their state.", labels=("status",))
        counts = Counter(self._status.values())
        for status in STATUSES:
            family.add_metric([status], counts[status])
        yield family
