"""Counts of all processes of this service, in a small piece of shared memory.

Each process claims a row that only it writes to, so processes never wait for each other; a reader sums all rows. When a
process ends, its row stays, and the next process goes on counting in it: no count is lost, and the file never grows.
"""

import fcntl
import mmap
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Twice the most workers that may be set: a graceful reload runs old and new ones side by side.
ROWS = 64

# Five minutes in steps of five seconds: the window of the error rate.
STEP_SECONDS = 5.0
STEPS = 60

# The columns of a row: four totals, then (step, requests, failures) for each step of the window.
_SERVED, _REQUESTS, _SECONDS, _WINDOW = 0, 1, 2, 4
_COLUMNS = _WINDOW + 3 * STEPS
_HEADER = 1
_BYTES = 8 * (_HEADER + ROWS * _COLUMNS)


class Tally(NamedTuple):
    """Sums over all processes since the service started; `error_rate` is that of the last five minutes, 0 to 1."""

    uptime_seconds: float
    predictions_served: int
    prediction_requests: int
    seconds: float
    error_rate: float


class SharedCounters:
    """The shared counts; `row` is the row of this process."""

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        """Open or make the shared memory at `path`; without a path, the counts are of this process alone."""
        self._clock = clock
        self._lock = Lock()
        self._file: Any = None
        if path is None:
            memory, self.row = mmap.mmap(-1, _BYTES), 0
        else:
            self._file = path.open("a+b")
            self._file.truncate(_BYTES)
            memory, self.row = mmap.mmap(self._file.fileno(), _BYTES), self._claim()
        self._cells = memoryview(memory).cast("d")
        self._cells[0] = self._cells[0] or clock()
        self._start = _HEADER + self.row * _COLUMNS

    def _claim(self) -> int:
        """Lock the first free row; the system releases it when this process ends."""
        for row in range(ROWS):
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, row)
            except OSError:
                continue
            return row
        raise RuntimeError(f"More than {ROWS} processes share one board; lower CHURN_API_WORKERS.")

    def count_request(self, seconds: float, *, failed: bool) -> None:
        """Count a request for predictions that took `seconds`."""
        step = self._clock() // STEP_SECONDS
        with self._lock:
            self._cells[self._start + _REQUESTS] += 1
            self._cells[self._start + _SECONDS] += seconds
            at = self._start + _WINDOW + 3 * int(step % STEPS)
            if self._cells[at] != step:
                self._cells[at + 1] = self._cells[at + 2] = 0.0
                self._cells[at] = step
            self._cells[at + 1] += 1
            self._cells[at + 2] += failed

    def count_served(self, predictions: int) -> None:
        """Count predictions that were answered with success."""
        with self._lock:
            self._cells[self._start + _SERVED] += predictions

    def tally(self) -> Tally:
        """The sums over all processes at this moment."""
        cells = np.array(self._cells)
        rows: NDArray[np.float64] = cells[_HEADER:].reshape(ROWS, _COLUMNS)
        steps = rows[:, _WINDOW:].reshape(ROWS * STEPS, 3)
        now = self._clock()
        _, requests, failures = steps[steps[:, 0] > now // STEP_SECONDS - STEPS].sum(axis=0)
        return Tally(
            uptime_seconds=float(now - cells[0]),
            predictions_served=int(rows[:, _SERVED].sum()),
            prediction_requests=int(rows[:, _REQUESTS].sum()),
            seconds=float(rows[:, _SECONDS].sum()),
            error_rate=float(failures / requests) if requests else 0.0,
        )
