"""The first rows of an upload, judged while they pass by: a file that is wrong throughout is refused at once."""

import csv
import io
import logging
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from churn.errors import FieldError, ValidationError
from churn.tables.row_schema import RowReader, RowSchema
from churn_api.jobs.csv import rows
from churn_api.jobs.errors import InvalidUpload

log = logging.getLogger(__name__)

Row = TypeVar("Row")

# So many rows in a row that are all refused are no accident.
ENOUGH = 1_000

# The most frequent faults that are told.
_MAX_LISTED = 10

# Rows that are tried with their cells moved by one, and the share of them that must be fine then.
_TRIED, _SHARE = 50, 0.5
_MOVES = {1: "to the left", -1: "to the right"}


class FirstRows:
    """Judges rows until one is accepted, or ENOUGH of them have been refused."""

    def __init__(self, schema: RowSchema, columns: Sequence[str]) -> None:
        self._schema = schema
        self._columns = columns
        self._judged = 0
        self._over = False
        self._faults: Counter[tuple[str, str]] = Counter()
        self._example: dict[tuple[str, str], str] = {}
        self._tried: list[list[str]] = []

    def look(self, whole: bytes) -> None:
        """Look at whole rows. Raises InvalidUpload when none of ENOUGH rows can be read."""
        if self._over:
            return
        text = rows.tidy(whole).decode("utf-8", "replace")
        csv.field_size_limit(2 * rows.MAX_ROW_BYTES)
        for cells in csv.reader(io.StringIO(text, newline="")):
            self._judge(cells)
            if self._over:
                self._tried = []
                return
            if self._judged == ENOUGH:
                raise InvalidUpload(self._summary(), self._listed())

    def _judge(self, cells: list[str]) -> None:
        self._judged += 1
        try:
            read_cells(self._schema.reader, self._columns, cells)
        except ValidationError as error:
            if len(self._tried) < _TRIED:
                self._tried.append(cells)
            for fault in {(fault.field, fault.code): fault for fault in error.errors}.values():
                self._faults[fault.field, fault.code] += 1
                self._example.setdefault((fault.field, fault.code), fault.message)
        except Exception as error:  # what nobody foresaw of a row is for whoever scores it
            # Its words may hold a customer's values.
            log.error("A row of an upload could not be judged: %s", type(error).__name__)
            self._over = True
        else:
            self._over = True

    def _listed(self) -> list[FieldError]:
        return [
            FieldError(field, code, f"{count:,} of {ENOUGH:,} rows, such as: {self._example[field, code]}")
            for (field, code), count in self._faults.most_common(_MAX_LISTED)
        ]

    def _summary(self) -> str:
        (field, code), count = self._faults.most_common(1)[0]
        reason = self._moved() or f"Most often: {field}, {code}, in {count:,} of them."
        return f"None of the first {ENOUGH:,} rows can be read. {reason}"

    def _moved(self) -> str | None:
        """A sentence, if the cells stand under their neighbours' names."""
        for places, words in _MOVES.items():
            fine = sum(self._is_fine(_moved(cells, places)) for cells in self._tried)
            if fine >= _SHARE * len(self._tried):
                return f"The cells stand one column {words} of their names: is a column missing, or one too many?"
        return None

    def _is_fine(self, cells: list[str]) -> bool:
        try:
            read_cells(self._schema.reader, self._columns, cells)
        except Exception:  # a fault, or what nobody foresaw: not what this is about
            return False
        return True


def read_cells(
    reader: RowReader[Row], columns: Sequence[str], cells: Sequence[str], *, every_fault: bool = True
) -> Row:
    """What the reader makes of a row: of a customer, a Reading.

    Raises ValidationError, with the first fault at least.
    """
    if len(cells) != len(columns):
        message = f"The row has {len(cells)} cells where the header has {len(columns)}."
        raise ValidationError([FieldError("row", "wrong_shape", message)])
    record = {name: cell for name, cell in zip(columns, cells, strict=True) if name}
    return reader.read(record, every_fault=every_fault)


def _moved(cells: list[str], places: int) -> list[str]:
    """The cells moved to the right by so many places, their number unchanged; what is moved out comes in behind."""
    return cells[-places:] + cells[:-places]
