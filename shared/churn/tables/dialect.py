"""How the columns of a text are separated and what precedes its header, recognised from its start."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from churn.tables.row_schema import RowSchema

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}

_SEP_LINE = re.compile(r'"?sep=([,;\t|])"?[ \t,;|]*(?:\r\n?|\n)', re.IGNORECASE)
_BLANK_LINES = re.compile(r"(?:[ \t,;|]*(?:\r\n?|\n))*")
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d[\d.]*,\d+\s*")

_NUMBER = re.compile(r"\s*[+-]?\d[\d.]*(?:,\d+)?\s*")

# How many rows are searched for decimal commas.
_ROWS = 1_000

# Rows of another length, or cells of another kind, are remarks or mistakes, and few.
_NEARLY_ALL = 0.9


class Dialect(NamedTuple):
    """How to read a text.

    `start` is the offset after a sep= line, 0 without one. `wrapped` is whether each line is in quotes as a whole.
    `numbers` are the positions of the columns of numbers, and `decimal_commas` is whether any of these has one.
    """

    delimiter: str
    start: int = 0
    wrapped: bool = False
    numbers: tuple[int, ...] = ()
    decimal_commas: bool = False

    @property
    def plain(self) -> bool:
        """Whether the text is CSV already, apart from a sep= line."""
        return self.delimiter == "," and not self.wrapped

    def cells(self, row: list[str]) -> list[str]:
        """The cells of a row as the csv module has read it."""
        if self.wrapped and len(row) == 1:
            inner = list(csv.reader(io.StringIO(row[0], newline=""), delimiter=self.delimiter))
            return inner[0] if len(inner) == 1 else row
        return row

    def rows(self, text: str) -> Iterator[list[str]]:
        """The rows of a text after `start`; the first that is not blank is the header."""
        reader = csv.reader(io.StringIO(text[self.start :], newline=""), delimiter=self.outer)
        try:
            for row in reader:
                yield self.cells(row)
        except csv.Error:  # a cell that is too long: reading the whole text reports it with its line
            return

    @property
    def outer(self) -> str:
        """The delimiter outside of quotes, which is a comma in wrapped lines, as these are in quotes as a whole."""
        return "," if self.wrapped else self.delimiter


def sniff(head: str, schema: RowSchema | None) -> Dialect:
    """The dialect of a text that begins with `head`: the one by which its header has the most known fields.

    Without a schema it is the one by which the rows have the most cells, nearly all of them equally many.
    """
    blank = _BLANK_LINES.match(head)
    start = blank.end() if blank else 0
    separator = _SEP_LINE.match(head, start)
    candidates = [separator[1]] if separator else list(DELIMITERS)
    begin = separator.end() if separator else 0
    dialects = [Dialect(delimiter, begin, wrapped) for wrapped in (False, True) for delimiter in candidates]
    # In a tie the first one wins, which is commas without wrapping.
    best = max(dialects, key=lambda dialect: _known(dialect, head, schema) if schema else _width(dialect, head))
    return _with_numbers(best, head, schema)


def _header(dialect: Dialect, head: str) -> list[str]:
    return next((row for row in dialect.rows(head) if any(cell.strip() for cell in row)), [])


def _known(dialect: Dialect, head: str, schema: RowSchema) -> int:
    """How many known fields the header has when read by this dialect."""
    return len({schema.column_names.field_of(cell) for cell in _header(dialect, head)} - {None})


def _first_rows(dialect: Dialect, head: str) -> list[list[str]]:
    return list(islice(dialect.rows(head), _ROWS))


def _width(dialect: Dialect, head: str) -> int:
    """The number of cells that nearly all rows have when read by this dialect; 0 if there is none."""
    widths = Counter(len(row) for row in _first_rows(dialect, head) if any(cell.strip() for cell in row))
    width, count = widths.most_common(1)[0] if widths else (0, 0)
    return width if count >= _NEARLY_ALL * widths.total() else 0


def _with_numbers(dialect: Dialect, head: str, schema: RowSchema | None) -> Dialect:
    if dialect.delimiter == ",":
        return dialect
    rows = _first_rows(dialect, head)
    if schema:
        fields = map(schema.column_names.field_of, _header(dialect, head))
        numbers = tuple(place for place, field in enumerate(fields) if field in schema.numbers)
    else:
        numbers = tuple(place for place in range(_width(dialect, head)) if _is_numeric(place, rows))
    commas = any(place < len(row) and _DECIMAL_COMMA.fullmatch(row[place]) for row in rows for place in numbers)
    return dialect._replace(numbers=numbers, decimal_commas=commas)


def _is_numeric(place: int, rows: list[list[str]]) -> bool:
    """Whether nearly all cells of the column that are not blank are numbers, with a decimal point or comma."""
    cells = [row[place] for row in rows[1:] if place < len(row) and row[place].strip()]
    return len(cells) > 0 and sum(map(bool, map(_NUMBER.fullmatch, cells))) >= _NEARLY_ALL * len(cells)
