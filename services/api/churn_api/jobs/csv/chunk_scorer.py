"""Scoring a chunk: each of its rows ends as a line of the results or as lines of the errors."""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.customer.reading import Reading
from churn.errors import FieldError, ValidationError
from churn.model.predictor import Predictor
from churn.tracking.reference import Reference
from churn_api.jobs.csv.column_reader import Table, read_table
from churn_api.jobs.csv.customer_counts import count_customers
from churn_api.jobs.csv.effect_ranks import largest_effects
from churn_api.jobs.csv.first_rows import read_cells
from churn_api.jobs.csv.output import defused_column, lines_of, quoted_column
from churn_api.jobs.csv.reader import ChunkReader
from churn_api.jobs.csv.reason_texts import ReasonTexts
from churn_api.jobs.csv.refusals import UNFORESEEN, Refusals
from churn_api.jobs.csv.result_files import CUSTOMER_ID
from churn_api.jobs.csv.risk_bands import risk_bands
from churn_api.jobs.csv.tracked_rows import AbsentFields, tracked_rows
from churn_api.jobs.job import Progress
from churn_api.jobs.job_metrics import ChunkStats
from churn_api.jobs.options import DEFAULTS, JobOptions
from churn_api.jobs.plan import Chunk

log = logging.getLogger(__name__)

# Probabilities are written with six decimals; as decimals this takes half the time that it takes as floats.
_WRITTEN = pl.Decimal(9, 6)

# How many rows are scored at once, so that their columns fit into the processor's cache.
_SLICE = 8192

# A row that is scored by itself counts as so many rows, because it may be averaged over hundreds of customers.
_ALONE = 16

Numbers = NDArray[np.intp]


class ChunkScorer:
    """Scores one chunk: first take all `errors`, which scores the rows, then `results`.

    No row affects another. If rows cannot be scored as columns, they are scored one by one, and what raises is refused.
    """

    def __init__(
        self,
        predictor: Predictor,
        data: bytes,
        columns: tuple[str, ...],
        chunk: Chunk,
        words: ReasonTexts | None = None,
        options: JobOptions = DEFAULTS,
    ) -> None:
        """`data` is the chunk's part of the input; `words` may be an earlier chunk's; `options` are the job's."""
        self._predictor, self._schema = predictor, predictor.schema
        self._columns = columns
        self._first_row = chunk.first
        self._sheet = ChunkReader(data, columns, chunk.rows)
        self._unforeseen: Counter[str] = Counter()
        self._table = self._read_table(chunk.rows)
        count = len(self._table.sure)
        self._accepted = np.ones(count, np.bool_)
        self._ids: dict[int, str | None] = {}
        self._probabilities = np.empty(count)
        self._assumed = np.zeros(count, np.uint8)
        self._derived = self._table.derived.copy()
        self._absent = AbsentFields(count)
        self._words = words or ReasonTexts(self._schema)
        self._reasons = np.full((options.reasons, count), self._words.add(""), np.uint32)  # there may be fewer
        self.scored = 0
        """How many rows, from the first, have been scored."""
        self.tally = ChunkStats(self._schema.fault_names)
        self.altered_errors = False
        """Whether a refused row's id was defused; known when all errors have been taken."""

    def errors(self) -> Iterator[bytes]:
        """Score all rows; yields the lines of those that are refused, in pieces.

        A further call yields all lines from the start and scores no row twice.
        """
        refusals = Refusals(self._first_row)
        self.tally.faults = refusals.faults
        for part in _parts(self._table.sure):
            if part.start < self.scored:
                yield self._lines_of(part, refusals)
                continue
            lines: list[tuple[int, str]] = []
            assuming: dict[int, Reading] = {}
            for row in (part.start + np.flatnonzero(~self._table.sure[part])).tolist():
                judged = self._judge(row, every_fault=refusals.in_full)
                if isinstance(judged, Reading):
                    self._take(row, judged, assuming)
                else:
                    self._accepted[row] = False
                    lines.append((row, refusals.lines(row, self._id_of(row), judged)))
            for row in self._score(part, assuming):
                self._accepted[row] = False
                lines.append((row, refusals.lines(row, self._id_of(row), (UNFORESEEN,))))
            self.scored = part.stop
            yield "".join(text for _, text in sorted(lines)).encode()
        self.altered_errors = refusals.altered
        if self._unforeseen:
            log.error("Rows were read with trouble that nobody foresaw: %s", dict(self._unforeseen))

    def raw_errors(self) -> Iterator[bytes]:
        """The same lines with every id as it came, after all errors have been taken."""
        refusals = Refusals(self._first_row, raw=True)
        for part in _parts(self._table.sure):
            yield self._lines_of(part, refusals)

    def _lines_of(self, part: slice, refusals: Refusals) -> bytes:
        """The lines of a part's rows that have been refused."""
        lines = []
        for row in (part.start + np.flatnonzero(~self._accepted[part])).tolist():
            judged = self._judge(row, every_fault=refusals.in_full)
            faults = (UNFORESEEN,) if isinstance(judged, Reading) else judged
            lines.append(refusals.lines(row, self._id_of(row), faults))
        return "".join(lines).encode()

    @property
    def progress(self) -> Progress:
        """How many rows are scored and how many are refused, after all errors have been taken."""
        completed = int(np.count_nonzero(self._accepted))
        return Progress(completed, len(self._accepted) - completed)

    def results(self, reference: Reference | None = None) -> tuple[bytes, bytes | None]:
        """The lines of the accepted rows, after all errors have been taken; what they hold is counted by a reference.

        The second item has every id as it came, or is None if that is the same.
        """
        rows = np.flatnonzero(self._accepted)
        # A slice is a view, while chosen rows are copied.
        which = slice(None) if len(rows) == len(self._accepted) else rows
        probabilities = self._probabilities[which]
        leaving = probabilities >= self._predictor.threshold
        self.tally.probabilities, self.tally.leaving = probabilities, int(np.count_nonzero(leaving))
        customers = self._absent.without(self._schema, self._table.customers, which)
        count_customers(self.tally, self._schema, customers, probabilities, reference)
        ids = self._written_ids[which]
        safe = defused_column(ids)
        frame = pl.DataFrame(
            [
                pl.Series("row", rows + self._first_row),
                self._cells(safe),
                pl.Series("prediction", ["No", "Yes"]).gather(leaving.astype(np.uint32)),
                pl.Series("probability", probabilities).cast(_WRITTEN),
                risk_bands(probabilities),
                *(
                    self._words.texts(places[which]).alias(f"reason_{rank}")
                    for rank, places in enumerate(self._reasons)
                ),
                pl.Series("assumed", self._assumed[which]),
            ]
        )
        raw = None if safe is ids else lines_of(frame.with_columns(self._cells(ids)))
        return lines_of(frame), raw

    def tracked(self, release: str, moment: datetime) -> bytes | None:
        """The predictions of the accepted rows that have an id, as Parquet, after all errors have been taken.

        They count as made by the release at this moment. None if there are none.
        """
        rows = np.flatnonzero(self._accepted & self._written_ids.is_not_null().to_numpy())
        if not len(rows):
            return None
        which = slice(None) if len(rows) == len(self._accepted) else rows
        customers = self._absent.without(self._schema, self._table.customers, which)
        columns = self._written_ids[which], self._probabilities[which], self._assumed[which]
        return tracked_rows(self._schema, release, moment, *columns, customers)

    def _cells(self, ids: pl.Series) -> pl.Series:
        return ids.alias(CUSTOMER_ID) if self._table.plain and not self._ids else quoted_column(ids).alias(CUSTOMER_ID)

    def _read_table(self, count: int) -> Table:
        try:
            return read_table(self._schema, self._sheet, self._columns)
        except MemoryError:
            raise
        except (Exception, pl.exceptions.PanicException) as error:  # one row may do this to all: they are read alone
            self._note(error)
            customers = self._schema.customer(np.zeros(count) for _ in self._schema.fields)
            ids = pl.Series(CUSTOMER_ID, [None], pl.String).new_from_index(0, count)
            nowhere = np.zeros(count, np.bool_)
            return Table(customers, ids, nowhere, plain=False, derived=nowhere)

    def _note(self, error: BaseException) -> None:
        """Count an error nobody foresaw by its kind and place; its words may hold a customer's values."""
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else "?"
        self._unforeseen[f"{type(error).__name__} in {where}"] += 1

    def _judge(self, row: int, *, every_fault: bool = True) -> Reading | tuple[FieldError, ...]:
        """What churn.customer.reading says of a row: a customer, or what is wrong."""
        try:
            return read_cells(self._schema.reader, self._columns, self._sheet.cells(row), every_fault=every_fault)
        except ValidationError as error:
            return error.errors
        except MemoryError:
            raise
        except Exception as error:  # whatever a row holds must not fail the others
            self._note(error)
            return (UNFORESEEN,)

    def _take(self, row: int, reading: Reading, assuming: dict[int, Reading]) -> None:
        """A customer goes into the table; one who is not complete to those that are averaged as well."""
        self._ids[row] = reading.customer_id
        self._assumed[row] = len(reading.assumed)
        self._derived[row] = bool(reading.derived)
        if reading.assumed:
            assuming[row] = reading
            self._absent.note(row, reading.assumed)
        for column, value in zip(self._table.customers, reading.customer, strict=True):
            if value is not None:
                column[row] = value

    def _id_of(self, row: int) -> str:
        """The id of a row that is refused, as far as it can be told."""
        cells = self._sheet.cells(row)
        position = self._columns.index(self._schema.id) if self._schema.id in self._columns else len(cells)
        return cells[position].strip() if position < len(cells) else ""

    def _score(self, part: slice, assuming: dict[int, Reading]) -> list[int]:
        """Score the accepted rows of a part; returns those that cannot be."""
        chosen = self._accepted[part].copy()
        chosen[[row - part.start for row in assuming]] = False
        rows = part.start + np.flatnonzero(chosen)
        failed = [row for row, reading in assuming.items() if not self._score_alone(row, reading)]
        if len(rows):
            # A slice is a view, while chosen rows are copied.
            which = part if len(rows) == len(chosen) else rows
            try:
                self._score_columns(which)
            except MemoryError:
                raise
            except Exception as error:  # one row may do this to all: they are scored alone
                self._note(error)
                failed += [row for row in rows.tolist() if not self._score_alone(row, self._judge(row))]
        return failed

    def _score_columns(self, which: slice | Numbers) -> None:
        table = self._schema.customer(column[which] for column in self._table.customers)
        probabilities, effects = self._predictor.scorer.explained(table)
        check(probabilities)
        self._probabilities[which] = probabilities
        for rank, largest in enumerate(largest_effects(effects, min(len(self._reasons), effects.shape[1]))):
            self._reasons[rank, which] = self._words.of(table, largest, self._derived[which])

    def _score_alone(self, row: int, reading: Reading | tuple[FieldError, ...]) -> bool:
        """Score one row; whether that was possible."""
        if not isinstance(reading, Reading):
            return False
        try:
            self._explain(row, reading)
        except MemoryError:
            raise
        except Exception as error:  # whatever a row holds must not fail the others
            self._note(error)
            return False
        return True

    def _explain(self, row: int, reading: Reading) -> None:
        """Score one row, which is refused, and no other, for whatever this raises."""
        probability, reasons = self._predictor.explain(reading, len(self._reasons))
        check(probability)
        self._probabilities[row] = probability
        self._reasons[: len(reasons), row] = [self._words.add(reason.text) for reason in reasons]

    @cached_property
    def _written_ids(self) -> pl.Series:
        if not self._ids:
            return self._table.ids
        ids = self._table.ids.to_list()
        for row, customer_id in self._ids.items():
            ids[row] = customer_id
        return pl.Series(CUSTOMER_ID, ids, pl.String)


def _parts(sure: NDArray[np.bool_]) -> list[slice]:
    """The rows of a chunk in parts that take much the same time."""
    numbers = (np.cumsum(np.where(sure, 1, _ALONE)) - 1) // _SLICE
    cuts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(sure)]
    return [slice(*ends) for ends in pairwise(cuts)]


def check(probabilities: NDArray[np.float64] | float) -> None:
    """Raises ArithmeticError where something is no probability."""
    if not np.all(np.isfinite(probabilities)):
        raise ArithmeticError("a score is no number")
