"""How often each API key may ask.

Why not a library, `limits` over Redis: it adds two thirds to the time of a prediction where this adds a twentieth; it
has to let everything through while Redis is away, and not every deployment has one; and it counts in windows, so that
whoever has used up a burst waits for its end, where a bucket gives out what has flowed in meanwhile.
"""

import fcntl
import math
import mmap
from collections.abc import Callable
from pathlib import Path
from struct import Struct
from threading import Lock
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
