"""What a process of the API has answered and refused, until a thread of it takes it. Requests only append."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from threading import Lock
from time import time
from typing import Any, NamedTuple, Protocol

from churn.customer.declaration import Customer
from churn.errors import FieldError
from churn.release import Release
from churn.schema import Schema
from churn_api.tracking.incoming import Refusals

MOST_ROWS = 32_768
"""Of single predictions, and as many of batches, in about 500 bytes each: more than come between two takings."""


class Count(Protocol):
    """A counter, such as Prometheus's."""

    def inc(self, amount: float = 1) -> None:
        """Add `amount` to the counter."""


class Answered(NamedTuple):
    """n predictions of one release from one source, single, batch or stream; `moments` are seconds since 1970 in UTC.

    `customers` has n values for each field, in the order of the schema: a list of codes or numbers, in which None is
    absent and a NaN is a blank, or a float64 array in which nothing is absent.
    """

    release: Release
    source: str
    ids: Sequence[str | None]
    moments: Sequence[float]
    probabilities: Sequence[float]
    assumed: Sequence[int]
    customers: Customer


class Taken(NamedTuple):
    """All that was added since the last taking."""

    answered: list[Answered]
    refusals: Refusals


_release = itemgetter(0)


class Buffer:
    """Rows of any thread's requests. It takes none until `open`, for then somebody empties it.

    Where more come than it holds, the oldest are dropped and counted by `lost`.
    """

    def __init__(self, lost: Count) -> None:
        self._lost = lost
        self._is_open = False
        self._singles: deque[tuple[Any, ...]] = deque(maxlen=MOST_ROWS)
        self._batches: deque[Answered] = deque()
        self._batch_rows = 0
        self._refusals = Refusals()
        self._lock = Lock()

    def open(self) -> None:
        """Take rows from now on."""
        self._is_open = True

    def add(self, release: Release, name: str | None, probability: float, assumed: int, customer: Customer) -> None:
        """Add the prediction of a single customer, of whom `assumed` fields were averaged."""
        if self._is_open:
            if len(self._singles) == MOST_ROWS:
                self._lost.inc()
            self._singles.append((release, name, time(), probability, assumed, customer))

    def add_many(
        self,
        release: Release,
        names: Sequence[str | None],
        probabilities: Sequence[float],
        assumed: Sequence[int],
        customers: Customer,
        source: str = "batch",
    ) -> None:
        """Add n predictions of a batch or a stream; `customers` as `Answered` has them."""
        if not (self._is_open and names):
            return
        moments = [time()] * len(names)
        with self._lock:
            self._batches.append(Answered(release, source, names, moments, probabilities, assumed, customers))
            self._batch_rows += len(names)
            while self._batch_rows > MOST_ROWS:
                dropped = len(self._batches.popleft().ids)
                self._batch_rows -= dropped
                self._lost.inc(dropped)

    def refuse(self, schema: Schema, faults: Sequence[FieldError]) -> None:
        """Count a customer who was refused for these faults; a name that is no field of his counts as "other"."""
        if self._is_open:
            known = schema.fault_names
            names = {f"{fault.field if fault.field in known else 'other'}:{fault.code}" for fault in faults}
            with self._lock:
                self._refusals.add(Refusals(1, 1, dict.fromkeys(names, 1)))

    def take(self) -> Taken:
        """Empty the buffer."""
        singles = [self._singles.popleft() for _ in range(len(self._singles))]
        with self._lock:
            batches, rows, refusals = list(self._batches), self._batch_rows, self._refusals
            self._batches.clear()
            self._batch_rows, self._refusals = 0, Refusals()
        refusals.rows += len(singles) + rows
        return Taken([*_by_release(singles), *batches], refusals)


def _by_release(singles: list[tuple[Any, ...]]) -> Iterator[Answered]:
    for release, rows in groupby(singles, _release):
        _, names, moments, probabilities, assumed, customers = zip(*rows, strict=True)
        columns = tuple(map(list, zip(*customers, strict=True)))
        yield Answered(release, "single", names, moments, probabilities, assumed, columns)
