"""The Celery tasks: each calls one step, and tries again as long as the store is away."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from celery import Celery, Task

from churn import logs
from churn.errors import StoreUnavailable
from churn.store.opening import open_store
from churn_api.celery_queue import CeleryQueue
from churn_api.jobs.queue import Delivery
from churn_api.jobs.repository import JobRepository
from churn_api.jobs.webhook import Webhook
from churn_api.metrics.jobs import RedisJobMetrics
from churn_api.settings import ApiSettings

if TYPE_CHECKING:
    from churn_api.jobs.steps import Steps

# Tasks belong to their own application, not to every one of the process.
_OWN: dict[str, Any] = {"shared": False}

# A try that follows another is the same attempt at a step; one that ended because the store is away would count as the
# worker's death, and three of those fail a job.
_RETRIES: dict[str, Any] = _OWN | {
    "autoretry_for": (StoreUnavailable,),
    "max_retries": None,
    "retry_backoff": 1,
    "retry_backoff_max": 15,
    "retry_jitter": True,
}


def register(celery: Celery, settings: ApiSettings) -> None:
    """Make the steps known to Celery under the names that the API sends."""

    @cache
    def repository() -> JobRepository:
        return JobRepository(open_store(settings.store_url))

    @cache
    def steps() -> Steps:
        # Imported and made by the process that works, and never by the one it was forked from: the threads of polars
        # do not survive a fork.
        from churn_api.jobs.release_cache import ReleaseCache
        from churn_api.jobs.steps import Steps

        queue, metrics = CeleryQueue(celery, settings.queue_url), RedisJobMetrics(settings.queue_url)
        return Steps(repository(), queue, ReleaseCache(repository().store), metrics)

    @celery.task(name="churn.start", **_RETRIES)
    def start(job_id: str) -> None:
        logs.request_id.set(job_id)
        steps().start(job_id)

    @celery.task(name="churn.chunk", bind=True, **_RETRIES)
    def chunk(self: Task[..., None], job_id: str, number: int) -> None:
        logs.request_id.set(job_id)
        steps().chunk(job_id, number, _delivery(self))

    @celery.task(name="churn.finish", bind=True, **_RETRIES)
    def finish(self: Task[..., None], job_id: str) -> None:
        logs.request_id.set(job_id)
        steps().finish(job_id, _delivery(self))

    @celery.task(name="churn.settle", **_RETRIES)
    def settle(job_id: str) -> None:
        logs.request_id.set(job_id)
        steps().settle(job_id)

    @celery.task(name="churn.notify", **_OWN)
    def notify(job_id: str) -> None:
        """Sent by an older program during an upgrade: announcements have a queue of their own."""
        CeleryQueue(celery, settings.queue_url).send("notify", job_id)


def announcer(settings: ApiSettings) -> Webhook | None:
    """Where the ends of jobs are announced, if anywhere."""
    if settings.webhook_url is None or settings.webhook_secret is None:
        return None
    secret = settings.webhook_secret.get_secret_value()
    return Webhook(settings.webhook_url, secret, allow_private=settings.webhook_allow_private)


def _delivery(task: Task[..., None]) -> Delivery:
    return Delivery(str(task.request.id), task.request.retries or 0)
