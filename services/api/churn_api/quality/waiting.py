"""Waiting for a worker to compute what became of predictions, or of a campaign."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import BoundedSemaphore
from typing import Any, Protocol

from churn.errors import ChurnError
from churn.store.interface import ObjectStore
from churn.tracking import computed
from churn.tracking.computed import SETTLING_DAYS
from churn_api.celery_queue import CeleryQueue, TrackingStep

# Less than a proxy waits for an answer.
PATIENCE_SECONDS = 20.0
_PAUSE_SECONDS = 0.25

# Requests of a process that wait at a time; the other threads are for predictions.
_MOST_WAITING = 4

OFF = (
    "Predictions are not tracked, so nothing can be said of what became of them. Set CHURN_TRACKING=on for the API and "
    "the workers."
)
_COUNTS = ("rows", "customers", "duplicates", "corrections", "contradictions", "unknown", "before")


class NotComputedYet(ChurnError):
    """No worker has computed the answer in time."""

    status = 503

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(f"{subject} is being computed ({reason}); ask again in a few seconds.")


class Computed(Protocol):
    """What a worker computed."""

    @property
    def answer(self) -> dict[str, Any]:
        """What is answered."""


class Waiting:
    """Waits for answers that workers compute; a few requests of a process do at a time."""

    def __init__(self, queue: CeleryQueue, subject: str, pause: Callable[[float], None] = time.sleep) -> None:
        """`subject` is what sentences say is being computed."""
        self._queue, self._subject, self._pause = queue, subject, pause
        self._turns = BoundedSemaphore(_MOST_WAITING)

    def newer(
        self, held: Computed | None, load: Callable[[], Computed | None], step: TrackingStep, *arguments: Any
    ) -> dict[str, Any]:
        """What a worker computes by this step, once it is another than what is held; `load` reads the last.

        Raises NotComputedYet and StoreUnavailable.
        """
        if not self._turns.acquire(blocking=False):
            raise NotComputedYet(self._subject, "others wait for it already")
        try:
            return self._newer(held, load, step, *arguments)
        finally:
            self._turns.release()

    def _newer(
        self, held: Computed | None, load: Callable[[], Computed | None], step: TrackingStep, *arguments: Any
    ) -> dict[str, Any]:
        if not self._queue.send_tracking(step, *arguments):
            if held:
                return held.answer
            raise NotComputedYet(self._subject, "the queue is away")
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            self._pause(_PAUSE_SECONDS)
            found = load()
            if found and found != held:
                return found.answer
        raise NotComputedYet(self._subject, "the workers are busy")


class QualityService:
    """The answers of GET /quality; `tracked` is whether anything is tracked."""

    def __init__(
        self, store: ObjectStore, queue: CeleryQueue, *, tracked: bool, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._store, self._tracked = store, tracked
        self._waiting = Waiting(queue, "What became of the predictions", pause)

    def answer(self, days: int) -> dict[str, Any]:
        """The answer for so many days, computed anew unless the last one holds.

        Raises NotComputedYet and StoreUnavailable.
        """
        if not self._tracked:
            return _off(days)
        held = computed.load(self._store, days)
        if held and held.holds(self._store, datetime.now(UTC)):
            return held.answer
        return self._waiting.newer(held, lambda: computed.load(self._store, days), "quality", days)


def _off(days: int) -> dict[str, Any]:
    return {
        "success": True,
        "computed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "days": days,
        "tracking": "off",
        "settling_days": SETTLING_DAYS,
        "words": [OFF],
        "next_ripe": None,
        "outcomes": dict.fromkeys(_COUNTS, 0),
        "releases": [],
        "data": [],
        "retraining": {"due": False, "reasons": [], "next": None},
    }
