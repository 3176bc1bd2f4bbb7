"""Reading the rows of a chunk as columns, about as fast as the file itself: which are valid, and their customers.

No rule is written twice: `churn.customer.spellings` tells what a text means in a category, once per different text, and
the cross-field rules are the schema's tables. A row with any doubt is left to `churn.customer.reading`.
"""

import io
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.customer.declaration import Customer
from churn.customer.fields import Number
from churn.customer.numbers import meant
from churn.customer.reading import MAX_ID_LENGTH, may_be_thousands
from churn.schema import Schema
from churn_api.jobs.csv import rows
from churn_api.jobs.csv.column_groups import SEPARATOR, Run, joined, runs
from churn_api.jobs.csv.reader import ChunkReader

# In place of codes: no value, and a text that is not understood or a contradiction.
_ABSENT, _DOUBTFUL = -1, -2

# Longer texts are no neighbouring values; remembering what they mean would take more than there is.
_MAX_TEXT = 4096

_BOM = "\ufeff".encode()

Codes = NDArray[np.int8]
Flags = NDArray[np.bool_]
Amounts = NDArray[np.float64]


class Table(NamedTuple):
    """n rows as columns, each of shape (n,).

    `sure` is True for rows that are certainly valid; the arrays in `customers` are meaningful for these only. `ids` are
    texts or nulls. `plain` is whether all rows are printable ASCII. `derived` is True where the number that is computed
    from others was absent.
    """

    customers: Customer
    ids: pl.Series
    sure: Flags
    plain: bool
    derived: Flags


def read_table(schema: Schema, sheet: ChunkReader, columns: tuple[str, ...]) -> Table:
    """The rows of a chunk; `columns` are the fields of the file's columns, "" for a column without a field."""
    columns = tuple(name or f" {place}" for place, name in enumerate(columns))  # no field begins with a blank
    parsed = _parsed(schema, sheet, columns)
    frame, count = parsed.frame, len(parsed.frame)
    sure = np.ones(count, np.bool_)
    arrays: dict[str, Any] = {name: _amounts(schema, name, frame) for name in schema.numbers}
    derived = np.zeros(count, np.bool_)
    if schema.product:
        name, (first, second) = schema.product[0], schema.product[1].factors
        expected = arrays[first] * arrays[second]
        blank = _absent_rows(schema, name, arrays[name], sheet, columns)
        arrays[name][blank], derived[blank] = expected[blank], True
        sure &= ~may_be_thousands(arrays[name], expected)
    for name, field in schema.numbers.items():
        fine = _in_range(arrays[name], field)
        # Without a column nothing is known of a number, which is something else than that it is blank.
        if field.blank_is_value and name in columns:
            fine |= _is_blank(schema, name, frame[name], arrays[name])
        sure &= fine
        arrays[name] += 0.0  # nought has no sign
    for run in parsed.runs:
        if run[0] in schema.categories:
            arrays |= zip(run, _codes(schema, run, frame[run[0]]), strict=True)
    arrays |= {name: np.full(count, _ABSENT, np.int8) for name in schema.categories if name not in arrays}
    for name, rule in schema.implied.items():
        arrays[name] = _settle(_settled(schema, name), arrays[rule.field], arrays[name])
    for name in schema.categories:
        sure &= arrays[name] >= 0
    if not parsed.whole:
        # In a row with too few cells, the last one is null.
        sure &= frame[columns[-1]].is_not_null().to_numpy()
    ids = frame[schema.id] if schema.id in columns else pl.Series(schema.id, [None], pl.String).new_from_index(0, count)
    plain = rows.is_plain(sheet.lines, sheet.count)
    sure &= _sure_ids(ids, plain)
    if sheet.lines.startswith(_BOM):
        sure[0] = False  # polars leaves it out
    return Table(schema.customer(map(arrays.get, schema.fields)), ids, sure, plain, derived)


class _Parsed(NamedTuple):
    """A column for each run, under the name of the run's first; `whole` if each row has all of its cells."""

    frame: pl.DataFrame
    runs: Sequence[Run]
    whole: bool


def _parsed(schema: Schema, sheet: ChunkReader, columns: tuple[str, ...]) -> _Parsed:
    together, alone = runs(schema, columns), [(column,) for column in columns]
    lines = joined(sheet.lines, together)
    if lines is not None:
        with suppress(pl.exceptions.PolarsError):
            return _Parsed(_frame(schema, lines, together), together, whole=True)
    try:
        frame = _frame(schema, sheet.lines, alone)
    except pl.exceptions.PolarsError:
        frame = _frame(schema, sheet.even(), alone)
    return _Parsed(frame, alone, whole=False)


def _frame(schema: Schema, lines: bytes | io.BytesIO, columns: Sequence[Run]) -> pl.DataFrame:
    kinds = {run[0]: _kind(schema, run[0]) for run in columns}
    if not lines:
        return pl.DataFrame(schema=kinds)
    return pl.read_csv(lines, has_header=False, schema=kinds, quote_char=None, ignore_errors=True)


def _kind(schema: Schema, name: str) -> Any:
    if name in schema.numbers:
        # Where a blank is a value, it must be told from what is no number, as numbers that mean a blank from others.
        return pl.String if schema.numbers[name].blank_is_value or _blank_numbers(schema, name) else pl.Float64
    return pl.Categorical(pl.Categories.random()) if name in schema.categories else pl.String


def _amounts(schema: Schema, name: str, frame: pl.DataFrame) -> Amounts:
    """The numbers of a field, NaN where there is none."""
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    column = frame[name]
    amounts: Amounts = column.cast(pl.Float64, strict=False).to_numpy(writable=True)
    if blanks := _blank_numbers(schema, name):
        amounts[column.str.to_lowercase().is_in(blanks).fill_null(value=False).to_numpy()] = np.nan
    return amounts


def _blank_numbers(schema: Schema, name: str) -> list[str]:
    """The words for a blank that look like numbers, such as 999, in lower case."""
    return [word for word in schema.spellings.absent_words(name) if meant(word, "")]


def _is_blank(schema: Schema, name: str, texts: pl.Series, amounts: Amounts) -> Flags:
    """Whether a number is blank, rather than a number or a text that is none."""
    unread = np.isnan(amounts)
    told = texts.filter(pl.Series(unread)).fill_null("")
    blanks = [text for text in told.unique().to_list() if schema.spellings.is_absent(name, text)]
    found = unread.copy()
    found[unread] = told.is_in(blanks).to_numpy()
    return found


def _absent_rows(
    schema: Schema, name: str, amounts: Amounts, sheet: ChunkReader, columns: tuple[str, ...]
) -> list[int]:
    """The numbers of the rows without a value of this number; all rows if the file has no column for it."""
    blank: list[int] = np.flatnonzero(np.isnan(amounts)).tolist()
    if name not in columns:
        return blank
    place, is_absent = columns.index(name), schema.spellings.is_absent
    return [row for row in blank if is_absent(name, "".join(sheet.cells(row)[place : place + 1]))]


def _in_range(amounts: Amounts, field: Number) -> Flags:
    fine: Flags = (amounts >= field.low) & (amounts <= field.high)
    return fine & (amounts == np.floor(amounts)) if field.whole else fine


def _codes(schema: Schema, run: Run, column: pl.Series) -> list[Codes]:
    """The codes of each field of a run, each an array of shape (n,)."""
    places = column.to_physical()
    texts = _texts(column)
    doubtful, blank = bytes(len(run) * [_DOUBTFUL & 0xFF]), _run_codes(schema, run, SEPARATOR * (len(run) - 1))
    codes = (_run_codes(schema, run, text) if len(text) <= _MAX_TEXT else doubtful for text in texts)
    held = b"".join((*codes, blank))
    if places.null_count():
        places = places.fill_null(len(texts))
    tables = np.frombuffer(held, np.int8).reshape(-1, len(run)).T.copy()
    numbers = places.to_numpy()
    return [table.take(numbers) for table in tables]


def _texts(column: pl.Series) -> list[str]:
    """The texts of a categorical column in the order of their physical codes."""
    highest = column.to_physical().max()
    count = highest + 1 if isinstance(highest, int) else 0
    return pl.Series(range(count), dtype=pl.UInt32).cat.to(column.dtype).cast(pl.String).to_list()


@lru_cache(16_384)
def _run_codes(schema: Schema, run: Run, text: str) -> bytes:
    """The codes of a run's fields in the text of their joined cells, one byte each."""
    cells = text.split(SEPARATOR)
    fine = len(cells) == len(run)
    codes = [_code(schema, *pair) for pair in zip(run, cells, strict=True)] if fine else [_DOUBTFUL] * len(run)
    return bytes(code & 0xFF for code in codes)


@lru_cache(16_384)
def _code(schema: Schema, name: str, text: str) -> int:
    """The code that a Reader reads from this text, _ABSENT or _DOUBTFUL; without messages, so it is faster."""
    if schema.spellings.is_absent(name, text):
        return int(schema.spellings.blanks.get(name, _ABSENT))
    code = schema.spellings.code_of(name, text)
    return _DOUBTFUL if code is None else code


def _settle(table: Codes, parents: Codes, held: Codes) -> Codes:
    """The codes of an implied field after its cross-field rule, from `parents`, those of the implying field."""
    # Bytes are faster, if they can hold the indices of the table.
    number = np.int8 if table.size <= np.iinfo(np.int8).max else np.int16
    # One index into the flat table is four times as fast as two into the square one; codes begin at -2.
    places = (parents + number(2)) * number(table.shape[1]) + (held + number(2))
    return table.ravel().take(places)


@lru_cache(128)
def _settled(schema: Schema, name: str) -> Codes:
    """The schema's table of a cross-field rule as an array, indexed by the codes of both fields plus two."""
    parents, values = schema.categories[schema.implied[name].field].names, schema.categories[name].names
    table = np.full((len(parents) + 2, len(values) + 2), _DOUBTFUL, np.int8)
    for (parent, held), settled in schema.settled[name].items():
        table[parent + 2, (_ABSENT if held is None else held) + 2] = settled
    return table


def _sure_ids(ids: pl.Series, plain: bool) -> Flags:
    """Which ids are absent, or short printable texts without outer blanks."""
    if plain:
        fine = (ids.str.len_bytes() <= MAX_ID_LENGTH) & ~ids.str.starts_with(" ") & ~ids.str.ends_with(" ")
    else:
        fine = ids.str.contains(rf"^[!-~]([ -~]{{0,{MAX_ID_LENGTH - 2}}}[!-~])?$")
    return fine.fill_null(value=True).to_numpy()
