"""The worker: Celery with the tasks and a heartbeat; sweep and announcements in threads of its parent process."""

import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import redis
from celery import Celery, signals

from churn import logs
from churn.alerts import layout as alerts
from churn.clock import now
from churn.errors import StoreUnavailable
from churn.store.interface import ObjectStore
from churn.store.opening import open_store, prepare_store
from churn.tracking import erasure
from churn.tracking.computed import DEFAULT_DAYS
from churn_api.alerts.delivery import due_digests
from churn_api.campaigns.repository import CampaignRepository
from churn_api.celery_queue import HOURLY_SECONDS, CeleryQueue, create_celery
from churn_api.jobs.notifications import announce
from churn_api.jobs.recovery import Sweeper
from churn_api.jobs.repository import JobRepository
from churn_api.metrics.jobs import RedisJobMetrics
from churn_api.settings import ApiSettings
from churn_api.worker import tasks
from churn_api.worker.channels import announcer, deliveries
from churn_api.worker.heartbeat import Heartbeat

log = logging.getLogger(__name__)

# How long a thread waits that finds the queue away.
_AWAY_SECONDS = 5.0
# Between two tidyings of what is tracked: seconds and sweeps at least, and seconds while tracking is off.
_TIDY_SECONDS, _TIDY_SWEEPS = 60, 6
_TIDY_SECONDS_OFF = 3600
# Between two looks for digests of alerts that are to be delivered, at least.
_DIGEST_SECONDS = 10
# Of the pause between two sweeps.
_JITTER = 0.75, 1.25


def create_worker(settings: ApiSettings) -> Celery:
    """The Celery application of a worker process."""
    prepare_store(settings.store_url)
    # Whoever answers this signal keeps Celery from configuring the logs itself, in each process that it forks too.
    signals.setup_logging.connect(lambda **_: logs.configure(settings, "worker"), weak=False)
    celery = create_celery(settings.queue_url, settings.worker_concurrency)
    stopping = tasks.Stopping()
    signals.worker_shutting_down.connect(stopping.begin, weak=False)
    tasks.register(celery, settings, stopping)
    celery.steps["consumer"].add(Heartbeat)
    sweeping = Sweeping(settings, celery)
    signals.worker_ready.connect(sweeping.begin, weak=False)
    signals.worker_shutting_down.connect(sweeping.end, weak=False)
    announcing = Announcing(settings, celery)
    signals.worker_ready.connect(announcing.begin, weak=False)
    signals.worker_shutting_down.connect(announcing.end, weak=False)
    return celery


class _Thread(ABC):
    """Work of the parent process that is done again and again until the worker shuts down."""

    name: str

    def __init__(self, settings: ApiSettings, celery: Celery) -> None:
        self._settings = settings
        self._queue = CeleryQueue(celery, settings.queue_url)
        self._over = Event()

    def begin(self, **_: Any) -> None:
        Thread(target=self._run, name=self.name, daemon=True).start()

    def end(self, **_: Any) -> None:
        self._over.set()

    @abstractmethod
    def _run(self) -> None:
        """Work until `_over` is set."""

    def _again(self, work: Callable[[], None]) -> None:
        try:
            work()
        except StoreUnavailable as error:
            log.warning("The %s thread waits for the store: %s", self.name, error.message)
        except redis.RedisError as error:
            log.warning("The %s thread waits for the queue (%s).", self.name, type(error).__name__)
            self._over.wait(_AWAY_SECONDS)
        except Exception:  # a thread that ends would leave lost jobs unfinished, or ends unannounced, for ever
            log.exception("The %s thread met what nobody foresaw; it goes on.", self.name)


class Sweeping(_Thread):
    """Sweeps, and now and then has a worker tidy.

    Workers that were started together part ways, so that they do not all look at the same moment.
    """

    name = "sweep"

    def _run(self) -> None:
        settings = self._settings
        repository = JobRepository(open_store(settings.store_url))
        period = settings.sweep_seconds
        sweeper = Sweeper(repository, self._queue, RedisJobMetrics(settings.queue_url), grace=timedelta(seconds=period))
        self._again(sweeper.sweep)
        while not self._over.wait(period * random.uniform(*_JITTER)):  # noqa: S311 - nobody gains by guessing it
            self._again(sweeper.sweep)
            self._again(self._have_tidied)
            self._again(lambda: self._have_judged(repository.store))
            self._again(lambda: self._have_erased(repository.store))
            self._again(lambda: self._have_alerted(repository.store))

    def _have_tidied(self) -> None:
        # Whoever sweeps seldom, since S3 charges for each request, tidies seldom as well. What was tracked before
        # tracking was switched off still gets too old.
        often = max(_TIDY_SECONDS, round(_TIDY_SWEEPS * self._settings.sweep_seconds))
        seconds = often if self._settings.tracking == "on" else _TIDY_SECONDS_OFF
        if self._queue.is_first("tidy", seconds):
            self._queue.send_tracking("tidy")

    def _have_judged(self, store: ObjectStore) -> None:
        """For the metrics: whoever looks at what became of predictions has it computed then.

        The save rates of a campaign are to be learned also where nobody looks at its result: of each by a step of its
        own, so that no worker is held up by all of them, and none by what is wrong with another.
        """
        if self._settings.tracking == "on" and self._queue.is_first("quality", HOURLY_SECONDS):
            # Each waits for those before it, which may take minutes.
            self._queue.send_tracking("quality", DEFAULT_DAYS, seconds=HOURLY_SECONDS)
            self._queue.send_tracking("experiments", seconds=HOURLY_SECONDS)
            for campaign_id in CampaignRepository(store).newest():
                if not self._queue.send_tracking("result", campaign_id, seconds=HOURLY_SECONDS):
                    break

    def _have_erased(self, store: ObjectStore) -> None:
        """An erasure that was asked for is sent once by who asks; what was lost, or waits for a job, again."""
        if self._queue.is_first("erase", _TIDY_SECONDS) and erasure.is_any_under_way(store):
            self._queue.send_tracking("erase")

    def _have_alerted(self, store: ObjectStore) -> None:
        """What was sent when a job ended, or a digest was made, may be lost; a digest may have to be tried again."""
        if self._queue.is_first("alerts", _TIDY_SECONDS) and any(store.list(alerts.DUE, limit=1)):
            self._queue.send_tracking("alerts")
        if self._queue.is_first("digests", max(_DIGEST_SECONDS, round(self._settings.sweep_seconds))):
            for digest_id in due_digests(store, now()):
                self._queue.send("notify", digest_id)


class Announcing(_Thread):
    """Announces the ends of jobs and delivers digests of alerts, one after the other, beside all scoring."""

    name = "announcements"

    def _run(self) -> None:
        repository = JobRepository(open_store(self._settings.store_url))
        receiver, digests = announcer(self._settings), deliveries(self._settings, repository.store)

        def announce_next() -> None:
            name = self._queue.next_announcement()
            if name is not None and name.startswith(alerts.DIGEST):
                digests.deliver(name)
            elif name is not None:
                announce(repository, receiver, name)

        while not self._over.is_set():
            self._again(announce_next)
