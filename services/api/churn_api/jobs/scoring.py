"""Scoring a chunk: each of its rows ends as a line of the results or as lines of the errors."""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.customer import ID, Customer
from churn.errors import FieldError, ValidationError
from churn.predict import RISK_BANDS, Predictor
from churn.reading import MAX_ID_LENGTH, Reading, echo, read
from churn_api.jobs.cells import defused, written_column
from churn_api.jobs.meter import Tally
from churn_api.jobs.plan import Chunk
from churn_api.jobs.record import Progress
from churn_api.jobs.sheet import Sheet
from churn_api.jobs.table import read_table
from churn_api.jobs.words import Words

RESULT_COLUMNS = ("row", ID, "prediction", "churn_probability", "risk_band", "reason_1", "reason_2", "reason_3")
ERROR_COLUMNS = ("row", ID, "field", "code", "message")
REASONS = 3

# How a probability is written: rounded to six decimals, twice as fast as from a float.
_WRITTEN = pl.Decimal(9, 6)

# Rows scored in one go: their 45 columns stay within the processor's cache.
_SLICE = 8192

# Five bits hold any of the nineteen positions.
_POSITION_BITS = 31

_BANDS = [band for band, _ in RISK_BANDS]
_BAND_ENDS = [end for _, end in RISK_BANDS[:-1]]

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]
Places = NDArray[np.uint32]


class _Judged(NamedTuple):
    """Rows that churn.reading was asked about, by their place in the chunk."""

    refused: list[tuple[int, str, tuple[FieldError, ...]]]
    assuming: dict[int, Reading]


class ChunkScorer:
    """Scores one chunk: first the errors, piece by piece, which goes through the rows; then the results."""

    def __init__(
        self, predictor: Predictor, data: bytes, columns: tuple[str, ...], chunk: Chunk, words: Words | None = None
    ) -> None:
        """`data` is the chunk's part of the input; `words` may be those of an earlier chunk."""
        self._predictor = predictor
        self._columns = columns
        self._first_row = chunk.first
        self._sheet = Sheet(data, len(columns), chunk.rows)
        self._table = read_table(self._sheet, columns)
        count = len(self._table.sure)
        self._accepted = np.ones(count, np.bool_)
        self._ids: dict[int, str | None] = {}
        self._probabilities = np.empty(count)
        self._reasons = np.empty((REASONS, count), np.uint32)
        self._words = words or Words()
        self.tally = Tally()

    def errors(self) -> Iterator[bytes]:
        """Score all rows; yields the lines of those that are refused."""
        for start in range(0, len(self._accepted), _SLICE):
            part = slice(start, start + _SLICE)
            judged = self._judge(start + np.flatnonzero(~self._table.sure[part]))
            self._score(part, judged.assuming)
            yield self._error_lines(judged)

    @property
    def progress(self) -> Progress:
        completed = int(np.count_nonzero(self._accepted))
        return Progress(completed, len(self._accepted) - completed)

    def results(self) -> Iterator[bytes]:
        """The lines of the accepted rows, after all errors have been taken."""
        rows = np.flatnonzero(self._accepted)
        # A slice is a view, while chosen rows are copied.
        which = slice(None) if len(rows) == len(self._accepted) else rows
        probabilities = self._probabilities[which]
        leaving = probabilities >= self._predictor.threshold
        self.tally.probabilities, self.tally.leaving = probabilities, int(np.count_nonzero(leaving))
        frame = pl.DataFrame(
            [
                pl.Series("row", rows + self._first_row),
                written_column(self._written_ids()[which], plain=self._table.plain and not self._ids),
                pl.Series("prediction", ["No", "Yes"]).gather(leaving.astype(np.uint32)),
                pl.Series("probability", probabilities).cast(_WRITTEN),
                pl.Series("band", _BANDS).gather(_bands(probabilities)),
                *(self._words.texts(self._reasons[rank, which]).alias(f"reason_{rank}") for rank in range(REASONS)),
            ]
        )
        buffer = io.BytesIO()
        # Every cell is written as it must stand already.
        frame.write_csv(buffer, include_header=False, quote_style="never")
        yield buffer.getvalue()

    def _judge(self, doubtful: Numbers) -> _Judged:
        """Ask churn.reading about rows; complete customers go into the table, the rest is returned."""
        judged = _Judged([], {})
        for row in doubtful.tolist():
            cells = self._sheet.cells(row)
            try:
                reading = self._read(cells)
            except ValidationError as error:
                self._accepted[row] = False
                judged.refused.append((row, self._id_of(cells), error.errors))
                continue
            self._ids[row] = reading.customer_id
            if reading.assumed:
                judged.assuming[row] = reading
            else:
                for column, value in zip(self._table.customers, reading.customer, strict=True):
                    column[row] = value
        return judged

    def _read(self, cells: list[str]) -> Reading:
        if len(cells) != len(self._columns):
            message = f"The row has {len(cells)} cells where the header has {len(self._columns)}."
            raise ValidationError([FieldError("row", "wrong_shape", message)])
        return read(dict(zip(self._columns, cells, strict=True)))

    def _id_of(self, cells: list[str]) -> str:
        """The id of a row that is refused, as far as it can be told."""
        position = self._columns.index(ID) if ID in self._columns else len(cells)
        return cells[position].strip() if position < len(cells) else ""

    def _score(self, part: slice, assuming: dict[int, Reading]) -> None:
        chosen = self._accepted[part].copy()
        chosen[[row - part.start for row in assuming]] = False
        rows = part.start + np.flatnonzero(chosen)
        if len(rows):
            # A slice is a view, while chosen rows are copied.
            which = part if len(rows) == len(chosen) else rows
            table = Customer(*(column[which] for column in self._table.customers))
            probabilities, effects = self._predictor.scorer.explained(table)
            self._probabilities[which] = probabilities
            for rank, largest in enumerate(_largest(effects)):
                self._reasons[rank, which] = self._words.of(table, largest)
        for row, reading in assuming.items():
            prediction = self._predictor.predict(reading, REASONS)
            self._probabilities[row] = prediction.churn_probability
            self._reasons[:, row] = [self._words.add(reason.text) for reason in prediction.reasons]

    def _error_lines(self, judged: _Judged) -> bytes:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        for row, customer_id, faults in judged.refused:
            known = (
                customer_id if len(customer_id) <= MAX_ID_LENGTH and customer_id.isprintable() else echo(customer_id)
            )
            for fault in faults:
                self.tally.faults[fault.field, fault.code] += 1
                cells = (known, fault.field, fault.code, fault.message)
                writer.writerow((row + self._first_row, *map(defused, cells)))
        return buffer.getvalue().encode()

    def _written_ids(self) -> pl.Series:
        if not self._ids:
            return self._table.ids
        ids = self._table.ids.to_list()
        for row, customer_id in self._ids.items():
            ids[row] = customer_id
        return pl.Series(ID, ids, pl.String)


def header(columns: tuple[str, ...]) -> bytes:
    return ",".join(columns).encode() + b"\n"


def _bands(probabilities: Floats) -> Places:
    """The place of each probability's risk band."""
    places: Places = np.sum([probabilities >= end for end in _BAND_ENDS], axis=0, dtype=np.uint32)
    return places


def _largest(effects: Floats) -> Iterator[Numbers]:
    """For each of n rows the positions of the largest effects by size, rank by rank; of equals the first.

    Sizes are compared as the integers that their bits are, which are in the same order; the lowest bits make way for
    the position, so that the largest tells where it stands. What differs by less than 1e-14 counts as equal.
    """
    bits = np.abs(effects.T).view(np.int64)
    bits &= ~_POSITION_BITS
    bits |= np.arange(_POSITION_BITS, _POSITION_BITS - len(bits), -1)[:, None]
    every = np.arange(bits.shape[1])
    for _ in range(REASONS):
        largest = _POSITION_BITS - (bits.max(axis=0) & _POSITION_BITS)
        yield largest
        bits[largest, every] = 0
