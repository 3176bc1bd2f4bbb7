"""Reading any table that the product reads, and some that a person has to mend first, column by column.

A table's cells are never in memory all at once: a few columns at a time are read as texts, and kept as codes.
"""

import codecs
import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.tables.errors import TableTooLarge, TooManyTables, UnreadableTable
from churn.tables.reader import TableReader
from churn_trainer.data.folder import is_readable
from churn_trainer.data.sources import chunks
from churn_trainer.errors import BrokenTable, DataNotFound
from churn_trainer.inspect.column import BLANK, Column

# What a packed file may unpack to.
_MOST_BYTES = 20_000_000_000

# Columns that are read as texts at a time: each takes some 30 bytes a row until its codes are made.
_AT_A_TIME = 8

# The start of the file in which the header is looked for.
_HEAD = 256 << 10

# What git writes at the beginning of the lines around the two sides of a conflict.
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


class Sheet(NamedTuple):
    """The columns of a table, in their order, and sentences about how it was read."""

    columns: list[Column]
    notes: list[str]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.columns[0]) if self.columns else 0


def read(path: Path) -> Sheet:
    """Read a table. Raises BrokenTable if it is none, DataNotFound and DataNotReadable without a file to read."""
    if not is_readable(path):
        raise DataNotFound("file", f"there is no {path}. Name the table's file.")
    notes: list[str] = []
    try:
        with _as_csv(path, notes) as file:
            return _sheet(file, path.name, notes)
    except (UnreadableTable, TableTooLarge, TooManyTables) as error:
        raise BrokenTable(path.name, [error.message]) from error
    except pl.exceptions.PolarsError as error:
        reason = f"It is no CSV ({str(error).splitlines()[0]}); check its quotes and separators."
        raise BrokenTable(path.name, [reason]) from error


@contextmanager
def _as_csv(path: Path, notes: list[str]) -> Iterator[Path]:
    """A file with the table as CSV with commas in UTF-8: the file itself if it is that, else a copy for a while."""
    reader = TableReader(None, _MOST_BYTES)
    with path.open("rb") as binary, tempfile.NamedTemporaryFile(suffix=".csv") as copy:
        blocks = reader.csv(chunks(binary))
        first = next(blocks, b"")
        with path.open("rb") as again:
            is_plain = again.read(len(first)) == first and b"\n" in first
        if is_plain and _is_utf8(path):
            yield path
        else:
            _write(chain([first], blocks) if not is_plain else _from_latin(path, notes), copy)
            yield Path(copy.name)
        notes += reader.notes


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            for chunk in chunks(file):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _from_latin(path: Path, notes: list[str]) -> Iterator[bytes]:
    """The text as UTF-8, read as Windows-1252, which most other files are in."""
    notes.append("The text is not UTF-8; it was read as Windows-1252. Save it as UTF-8 before it is trained on.")
    with path.open("rb") as file:
        for chunk in chunks(file):
            yield chunk.decode("cp1252", "replace").encode()


def _write(blocks: Iterable[bytes], copy: IO[bytes]) -> None:
    try:
        for block in blocks:
            copy.write(block.replace(b"\r", b"\n") if b"\n" not in block else block)
        copy.flush()
    except OSError as error:
        folder = tempfile.gettempdir()
        reason = f"There is no room for its copy in {folder} ({error.strerror}); save it as CSV with commas in UTF-8."
        raise UnreadableTable(reason) from error


def _sheet(file: Path, name: str, notes: list[str]) -> Sheet:
    before, header = _header(file, name)
    frame = pl.scan_csv(
        file,
        has_header=False,
        skip_lines=before,
        schema={str(place): pl.String for place in range(len(header))},
        truncate_ragged_lines=True,
    )
    kept = _customers(frame, header, notes, marked=before > 0)
    columns = []
    for start in range(0, len(header), _AT_A_TIME):
        places = range(start, min(start + _AT_A_TIME, len(header)))
        texts = frame.select([str(place) for place in places]).collect()
        columns += [_column(header[place], texts[str(place)].filter(kept)) for place in places]
    if not len(columns[0]):
        raise BrokenTable(name, ["It has a header and no rows."])
    usable = _described(columns, notes) & _filled(columns)
    return Sheet(_different(columns, usable, notes), notes)


def _header(file: Path, name: str) -> tuple[int, list[str]]:
    """The number of lines before the header, and the header: the first row that is no line of git's."""
    with file.open("rb") as binary:
        text = binary.read(_HEAD).decode("utf-8-sig", "replace")
    rows = csv.reader(io.StringIO(text, newline=""))
    before = 0
    for row in rows:
        cells = [cell.strip().strip("\ufeff").strip() for cell in row]
        if any(cells) and not cells[0].startswith(_CONFLICT):
            _check(cells, next(rows, []), name)
            return before, cells
        before = rows.line_num
    raise BrokenTable(name, ["It is empty; a header row and customers are needed."])


def _check(header: Sequence[str], first: Sequence[str], name: str) -> None:
    """Raises BrokenTable unless the header has a cell for each cell of the first row."""
    if len(header) == 1:
        raise BrokenTable(name, [f"Its first line is one cell ({header[0][:60]}): is it a table with a header?"])
    if any(cell.strip() for cell in first[len(header) :]):
        cells = f"{len(first)} cells and its header {len(header)}"
        raise BrokenTable(name, [f"Its first row has {cells}: a column has no name. Name every column."])


def _customers(frame: pl.LazyFrame, header: Sequence[str], notes: list[str], *, marked: bool) -> pl.Series:
    """Whether each row is a customer: no line of git's, and no second header.

    `marked` is whether lines of git's precede the header.
    """
    first = frame.select("0", "1").collect()
    texts = first["0"].fill_null("").str.strip_chars().str.strip_chars("\ufeff")
    headers = (texts == header[0]) & (first["1"].fill_null("").str.strip_chars() == header[1])
    marks = texts.str.contains("^(" + "|".join(map(re.escape, _CONFLICT)) + ")")
    if marked or marks.any():
        notes.append("It holds both sides of git's merge conflicts: resolve them before it is trained on.")
    elif headers.sum() > 1:
        notes.append(f"Its header is there {headers.sum()} times: keep the first before it is trained on.")
    return ~(headers | marks)


def _column(name: str, texts: pl.Series) -> Column:
    texts = texts.fill_null("").str.strip_chars()
    distinct = texts.unique(maintain_order=True)
    distinct = distinct.filter(distinct != "")
    codes = texts.replace_strict(
        distinct, pl.Series(range(len(distinct)), dtype=pl.Int32), default=BLANK, return_dtype=pl.Int32
    )
    return Column(name, distinct.rename(name), codes.to_numpy())


def _described(columns: list[Column], notes: list[str]) -> NDArray[np.bool_]:
    """Whether each row is a customer: the first is not if it holds words where all other rows have numbers."""
    kept = np.ones(len(columns[0]), np.bool_)
    wordy = [
        column for column in columns if column.is_numeric and not np.isfinite(column.amounts[0]) and not column.blank[0]
    ]
    numeric = [column for column in columns if column.is_numeric]
    if len(wordy) >= 2 and 2 * len(wordy) > len(numeric):
        notes.append(
            "The second line describes the columns; it was left out. Remove it before the table is trained on."
        )
        kept[0] = False
    return kept


def _filled(columns: list[Column]) -> NDArray[np.bool_]:
    """Whether each row has a cell that is not blank."""
    filled = np.zeros(len(columns[0]), np.bool_)
    for column in columns:
        filled |= ~column.blank
    return filled


def _different(columns: list[Column], kept: NDArray[np.bool_], notes: list[str]) -> list[Column]:
    """The columns without rows that say the same as an earlier one in every column but one that counts rows."""
    hashes = np.zeros(len(kept), np.uint64)
    for place, column in enumerate(columns):
        if len(column.texts) < len(kept) or not _counts_rows(column):
            hashes = (hashes ^ (column.codes.astype(np.uint64) + np.uint64(place))) * np.uint64(0x9E3779B97F4A7C15)
            hashes ^= hashes >> np.uint64(29)
    _, first = np.unique(hashes, return_index=True)
    again = kept.copy()
    again[first] = False
    if again.any():
        notes.append(
            f"{again.sum():,} rows are the same as an earlier one in every column; they were looked at once. "
            "Is each customer exported once?"
        )
    kept = kept & ~again
    return columns if kept.all() else [column.taken(kept) for column in columns]


def _counts_rows(column: Column) -> bool:
    """Whether the column is the row's number, from 0, 1 or any other number on."""
    return column.is_numeric and bool(np.all(np.diff(column.amounts) == 1))
