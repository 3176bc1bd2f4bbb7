"""What the steps are made of, in the process that does them.

It is imported and made by the process that works, and never by the one it was forked from: the threads of polars do not
survive a fork.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from celery import Celery

from churn.clock import now
from churn.store.opening import open_store
from churn.tracking.computed import DEFAULT_DAYS
from churn.training import requests
from churn_api.campaigns.repository import CampaignRepository
from churn_api.campaigns.results import compute_result
from churn_api.celery_queue import HOURLY_SECONDS, CeleryQueue
from churn_api.jobs.repository import JobRepository
from churn_api.metrics.jobs import RedisJobMetrics
from churn_api.settings import ApiSettings
from churn_api.worker.channels import channels_of

if TYPE_CHECKING:
    from churn.store.interface import ObjectStore
    from churn_api.alerts.evaluation import Evaluation
    from churn_api.jobs.release_cache import ReleaseCache
    from churn_api.jobs.steps import Steps
    from churn_api.tracking.erasing import Erasing
    from churn_api.tracking.tidying import Tidying


class Parts:
    """Each part is made when it is first asked for; long steps end early if `stopping` is true."""

    def __init__(self, settings: ApiSettings, celery: Celery, stopping: Callable[[], bool]) -> None:
        self._settings, self._celery, self._stopping = settings, celery, stopping

    @cached_property
    def store(self) -> ObjectStore:
        """The store."""
        return open_store(self._settings.store_url)

    @cached_property
    def releases(self) -> ReleaseCache:
        """The releases that were last worked with."""
        from churn_api.jobs.release_cache import ReleaseCache

        return ReleaseCache(self.store)

    @cached_property
    def steps(self) -> Steps:
        """The steps of jobs."""
        from churn_api.campaigns.planning import Planning
        from churn_api.jobs.steps import Steps

        queue, metrics = CeleryQueue(self._celery, self._settings.queue_url), RedisJobMetrics(self._settings.queue_url)
        repository, tracked = JobRepository(self.store), self._settings.tracking == "on"
        planner = Planning(repository, self.releases)
        return Steps(repository, queue, self.releases, metrics, self._stopping, tracked=tracked, planner=planner)

    @cached_property
    def tidying(self) -> Tidying:
        """The tidying of what is tracked."""
        from churn_api.tracking.tidying import Tidying

        return Tidying(self.store, self.releases, self._settings.tracking_days, self._stopping)

    @cached_property
    def erasing(self) -> Erasing:
        """The erasing of customers."""
        from churn_api.tracking.erasing import Erasing

        return Erasing(JobRepository(self.store), self.releases)

    @cached_property
    def alerts(self) -> Evaluation:
        """The search for those to be alerted on."""
        from churn_api.alerts.evaluation import Evaluation
        from churn_api.tracking.turn import turn

        count = RedisJobMetrics(self._settings.queue_url).count_alerts
        repository, channels = JobRepository(self.store), channels_of(self._settings)
        return Evaluation(repository, self.releases, lambda: turn(self.store), channels, count)

    def alert(self) -> None:
        """Look whom to alert on, and have new digests delivered; what is left is a step of its own, behind others."""
        queue = CeleryQueue(self._celery, self._settings.queue_url)
        found = self.alerts.evaluate()
        for digest_id in found.digests:
            queue.send("notify", digest_id)
        if found.more:
            queue.send_tracking("alerts")

    def compute_result(self, campaign_id: str) -> None:
        """Compute what came of a campaign."""
        compute_result(CampaignRepository(self.store), campaign_id)

    def look_at_experiments(self) -> None:
        """Compute what is known of the release in shadow, and do what follows of it."""
        from churn.experiments.evaluation import evaluate

        if evaluate(self.store, now, self._settings.promote):
            # Other steps are done first, which one that hangs would hold up three times as long.
            queue = CeleryQueue(self._celery, self._settings.queue_url)
            queue.send_tracking("experiments", seconds=HOURLY_SECONDS)

    def compute_quality(self, days: int) -> None:
        """Compute the answer of GET /quality for so many days, unless the last one holds; ask for a training if due.

        By the usual number of days alone: each other one would be a further look, and looks have false alarms.
        """
        from churn.tracking.quality import compute

        moment = now()
        retraining = compute(self.store, moment, days)["retraining"]
        if days == DEFAULT_DAYS and retraining["due"]:
            requests.ask(self.store, retraining["reasons"], moment)
