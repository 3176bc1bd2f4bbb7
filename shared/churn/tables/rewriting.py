"""Rewriting text of any dialect as CSV with commas, row by row."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from churn.tables.dialect import Dialect
from churn.tables.errors import UnreadableTable
from churn.tables.lines import MAX_ROW_CHARACTERS, Lines, open_quote

_OUT_CHARACTERS = 128 << 10

_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,(?:\d{1,2}|\d{4,})\s*").fullmatch
_POINTS_AND_COMMA = re.compile(r"\s*[+-]?\d{1,3}(?:\.\d{3})+,\d+\s*").fullmatch
_THREE_DECIMALS = re.compile(r"\s*[+-]?\d+,\d{3}\s*").fullmatch
_POINTS = re.compile(r"\s*[+-]?\d{1,3}(?:\.\d{3})+\s*").fullmatch


def rewritten(
    blocks: Iterable[str], dialect: Dialect, skipped_lines: int = 0, *, whole: bool = True
) -> Iterator[bytes]:
    """The same rows with commas and decimal points, a line for each line.

    `blocks` begin after a sep= line, which took `skipped_lines` lines; with `whole` unset, the last row may be cut off
    and is left out. Raises UnreadableTable with the line at fault.
    """
    csv.field_size_limit(2 * MAX_ROW_CHARACTERS)
    lines = Lines(blocks, skipped_lines)
    reader = csv.reader(lines, delimiter=dialect.outer)
    buffer = io.StringIO(newline="")
    # The csv module quotes a cell with a lone \r only if its line end contains one.
    write = csv.writer(buffer, lineterminator="\r\n").writerow
    last: list[str] = []
    for row in reader if whole else _but_last(reader):
        last = lines.take_row()
        write(with_points(dialect.cells(row), dialect))
        if buffer.tell() > _OUT_CHARACTERS:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    if whole and (offset := open_quote(last, dialect.outer)) is not None:
        line = lines.count - len(last) + 1 + offset
        raise UnreadableTable(f"Line {line}: a quote is opened and never closed.")
    yield buffer.getvalue().encode()


def _but_last(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """All rows but the last, which may have been cut off."""
    return (before for before, _ in pairwise(rows))


def with_points(row: list[str], dialect: Dialect) -> list[str]:
    """The row with decimal points for decimal commas, where the meaning is certain.

    "1,324" may be either kind of number, unless the file has decimal commas elsewhere.
    """
    for place in dialect.numbers:
        if place < len(row) and ("," in row[place] or "." in row[place]):
            row[place] = _with_point(row[place], decimal_commas=dialect.decimal_commas)
    return row


def _with_point(cell: str, *, decimal_commas: bool) -> str:
    certain = _DECIMAL_COMMA(cell) or _POINTS_AND_COMMA(cell)
    if certain or (decimal_commas and (_THREE_DECIMALS(cell) or _POINTS(cell))):
        return cell.replace(".", "").replace(",", ".")
    return cell
