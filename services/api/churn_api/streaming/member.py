"""The parts of a member, put together from the settings."""

import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from types import FrameType

from churn.schema import built_in
from churn.store.interface import INTERACTIVE, ObjectStore
from churn.store.opening import open_store, prepare_store
from churn_api.cache.cache import Cache
from churn_api.cache.redis_cache import SharedCache
from churn_api.metrics.field_values import FieldValues
from churn_api.metrics.jobs import RedisJobMetrics
from churn_api.metrics.model import ServingCollector
from churn_api.metrics.registry import Metrics
from churn_api.metrics.shared_counters import SharedCounters
from churn_api.releases.watcher import Releases, watch
from churn_api.streaming.consumer import StreamConsumer
from churn_api.streaming.heartbeat import FILE, Heartbeat
from churn_api.streaming.metrics import StreamMetrics, serve
from churn_api.streaming.outcomes import OutcomeIntake
from churn_api.streaming.scoring import Scoring
from churn_api.streaming.settings import StreamSettings
from churn_api.streaming.source import Source
from churn_api.tracking.buffer import Buffer
from churn_api.tracking.outbox import Outbox
from churn_api.tracking.recorder import Recorder


@dataclass(frozen=True)
class Member:
    """What a member answers with: as the API's processes do it, without what only requests need."""

    settings: StreamSettings
    store: ObjectStore
    releases: Releases
    cache: Cache
    metrics: Metrics
    stream_metrics: StreamMetrics
    counters: SharedCounters
    answered: Buffer
    recorder: Recorder
    field_values: FieldValues
    _ended: Event = field(default_factory=Event)

    def refresh(self) -> None:
        """Look once for a new release and whether the cache answers, and write down what was counted."""
        self.releases.refresh()
        if self.cache.shared:
            self.cache.shared.probe()
        self.field_values.write()

    def watch(self) -> None:
        """Start a thread that calls `refresh` regularly, until `end`, and the one that writes predictions."""
        self.recorder.watch()
        watch(self.releases, self.refresh, self.settings.release_poll_seconds, self._ended)

    def end(self) -> None:
        """Hand over what was answered and counted."""
        self._ended.set()
        self.recorder.end()
        self.field_values.write()

    def consumer(self, source: Source, heartbeat: Heartbeat, stopping: Callable[[], bool]) -> StreamConsumer:
        """The loop over this source."""
        settings = self.settings
        scoring = Scoring(self, settings.stream_predictions, settings.stream_refused)
        count = RedisJobMetrics(settings.queue_url).count_outcomes
        intake = OutcomeIntake(self.store, settings.stream_refused, self._id_name, count)
        return StreamConsumer(
            settings, source, self.releases, scoring, intake, self.stream_metrics, heartbeat, stopping
        )

    def _id_name(self) -> str:
        return (self.releases.schema or built_in("telco")).id


def build(settings: StreamSettings) -> Member:
    """Make the parts from the settings; no connection is opened yet."""
    metrics, stream_metrics = Metrics(), StreamMetrics()
    store = open_store(settings.store_url, INTERACTIVE)
    releases = Releases(store, metrics.release_refused.inc)
    shared = SharedCache(settings.cache_url) if settings.cache_url else None
    cache = Cache(settings.cache, shared, metrics.cache)
    metrics.add(ServingCollector(releases, cache))
    metrics.add(stream_metrics)
    answered, field_values = Buffer(metrics.tracking_lost), FieldValues(settings.queue_url)
    outbox = Outbox(store, metrics.tracking_lost) if settings.tracking == "on" else None
    recorder = Recorder(answered, outbox)
    recorder.observe(field_values.count)
    return Member(
        settings,
        store,
        releases,
        cache,
        metrics,
        stream_metrics,
        SharedCounters(),
        answered,
        recorder,
        field_values,
    )


def run(settings: StreamSettings, open_source: Callable[[StreamSettings, ObjectStore], Source]) -> None:
    """Be a member until SIGTERM or SIGINT. Raises ConfigurationError."""
    stopping = Event()

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    prepare_store(settings.store_url, INTERACTIVE)
    member = build(settings)
    heartbeat = Heartbeat(FILE, member.stream_metrics.consuming)
    source = open_source(settings, member.store)
    serve(member.metrics, settings.stream_metrics_port)
    member.refresh()
    member.watch()
    try:
        member.consumer(source, heartbeat, stopping.is_set).run()
    finally:
        member.end()
