"""The parts of one API process, put together once and handed to whoever needs them."""

from dataclasses import dataclass, field
from threading import Event
from typing import cast

from flask import current_app

from churn.schema import Schema, built_in
from churn.store.interface import INTERACTIVE, ObjectStore
from churn.store.opening import open_store
from churn_api.access_log import AccessLog
from churn_api.alerts.service import AlertChannels, AlertsService
from churn_api.cache.cache import Cache
from churn_api.cache.redis_cache import SharedCache
from churn_api.campaigns.opt_outs import OptOuts
from churn_api.campaigns.previews import Previews, loader
from churn_api.campaigns.repository import CampaignRepository
from churn_api.campaigns.service import CampaignService
from churn_api.campaigns.submission import CampaignSubmissions
from churn_api.celery_queue import CeleryQueue, create_celery
from churn_api.experiments.service import ExperimentsService
from churn_api.health.dependencies import Dependencies
from churn_api.jobs import answers, ids
from churn_api.jobs.lifecycle import Lifecycle
from churn_api.jobs.repository import JobRepository
from churn_api.jobs.service import JobService
from churn_api.jobs.submission import Limits, Submissions
from churn_api.metrics.at_risk import AtRiskCollector
from churn_api.metrics.campaigns import CampaignCollector
from churn_api.metrics.experiments import ShadowCollector
from churn_api.metrics.field_values import FieldValues, FieldValuesCollector
from churn_api.metrics.jobs import JobCollector, RedisJobMetrics
from churn_api.metrics.machine import MachineCollector
from churn_api.metrics.model import ServingCollector
from churn_api.metrics.realised import RealisedCollector
from churn_api.metrics.registry import Metrics, shared_folder
from churn_api.metrics.shared_counters import SharedCounters
from churn_api.metrics.stored import StoredCollector
from churn_api.overview.service import OverviewService
from churn_api.quality.campaign_results import CampaignResults
from churn_api.quality.waiting import QualityService
from churn_api.releases.catalog import Catalog
from churn_api.releases.watcher import Releases, watch
from churn_api.settings import ApiSettings
from churn_api.tracking.buffer import Buffer
from churn_api.tracking.customers import Customers
from churn_api.tracking.outbox import Outbox
from churn_api.tracking.recorder import Recorder


@dataclass(frozen=True)
class CampaignParts:
    """What accepts and previews campaigns and answers for them, and the customers whom none contacts."""

    submissions: CampaignSubmissions
    previews: Previews
    service: CampaignService
    results: CampaignResults
    opt_outs: OptOuts


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
    campaigns: CampaignParts
    customers: Customers
    answered: Buffer
    recorder: Recorder
    field_values: FieldValues
    quality: QualityService
    alerts: AlertsService
    overview: OverviewService
    experiments: ExperimentsService
    stored: tuple[StoredCollector, ...]
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
            for collector in self.stored:
                collector.refresh()

    def watch(self) -> None:
        """Start a thread that calls `refresh` regularly, until `end`, and those that write log and predictions."""
        self.access_log.watch()
        self.recorder.watch()
        watch(self.releases, self.refresh, self.settings.release_poll_seconds, self._ended)

    def end(self) -> None:
        """Let the thread of `watch` that looks end after its current look, and hand over what was answered."""
        self._ended.set()
        self.recorder.end()
        self.field_values.write()


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
    stored = RealisedCollector(store), CampaignCollector(store), AtRiskCollector(store), ShadowCollector(store)
    for collector in (*stored, ServingCollector(releases, cache)):
        metrics.add(collector)
    _add_shared_counts(metrics, settings, releases, checks)
    queue = CeleryQueue(create_celery(settings.queue_url), settings.queue_url)
    answered, field_values = Buffer(metrics.tracking_lost), FieldValues(settings.queue_url)
    recorder = _recorder(settings, store, metrics, answered, field_values)
    tracked = settings.tracking == "on"
    return Service(
        settings,
        store,
        counters,
        metrics,
        releases,
        cache,
        checks,
        Catalog(store),
        *_background(settings, store, queue, releases),
        Customers(store, queue),
        answered,
        recorder,
        field_values,
        QualityService(store, queue, tracked=tracked),
        AlertsService(store, _channels(settings), tracked=tracked),
        OverviewService(store, releases, tracked=tracked),
        ExperimentsService(store, queue, settings.promote, tracked=tracked),
        stored,
    )


def _add_shared_counts(metrics: Metrics, settings: ApiSettings, releases: Releases, checks: Dependencies) -> None:
    """What is true of the machine, and what all workers and processes count together in the queue's Redis."""
    metrics.add(MachineCollector(checks, settings.queue_url, settings.cache_url))
    metrics.add(JobCollector(settings.queue_url))
    metrics.add(FieldValuesCollector(settings.queue_url, releases))


def _background(
    settings: ApiSettings, store: ObjectStore, queue: CeleryQueue, releases: Releases
) -> tuple[Submissions, JobService[answers.Job], JobService[answers.Outcomes], CampaignParts]:
    """What accepts jobs of all kinds, and what answers for those of each."""
    repository = JobRepository(store)
    metrics = RedisJobMetrics(settings.queue_url)
    return (
        Submissions(repository, queue, metrics, _limits(settings)),
        JobService(repository, queue, metrics, ids.JOB, answers.describe_job),
        JobService(repository, queue, metrics, ids.OUTCOMES, answers.describe_outcomes),
        CampaignParts(
            CampaignSubmissions(repository, queue, metrics, _limits(settings)),
            Previews(CampaignRepository(store), loader(store, releases)),
            CampaignService(repository, Lifecycle(repository, queue, metrics), settings.tracking_days),
            CampaignResults(store, queue),
            OptOuts(store),
        ),
    )


def _channels(settings: ApiSettings) -> AlertChannels:
    return AlertChannels(webhook=settings.webhook_url is not None, email=settings.smtp_url is not None)


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
