"""What gauges of the store's objects have in common: reading them now and then, and never while somebody scrapes."""

import time
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress

from prometheus_client.registry import Collector

from churn.errors import StoreUnavailable
from churn.store.interface import ObjectStore


class StoredCollector(Collector):
    """Gauges from what `refresh` has read: a scrape never waits for the store."""

    seconds = 60.0
    """Between two looks at the store, at least."""

    def __init__(self, store: ObjectStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._due = float("-inf")

    def refresh(self) -> None:
        """Read anew, at most once in `seconds`; what was read stays while the store is away."""
        if self._clock() < self._due:
            return
        self._due = self._clock() + self.seconds
        with suppress(StoreUnavailable):
            self._read()

    @abstractmethod
    def _read(self) -> None:
        """Read what the gauges show. Raises StoreUnavailable, and has changed nothing then."""
