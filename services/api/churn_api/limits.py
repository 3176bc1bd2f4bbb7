"""How much each caller may ask for, and how much of the service may wait for the store.

Limits are those of one process: the callers' rate is divided among the processes, which share incoming connections.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from threading import Condition, Lock
from time import monotonic

from churn_api.errors import TooManyRequests

# Threads of a process; how many of them may work with the store at a time, each upload taking some 20 MB; and how many
# may wait for their turn, which leaves two that predict, whatever the store and those who ask for it do.
THREADS = 24
PLACES = 3
WAITING = THREADS - PLACES - 2
# Seconds that one waits before it is told to come again.
PATIENCE = 10.0

# A burst of this many seconds' worth is let through at once.
BURST_SECONDS = 2.0
# Callers whose last requests are remembered; whoever has been forgotten begins anew, with a full bucket.
CALLERS = 4_096


class Rate:
    """A bucket of tokens for each caller: `per_second` flow in, a request takes one; 0 means no limit."""

    def __init__(self, per_second: float, clock: Callable[[], float] = monotonic) -> None:
        self._rate = per_second
        self._full = max(1.0, per_second * BURST_SECONDS)
        self._clock = clock
        self._lock = Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> None:
        """Raises TooManyRequests, with the seconds after which one more is let through."""
        if not self._rate:
            return
        now = self._clock()
        with self._lock:
            tokens, since = self._buckets.pop(caller, (self._full, now))
            tokens = min(self._full, tokens + (now - since) * self._rate)
            allowed = tokens >= 1
            self._buckets[caller] = (tokens - allowed, now)
            if len(self._buckets) > CALLERS:
                self._buckets.popitem(last=False)
        if not allowed:
            raise TooManyRequests(
                f"This caller may ask {self._rate:g} times a second; for many customers use /batch_predict or /jobs.",
                retry_after=math.ceil((1 - tokens) / self._rate),
            )


class Places:
    """Places for requests that wait for the store, fewer than there are threads: with a store that hangs, or with
    clients who take their time, there is always a thread left that predicts."""

    def __init__(self, places: int, waiting: int = 0, patience: float = PATIENCE) -> None:
        self._free = Condition()
        self._places = places
        self._most_waiting = waiting
        self._patience = patience
        self._taken = self._waiting = 0

    def enter(self) -> None:
        """Take a place, if need be after waiting for one. Raises TooManyRequests when there is none."""
        with self._free:
            if self._taken >= self._places and not self._wait():
                raise TooManyRequests(
                    "Too many requests about jobs and releases are under way; try again in a few seconds.",
                    retry_after=2,
                )
            self._taken += 1

    def _wait(self) -> bool:
        if self._waiting >= self._most_waiting:
            return False
        self._waiting += 1
        try:
            return self._free.wait_for(lambda: self._taken < self._places, self._patience)
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        with self._free:
            self._taken -= 1
            self._free.notify()
