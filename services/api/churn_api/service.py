"""The parts of one API process, put together once and handed to whoever needs them."""

import logging
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import cast

from flask import current_app

from churn.schema import Schema, built_in
from churn.store.interface import INTERACTIVE, ObjectStore
from churn.store.opening import open_store
from churn_api.access_log import AccessLog
from churn_api.cache.cache import Cache
from churn_api.cache.redis_cache import SharedCache
from churn_api.celery_queue import CeleryQueue, create_celery
from churn_api.health.dependencies import Dependencies
from churn_api.jobs import answers, ids
from churn_api.jobs.repository import JobRepository
from churn_api.jobs.service import JobService
from churn_api.jobs.submission import Limits, Submissions
from churn_api.metrics.field_values import FieldValues, FieldValuesCollector
from churn_api.metrics.jobs import JobCollector, RedisJobMetrics
from churn_api.metrics.machine import MachineCollector
from churn_api.metrics.model import ServingCollector
from churn_api.metrics.realised import RealisedCollector
from churn_api.metrics.registry import Metrics, shared_folder
from churn_api.metrics.shared_counters import SharedCounters
from churn_api.quality.waiting import QualityService
from churn_api.releases.catalog import Catalog
from churn_api.releases.watcher import Releases
from churn_api.settings import ApiSettings
from churn_api.tracking.buffer import Buffer
from churn_api.tracking.customers import Customers
from churn_api.tracking.outbox import Outbox
from churn_api.tracking.recorder import Recorder

log = logging.getLogger(__name__)

# Seconds between two looks for a release while there is none.
FIRST_RELEASE_SECONDS = 1.0


@dataclass(frozen=True)
class Service:
    """The parts of the API's process that views work with."""

    settings: ApiSettings
    store: ObjectStore
    counters: SharedCounters
    metrics: Metrics
    releases: Releases
    cache: Cache
    checks: Dependencies
    catalog: Catalog
    submissions: Submissions
    jobs: JobService[answers.Job]
    outcomes: JobService[answers.Outcomes]
    customers: Customers
    answered: Buffer
    recorder: Recorder
    field_values: FieldValues
    quality: QualityService
    realised: RealisedCollector
    access_log: AccessLog = field(default_factory=AccessLog)
    _ended: Event = field(default_factory=Event)

    @property
    def schema(self) -> Schema:
        """The schema of the release in service; before there is one, the shipped schema."""
        return self.releases.schema or built_in("telco")

    def refresh(self) -> None:
        """Look once for a new release, check the cache and the queue, and write down what was counted."""
        self.releases.refresh()
        if self.cache.shared:
            self.cache.shared.probe()
        self.checks.refresh()
        self.field_values.write()
        if self.releases.ready:
            self.realised.refresh()

    def watch(self) -> None:
        """Start a thread that calls `refresh` regularly, until `end`, and those that write log and predictions."""
        self.access_log.watch()
        self.recorder.watch()
        Thread(target=self._watch, name="watch", daemon=True).start()

    def end(self) -> None:
        """Let the thread of `watch` that looks end after its current look, and hand over what was answered."""
        self._ended.set()
        self.recorder.end()
        self.field_values.write()

    def _pause(self) -> float:
        """Seconds until the next look: fewer while there is no release, so that the first one soon serves."""
        pause = self.settings.release_poll_seconds
        return pause if self.releases.ready else min(pause, FIRST_RELEASE_SECONDS)

    def _watch(self) -> None:
        while not self._ended.wait(self._pause()):
            try:
                self.refresh()
            except Exception:  # if the thread ended, an old release would stay in service for ever
                log.exception("The watch failed; it goes on.")


def build(settings: ApiSettings) -> Service:
    """Make the parts from the settings; no connection is opened yet."""
    folder = shared_folder()
    counters = SharedCounters(folder / "board") if folder else SharedCounters()
    metrics = Metrics(counters.row)
    store = open_store(settings.store_url, INTERACTIVE)
    releases = Releases(store, metrics.release_refused.inc)
    shared = SharedCache(settings.cache_url) if settings.cache_url else None
    cache = Cache(settings.cache, shared, metrics.cache)
    checks = Dependencies(releases, cache, settings.queue_url)
    realised = RealisedCollector(store)
    metrics.add(realised)
    metrics.add(ServingCollector(releases, cache))
    metrics.add(MachineCollector(checks, settings.queue_url, settings.cache_url))
    metrics.add(JobCollector(settings.queue_url))
    metrics.add(FieldValuesCollector(settings.queue_url, releases))
    queue = CeleryQueue(create_celery(settings.queue_url), settings.queue_url)
    submissions, jobs, outcomes = _background(settings, store, queue)
    answered, field_values = Buffer(metrics.tracking_lost), FieldValues(settings.queue_url)
    recorder = _recorder(settings, store, metrics, answered, field_values)
    quality = QualityService(store, queue, tracked=settings.tracking == "on")
    return Service(
        settings,
        store,
        counters,
        metrics,
        releases,
        cache,
        checks,
        Catalog(store),
        submissions,
        jobs,
        outcomes,
        Customers(store, queue),
        answered,
        recorder,
        field_values,
        quality,
        realised,
    )


def _background(
    settings: ApiSettings, store: ObjectStore, queue: CeleryQueue
) -> tuple[Submissions, JobService[answers.Job], JobService[answers.Outcomes]]:
    """What accepts jobs of all kinds, and what answers for those of each."""
    repository = JobRepository(store)
    metrics = RedisJobMetrics(settings.queue_url)
    return (
        Submissions(repository, queue, metrics, _limits(settings)),
        JobService(repository, queue, metrics, ids.JOB, answers.describe_job),
        JobService(repository, queue, metrics, ids.OUTCOMES, answers.describe_outcomes),
    )


def _recorder(
    settings: ApiSettings, store: ObjectStore, metrics: Metrics, answered: Buffer, field_values: FieldValues
) -> Recorder:
    outbox = Outbox(store, metrics.tracking_lost) if settings.tracking == "on" else None
    recorder = Recorder(answered, outbox)
    recorder.observe(field_values.count)
    return recorder


def _limits(settings: ApiSettings) -> Limits:
    return Limits(
        settings.max_upload_mb,
        settings.job_ttl_days,
        announced=settings.webhook_url is not None,
        chunk_bytes=int(settings.job_chunk_mb * 2**20),
    )


def service() -> Service:
    """The parts of the process that answers the current request."""
    return cast(Service, current_app.extensions["churn"])
