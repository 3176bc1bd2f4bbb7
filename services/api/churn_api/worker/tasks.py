"""The Celery tasks: each calls one step, and tries again for a while if the store is away."""

import ctypes
import logging
import time
from collections.abc import Callable
from multiprocessing.sharedctypes import RawValue
from typing import Any

from celery import Celery

from churn import logs
from churn.errors import StoreUnavailable
from churn_api.celery_queue import CeleryQueue, TrackingStep
from churn_api.jobs.ids import JOB, kind_of
from churn_api.jobs.queue import Step
from churn_api.settings import ApiSettings
from churn_api.worker.parts import Parts

log = logging.getLogger(__name__)

# Between two tries while the store is away.
_PAUSE_SECONDS = 2.0

# For so long a step is tried. If the store does not give one object alone, other steps can be done meanwhile.
_PATIENCE_SECONDS = 60.0


class Stopping:
    """Whether the worker has been told to stop, for all of its processes.

    There is no lock, which a killed process could keep.
    """

    def __init__(self) -> None:
        self._flag = RawValue(ctypes.c_bool, False)

    def __call__(self) -> bool:
        """Whether `begin` was called, in this process or in another one of the worker."""
        return bool(self._flag.value)

    def begin(self, **_: Any) -> None:
        """Note that the worker has been told to stop; a handler of Celery's signal."""
        self._flag.value = True


def register(celery: Celery, settings: ApiSettings, stopping: Callable[[], bool]) -> None:
    """Register the steps with Celery under the names that the API sends; long ones end early if `stopping` is true."""
    parts = Parts(settings, celery, stopping)
    _register_tracking(celery, parts)

    def do(step: Step, job_id: str, *number: int) -> None:
        logs.request_id.set(job_id)
        if not _patiently(lambda: getattr(parts.steps, step)(job_id, *number), stopping):
            CeleryQueue(celery, settings.queue_url).send_last(step, job_id, *number)

    # Tasks belong to their own application, not to every one of the process.
    @celery.task(name="churn.start", shared=False)
    def start(job_id: str) -> None:
        do("start", job_id)

    @celery.task(name="churn.chunk", shared=False)
    def chunk(job_id: str, number: int) -> None:
        do("chunk", job_id, number)

    @celery.task(name="churn.finish", shared=False)
    def finish(job_id: str) -> None:
        do("finish", job_id)
        if settings.tracking == "on" and kind_of(job_id) == JOB:
            CeleryQueue(celery, settings.queue_url).send_tracking("alerts")

    @celery.task(name="churn.settle", shared=False)
    def settle(job_id: str) -> None:
        do("settle", job_id)

    @celery.task(name="churn.notify", shared=False)
    def notify(job_id: str) -> None:
        """Sent by an older program during an upgrade: announcements have a queue of their own."""
        CeleryQueue(celery, settings.queue_url).send("notify", job_id)


def _register_tracking(celery: Celery, parts: Parts) -> None:
    """Whoever wants what these steps do sends them again, so that they need not wait for the store."""
    steps: dict[TrackingStep, tuple[str, Callable[..., None]]] = {
        "tidy": ("Tidying", lambda: parts.tidying.tidy()),
        "erase": ("Erasing", lambda: parts.erasing.erase()),
        "quality": ("What became of predictions", parts.compute_quality),
        "result": ("What came of a campaign", parts.compute_result),
        "alerts": ("Alerts on customers", parts.alert),
        "experiments": ("What is known of the release in shadow", parts.look_at_experiments),
    }
    for step, (subject, work) in steps.items():
        celery.task(name=f"churn.{step}", shared=False)(_tried_once(step, subject, work))


def _tried_once(step: TrackingStep, subject: str, work: Callable[..., None]) -> Callable[..., None]:
    def task(*arguments: Any) -> None:
        logs.request_id.set(step)
        try:
            work(*arguments)
        except StoreUnavailable as error:
            log.warning("%s waits for the store: %s", subject, error.message)

    return task


def _patiently(step: Callable[[], None], stopping: Callable[[], bool]) -> bool:
    """Do a step, again for _PATIENCE_SECONDS if the store does not answer; returns whether it was done.

    While the whole store is away no other step could be done, and a process that goes on with its step does not count
    as a dead worker.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            step()
        except StoreUnavailable as error:
            log.warning("A step waits for the store: %s", error.message)
        else:
            return True
        if stopping() or time.monotonic() > end:
            return False
        time.sleep(_PAUSE_SECONDS)
