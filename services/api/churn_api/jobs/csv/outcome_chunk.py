"""Taking in a chunk of outcomes: each of its rows ends in the table, or as lines of the errors."""

import csv
import io
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from churn.errors import FieldError, ValidationError
from churn.tracking import outcomes
from churn.tracking.outcome_schema import CUSTOMER_ID, Outcome, OutcomeReader
from churn_api.jobs.csv import rows
from churn_api.jobs.csv.first_rows import read_cells
from churn_api.jobs.csv.refusals import UNFORESEEN, Refusals
from churn_api.jobs.job import Progress
from churn_api.jobs.job_metrics import ChunkStats
from churn_api.jobs.plan import Chunk

log = logging.getLogger(__name__)

# Refused rows whose lines are written at a time.
_LINES = 1_000


class _Refused(NamedTuple):
    """A row that is refused, by its place in the chunk."""

    place: int
    customer_id: str
    faults: Sequence[FieldError]


class OutcomeChunk:
    """Reads one chunk of outcomes that were received at one moment; what a ChunkScorer is for customers."""

    def __init__(self, data: bytes, columns: tuple[str, ...], chunk: Chunk, received: datetime) -> None:
        """`data` is the chunk's part of the input; a row may not tell of days after the one of `received`, in UTC."""
        self._columns = columns
        self._chunk = chunk
        self._received = received
        self._reader = OutcomeReader(received.date())
        self._taken: list[Outcome] = []
        self._places: list[int] = []
        self._refused: list[_Refused] = []
        self.tally = ChunkStats()
        self.altered_errors = False
        """Whether a refused row's id was defused; known when all errors have been taken."""
        self._read(rows.tidy(data, chunk.rows).decode("utf-8", "replace"))
        self.scored = len(self._taken) + len(self._refused)
        """How many rows, from the first, have been read: all of them."""

    def _read(self, text: str) -> None:
        csv.field_size_limit(2 * rows.MAX_ROW_BYTES)
        for place, cells in enumerate(csv.reader(io.StringIO(text, newline=""))):
            try:
                self._taken.append(read_cells(self._reader, self._columns, cells))
                self._places.append(place)
            except ValidationError as error:
                self._refused.append(_Refused(place, self._id_in(cells), error.errors))
            except Exception as error:  # whatever a row holds must not fail the others, and its words may be in it
                log.error("A row of outcomes was read with trouble that nobody foresaw: %s", type(error).__name__)
                self._refused.append(_Refused(place, self._id_in(cells), (UNFORESEEN,)))

    def _id_in(self, cells: Sequence[str]) -> str:
        position = self._columns.index(CUSTOMER_ID)
        return cells[position].strip() if position < len(cells) else ""

    def errors(self) -> Iterator[bytes]:
        """The lines of the rows that are refused, in pieces."""
        refusals = Refusals(self._chunk.first)
        yield from self._lines(refusals)
        self.altered_errors = refusals.altered

    def raw_errors(self) -> Iterator[bytes]:
        """The same lines with every id as it came."""
        return self._lines(Refusals(self._chunk.first, raw=True))

    def _lines(self, refusals: Refusals) -> Iterator[bytes]:
        for start in range(0, len(self._refused), _LINES):
            yield "".join(refusals.lines(*row) for row in self._refused[start : start + _LINES]).encode()

    @property
    def progress(self) -> Progress:
        """How many rows are taken in and how many are refused."""
        return Progress(len(self._taken), len(self._refused))

    def table(self) -> bytes | None:
        """The rows that are taken in, as `churn.tracking.outcomes` has them in Parquet; None if there are none."""
        if not self._taken:
            return None
        numbers = [place + self._chunk.first for place in self._places]
        return outcomes.to_bytes(outcomes.frame(self._taken, [self._received] * len(self._taken), numbers))
