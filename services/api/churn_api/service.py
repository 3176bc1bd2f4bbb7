"""The parts of one API process, put together once and handed to whoever needs them."""

import logging
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import cast

from flask import current_app

from churn.store import INTERACTIVE, ObjectStore, open_store
from churn_api.board import Board
from churn_api.cache import Cache
from churn_api.catalog import Catalog
from churn_api.checks import Checks
from churn_api.job_metrics import JobCollector, RedisMeter
from churn_api.jobs.desk import Desk
from churn_api.jobs.ledger import Ledger
from churn_api.jobs.submission import Limits, Submissions
from churn_api.machine_metrics import MachineCollector
from churn_api.metrics import Metrics, shared_folder
from churn_api.queue import CeleryQueue, create_celery
from churn_api.releases import Releases
from churn_api.serving_metrics import ServingCollector
from churn_api.settings import ApiSettings
from churn_api.shared_cache import SharedCache

log = logging.getLogger(__name__)

# How often a process without any release looks for one.
FIRST_RELEASE_SECONDS = 1.0


@dataclass(frozen=True)
class Service:
    """What views work with."""

    settings: ApiSettings
    store: ObjectStore
    board: Board
    metrics: Metrics
    releases: Releases
    cache: Cache
    checks: Checks
    catalog: Catalog
    submissions: Submissions
    desk: Desk
    _ended: Event = field(default_factory=Event)

    def refresh(self) -> None:
        """Look at the release, the cache and the queue once."""
        self.releases.refresh()
        if self.cache.shared:
            self.cache.shared.probe()
        self.checks.refresh()

    def watch(self) -> None:
        """Go on looking in the background until `end`."""
        Thread(target=self._watch, name="watch", daemon=True).start()

    def end(self) -> None:
        self._ended.set()

    def _pause(self) -> float:
        """Seconds until the next look: who waits for the first release is not kept waiting when it is there."""
        pause = self.settings.release_poll_seconds
        return pause if self.releases.ready else min(pause, FIRST_RELEASE_SECONDS)

    def _watch(self) -> None:
        while not self._ended.wait(self._pause()):
            try:
                self.refresh()
            except Exception:  # a watch that ends would leave an old release in service for ever
                log.exception("The watch failed; it goes on.")


def build(settings: ApiSettings) -> Service:
    """Put the parts together; nothing is contacted yet."""
    folder = shared_folder()
    board = Board(folder / "board") if folder else Board()
    metrics = Metrics(board.row)
    store = open_store(settings.store_url, INTERACTIVE)
    releases = Releases(store, metrics.release_refused.inc)
    shared = SharedCache(settings.cache_url) if settings.cache_url else None
    cache = Cache(settings.cache, shared, metrics)
    checks = Checks(releases, cache, settings.queue_url)
    metrics.add(ServingCollector(releases, cache))
    metrics.add(MachineCollector(checks, settings.queue_url, settings.cache_url))
    metrics.add(JobCollector(settings.queue_url))
    ledger, queue = Ledger(store), CeleryQueue(create_celery(settings.queue_url), settings.queue_url)
    meter = RedisMeter(settings.queue_url)
    submissions = Submissions(ledger, queue, meter, _limits(settings))
    desk = Desk(ledger, queue, meter)
    return Service(settings, store, board, metrics, releases, cache, checks, Catalog(store), submissions, desk)


def _limits(settings: ApiSettings) -> Limits:
    return Limits(
        settings.max_upload_mb,
        settings.job_ttl_days,
        announced=settings.webhook_url is not None,
        chunk_bytes=int(settings.job_chunk_mb * 2**20),
    )


def service() -> Service:
    """The parts of the process that answers the request at hand."""
    return cast(Service, current_app.extensions["churn"])
