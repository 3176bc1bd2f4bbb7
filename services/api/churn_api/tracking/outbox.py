"""Tracked predictions of a process on their way to the store, which may be away."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from churn.errors import StoreUnavailable
from churn.store.interface import ObjectStore
from churn_api.tracking.buffer import Answered, Count, Taken
from churn_api.tracking.incoming import Refusals, Rows, encoded_rows, joined, new_key

log = logging.getLogger(__name__)

# Seconds that a row waits for others to share its object with, and how many rows fill one.
WAIT_SECONDS = 50.0
FULL_ROWS = 4_096

# Bytes that wait while the store is away: some 20,000 rows.
MOST_BYTES = 8 * 1024 * 1024

# Seconds between two tries while the store is away.
PAUSE_SECONDS = 5.0

# Encoding a row takes a microsecond or two, in which no other thread of the process runs.
_ROWS_AT_ONCE = 512


class _Part(NamedTuple):
    """Encoded rows, and when they were added by the clock of the process."""

    rows: int
    data: bytes
    added: float


class Outbox:
    """Rows with an id and counts of refusals, written as objects; for one thread at a time.

    While the store is away the newest MOST_BYTES of them are kept, and what is dropped is counted by `lost`.
    """

    def __init__(self, store: ObjectStore, lost: Count, clock: Callable[[], float] = monotonic) -> None:
        self._store, self._lost, self._clock = store, lost, clock
        self._parts: deque[_Part] = deque()
        self._refusals, self._refusals_since = Refusals(), 0.0
        # An object whose fate is unknown is sent again under the same key.
        self._sending: tuple[str, bytes, int] | None = None
        self._not_before = 0.0
        self._is_away = False

    def add(self, taken: Taken) -> None:
        """Encode what is to be written."""
        now = self._clock()
        for answered in taken.answered:
            for rows in _rows_with_id(answered):
                self._parts.append(_Part(len(rows.ids), encoded_rows(rows), now))
        if taken.refusals.rows:
            if not self._refusals.rows:
                self._refusals_since = now
            self._refusals.add(taken.refusals)
        waiting = sum(len(part.data) for part in self._parts)
        while waiting > MOST_BYTES:
            dropped = self._parts.popleft()
            waiting -= len(dropped.data)
            self._lost.inc(dropped.rows)

    def send(self, *, everything: bool = False) -> None:
        """Write what has waited long enough, or all of it, as far as the store takes it."""
        if self._clock() < self._not_before and not everything:
            return
        try:
            while self._sending or everything or self._is_due():
                self._sending = self._sending or self._next()
                if self._sending is None:
                    break
                key, data, _ = self._sending
                self._store.put(key, data, content_type="application/json")
                self._sending = None
        except StoreUnavailable as error:
            self._not_before = self._clock() + PAUSE_SECONDS
            if not self._is_away:
                log.warning("Tracked predictions wait for the store: %s", error.message)
            self._is_away = True
        else:
            self._is_away = False

    def give_up(self) -> None:
        """Count what was not written, since the process ends."""
        left = sum(part.rows for part in self._parts) + (self._sending[2] if self._sending else 0)
        if left:
            log.error("%d tracked predictions are lost: the store was away when the process ended.", left)
            self._lost.inc(left)

    def _is_due(self) -> bool:
        if sum(part.rows for part in self._parts) >= FULL_ROWS:
            return True
        oldest = [part.added for part in list(self._parts)[:1]]
        if self._refusals.rows:
            oldest.append(self._refusals_since)
        return bool(oldest) and self._clock() - min(oldest) >= WAIT_SECONDS

    def _next(self) -> tuple[str, bytes, int] | None:
        """The key, the content and the rows of the next object; None if there is nothing to write."""
        parts: list[bytes] = []
        rows = 0
        while self._parts and rows + self._parts[0].rows <= FULL_ROWS:
            part = self._parts.popleft()
            parts.append(part.data)
            rows += part.rows
        refusals, self._refusals = self._refusals, Refusals()
        if not parts and not refusals.rows:
            return None
        return new_key(datetime.now(UTC)), joined(parts, refusals), rows


def _rows_with_id(answered: Answered) -> Iterator[Rows]:
    places = [place for place, name in enumerate(answered.ids) if name is not None]
    for start in range(0, len(places), _ROWS_AT_ONCE):
        some = places[start : start + _ROWS_AT_ONCE]

        def picked(column: Any, some: list[int] = some) -> list[Any]:
            if isinstance(column, np.ndarray):
                return column[some].tolist()  # type: ignore[no-any-return]
            return [column[place] for place in some]

        yield Rows(
            answered.release.version,
            answered.source,
            picked(answered.ids),
            [round(1e6 * moment) for moment in picked(answered.moments)],
            picked(answered.probabilities),
            picked(answered.assumed),
            [picked(column) for column in answered.customers],
        )
