"""The worker: Celery with the tasks, the sweep in a thread of its parent process, and a sign of life."""

import logging
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

from celery import Celery, bootsteps, signals

from churn import logs
from churn.errors import StoreUnavailable
from churn.store import open_store, prepare_store
from churn_api import tasks
from churn_api.job_metrics import RedisMeter
from churn_api.jobs.ledger import Ledger
from churn_api.jobs.sweep import Sweeper
from churn_api.lives import Life
from churn_api.queue import CeleryQueue, create_celery
from churn_api.settings import ApiSettings

log = logging.getLogger(__name__)

# Touched while the worker is connected to its queue; the container's health check looks at its age.
HEARTBEAT = Path(tempfile.gettempdir()) / "worker-heartbeat"
_HEARTBEAT_SECONDS = 5.0


def create_worker(settings: ApiSettings) -> Celery:
    """The Celery application of a worker process."""
    prepare_store(settings.store_url)
    # Whoever answers this signal keeps Celery from configuring the logs itself, in each process that it forks too.
    signals.setup_logging.connect(lambda **_: logs.configure(settings, "worker"), weak=False)
    celery = create_celery(settings.queue_url, settings.worker_concurrency)
    tasks.register(celery, settings)
    celery.steps["consumer"].add(Heartbeat)
    sweeping = Sweeping(settings, celery)
    signals.worker_ready.connect(sweeping.begin, weak=False)
    signals.worker_shutting_down.connect(sweeping.end, weak=False)
    life = Life(settings.queue_url)
    signals.worker_ready.connect(life.begin, weak=False)
    signals.worker_shutting_down.connect(life.end, weak=False)
    return celery


class Heartbeat(bootsteps.StartStopStep):
    """Touches a file while the worker is connected to its queue: Celery stops this step when it is not."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        HEARTBEAT.touch()
        self._timer = parent.timer.call_repeatedly(_HEARTBEAT_SECONDS, HEARTBEAT.touch, priority=10)

    def stop(self, parent: Any) -> None:  # noqa: ARG002
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Sweeping:
    """A thread that sweeps until the worker shuts down."""

    def __init__(self, settings: ApiSettings, celery: Celery) -> None:
        self._settings = settings
        self._celery = celery
        self._over = Event()

    def begin(self, **_: Any) -> None:
        Thread(target=self._run, name="sweep", daemon=True).start()

    def end(self, **_: Any) -> None:
        self._over.set()

    def _run(self) -> None:
        settings = self._settings
        queue, meter = CeleryQueue(self._celery, settings.queue_url), RedisMeter(settings.queue_url)
        period = settings.sweep_seconds
        sweeper = Sweeper(Ledger(open_store(settings.store_url)), queue, meter, grace=timedelta(seconds=period))
        _again(sweeper.sweep)
        while not self._over.wait(period):
            _again(sweeper.sweep)


def _again(sweep: Callable[[], None]) -> None:
    try:
        sweep()
    except StoreUnavailable as error:
        log.warning("The sweep waits for the store: %s", error.message)
    except Exception:  # a sweep that ends would leave lost jobs unfinished for ever
        log.exception("The sweep failed; it goes on.")
