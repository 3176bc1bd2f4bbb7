"""What the steps are made of, in the process that does them.

It is imported and made by the process that works, and never by the one it was forked from: the threads of polars do not
survive a fork.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from celery import Celery

from churn.store.opening import open_store
from churn_api.celery_queue import CeleryQueue
from churn_api.jobs.repository import JobRepository
from churn_api.metrics.jobs import RedisJobMetrics
from churn_api.settings import ApiSettings

if TYPE_CHECKING:
    from churn.store.interface import ObjectStore
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
        from churn_api.jobs.steps import Steps

        queue, metrics = CeleryQueue(self._celery, self._settings.queue_url), RedisJobMetrics(self._settings.queue_url)
        repository, tracked = JobRepository(self.store), self._settings.tracking == "on"
        return Steps(repository, queue, self.releases, metrics, self._stopping, tracked=tracked)

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

    def compute_quality(self, days: int) -> None:
        """Compute the answer of GET /quality for so many days, unless the last one holds."""
        from churn.tracking.quality import compute

        compute(self.store, datetime.now(UTC), days)
