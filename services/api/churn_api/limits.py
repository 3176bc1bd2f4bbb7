"""How much each caller may ask for, and how much of the service may wait for the store."""

import fcntl
import math
import mmap
from collections import Counter
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from struct import Struct
from threading import Condition, Lock
from time import monotonic
from typing import Any

from churn_api.errors import TooManyRequests

# A burst of this many seconds' worth is let through at once.
BURST_SECONDS = 2.0

# A row is the beginning of a key's digest, and the moment at which its bucket is full again.
_ROW = Struct("8sd")
# Keys whose buckets are remembered; a bucket that is full again gives its row to another key.
ROWS = 4_096
# As many rows are looked at for a key's own; should all be others' and in use, the key goes unlimited.
_LOOKED_AT = 64


class TokenBuckets:
    """A bucket of tokens for each key: `per_second` flow in, a request takes one; 0 means no limit.

    The buckets are in memory that all processes of the service share, at `path`, so that the limit is one over all of
    them; without a path they are this process's own. The clock must be the same for all, as the system's is.
    """

    def __init__(self, per_second: float, path: Path | None = None, clock: Callable[[], float] = monotonic) -> None:
        self._rate = per_second
        self._burst = max(1.0, per_second * BURST_SECONDS)
        self._clock = clock
        self._lock = Lock()
        self._file: Any = None
        if path is None:
            self._rows = mmap.mmap(-1, ROWS * _ROW.size)
        else:
            self._file = path.open("a+b")
            self._file.truncate(ROWS * _ROW.size)
            self._rows = mmap.mmap(self._file.fileno(), ROWS * _ROW.size)

    def take(self, digest: bytes) -> None:
        """Raises TooManyRequests, with the seconds after which one more is let through."""
        if not self._rate:
            return
        with self._lock:
            if self._file:  # the system lets go of the lock of a process that ends
                fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                late = self._take(digest[:8], self._clock())
            finally:
                if self._file:
                    fcntl.lockf(self._file, fcntl.LOCK_UN)
        if late > 0:
            raise TooManyRequests(
                f"This key may ask {self._rate:g} times a second; for many customers use /batch_predict or /jobs.",
                retry_after=math.ceil(late),
            )

    def _take(self, name: bytes, now: float) -> float:
        """Take a token; the seconds until there is one, if there is none (the generic cell rate algorithm)."""
        place = self._place(name, now)
        if place is None:
            return 0.0
        held, full_at = _ROW.unpack_from(self._rows, place)
        full_at = max(now, full_at if held == name else now) + 1 / self._rate
        # A hair's breadth for sums of fractions, which are not exact.
        late: float = full_at - now - self._burst / self._rate - 1e-9
        if late <= 0:
            _ROW.pack_into(self._rows, place, name, full_at)
        return late

    def _place(self, name: bytes, now: float) -> int | None:
        """Where the key's row is, or else where one is free."""
        free = None
        first = int.from_bytes(name, "big")
        for step in range(_LOOKED_AT):
            place = (first + step) % ROWS * _ROW.size
            held, full_at = _ROW.unpack_from(self._rows, place)
            if held == name:
                return place
            if free is None and full_at <= now:
                free = place
            if held == bytes(8):  # nobody's so far, so nothing stands behind it
                break
        return free


class Pace(Enum):
    """What a request waits for: an answer of the store, or a body that goes to or comes from a client as well."""

    QUICK = "quick"
    BODIES = "bodies"


# The most threads of a process that answer whole requests, and that read what is still arriving; made as needed.
THREADS, READING_THREADS = 40, 26
# How many requests may work with the store at a time, each upload taking some 20 MB; and how many may wait for their
# turn, a crowd of twenty among them. Of the threads that answer seven are left to predict, of those that read four.
AT_A_TIME = {Pace.QUICK: 4, Pace.BODIES: 3}
WAITING = {Pace.QUICK: 7, Pace.BODIES: 19}
# Seconds that one waits before it is told to come again.
PATIENCE = 10.0


class ConcurrencyLimit:
    """A semaphore with a bounded line of those who wait: with a store that hangs, or with clients who take their time,
    there is always a thread left that predicts.

    Of several places a caller has at most two thirds, and in the line all but one, so that no caller keeps out the
    others; without API keys all are one caller, and nobody is kept from anything."""

    def __init__(self, at_a_time: int, waiting: int = 0, patience: float = PATIENCE) -> None:
        self._free = Condition()
        self._at_a_time = at_a_time
        self._most_waiting = waiting
        self._patience = patience
        self._taken: Counter[str | None] = Counter()
        self._waiting: Counter[str | None] = Counter()

    def enter(self, caller: str | None = None) -> None:
        """Take a place, if need be after waiting for one. Raises TooManyRequests when there is none."""
        with self._free:
            if not self._has_place(caller) and not self._wait(caller):
                raise TooManyRequests(
                    "Too many requests about jobs and releases are under way; try again in a few seconds.",
                    retry_after=2,
                )
            self._taken[caller] += 1

    def _has_place(self, caller: str | None) -> bool:
        return _has_room(self._taken, caller, self._at_a_time, self._at_a_time - max(1, self._at_a_time // 3))

    def _wait(self, caller: str | None) -> bool:
        if not _has_room(self._waiting, caller, self._most_waiting, self._most_waiting - 1):
            return False
        self._waiting[caller] += 1
        try:
            return self._free.wait_for(lambda: self._has_place(caller), self._patience)
        finally:
            _give_back(self._waiting, caller)

    def leave(self, caller: str | None = None) -> None:
        with self._free:
            _give_back(self._taken, caller)
            # All: the one who has waited longest may have its share already.
            self._free.notify_all()


def _has_room(held: Counter[str | None], caller: str | None, places: int, share: int) -> bool:
    """Whether one of the places is free, and within the caller's share where callers are told apart."""
    return held.total() < places and (caller is None or held[caller] < max(1, share))


def _give_back(held: Counter[str | None], caller: str | None) -> None:
    held[caller] -= 1
    if not held[caller]:
        del held[caller]
