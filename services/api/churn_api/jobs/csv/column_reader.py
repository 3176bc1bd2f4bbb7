"""A chunk's rows as columns, at the speed of reading the file: which rows are surely fine, and their customers.

No rule is written twice: what a text means for a category is asked of `customer.reading`, once per different text, and
the cross-field rules are its tables. Any doubt leaves a row to `customer.reading` itself.
"""

import io
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.customer.declaration import CATEGORIES, FIELDS, ID, IMPLIED, Customer
from churn.customer.fields import Number
from churn.customer.reading import MAX_ID_LENGTH, SETTLED, absent_total, may_be_thousands
from churn.customer.spellings import code_of, is_absent
from churn_api.jobs.csv import rows
from churn_api.jobs.csv.column_groups import SEPARATOR, Run, joined, runs
from churn_api.jobs.csv.reader import ChunkReader

NUMBERS = {name: field for name, field in FIELDS.items() if isinstance(field, Number)}

# What stands in place of a code.
_ABSENT, _DOUBTFUL = -1, -2

_BOM = "\ufeff".encode()

Codes = NDArray[np.int8]
Flags = NDArray[np.bool_]
Amounts = NDArray[np.float64]


class Table(NamedTuple):
    """n rows: `customers` holds arrays that mean something where `sure` is True, `ids` texts or nulls; `plain` tells
    whether there is nothing but printable ASCII in any row. `derived` tells of which
    rows nobody stated TotalCharges."""

    customers: Customer
    ids: pl.Series
    sure: Flags
    plain: bool
    derived: Flags


def read_table(sheet: ChunkReader, columns: tuple[str, ...]) -> Table:
    """The table; `columns` are the fields of the file's columns, "" for one that has none."""
    columns = tuple(name or f"-{place}" for place, name in enumerate(columns))
    parsed = _parsed(sheet, columns)
    frame, count = parsed.frame, len(parsed.frame)
    sure = np.ones(count, np.bool_)
    arrays: dict[str, Any] = {
        name: _amounts(frame[name]) if name in columns else np.full(count, np.nan) for name in NUMBERS
    }
    derived = _fill_totals(arrays, sheet, columns.index("TotalCharges") if "TotalCharges" in columns else None)
    sure &= ~may_be_thousands(arrays["TotalCharges"], arrays["tenure"], arrays["MonthlyCharges"])
    for name, field in NUMBERS.items():
        sure &= _in_range(arrays[name], field)
        arrays[name] += 0.0  # nought has no sign
    for run in parsed.runs:
        if run[0] in CATEGORIES:
            arrays |= zip(run, _codes(run, frame[run[0]]), strict=True)
    arrays |= {name: np.full(count, _ABSENT, np.int8) for name in CATEGORIES if name not in arrays}
    for name, rule in IMPLIED.items():
        arrays[name] = _settle(name, arrays[rule.field], arrays[name])
    for name in CATEGORIES:
        sure &= arrays[name] >= 0
    if not parsed.whole:
        # A row with too few cells lacks its last one.
        sure &= frame[columns[-1]].is_not_null().to_numpy()
    ids = frame[ID] if ID in columns else pl.Series(ID, [None], pl.String).new_from_index(0, count)
    plain = rows.is_plain(sheet.lines, sheet.count)
    sure &= _sure_ids(ids, plain)
    if sheet.lines.startswith(_BOM):
        sure[0] = False  # polars leaves it out
    return Table(Customer(**arrays), ids, sure, plain, derived)


class _Parsed(NamedTuple):
    """A column for each run, under the name of the run's first; `whole` if each row has all of its cells."""

    frame: pl.DataFrame
    runs: Sequence[Run]
    whole: bool


def _parsed(sheet: ChunkReader, columns: tuple[str, ...]) -> _Parsed:
    together, alone = runs(columns), [(column,) for column in columns]
    lines = joined(sheet.lines, together)
    if lines is not None:
        with suppress(pl.exceptions.PolarsError):
            return _Parsed(_frame(lines, together), together, whole=True)
    try:
        frame = _frame(sheet.lines, alone)
    except pl.exceptions.PolarsError:
        frame = _frame(sheet.even(), alone)
    return _Parsed(frame, alone, whole=False)


def _frame(lines: bytes | io.BytesIO, columns: Sequence[Run]) -> pl.DataFrame:
    schema = {run[0]: _kind(run[0]) for run in columns}
    if not lines:
        return pl.DataFrame(schema=schema)
    return pl.read_csv(lines, has_header=False, schema=schema, quote_char=None, ignore_errors=True)


def _kind(name: str) -> Any:
    if name in NUMBERS:
        return pl.Float64
    return pl.Categorical(pl.Categories.random()) if name in CATEGORIES else pl.String


def _amounts(column: pl.Series) -> Amounts:
    """The numbers, NaN where there is none."""
    amounts: Amounts = column.to_numpy(writable=True)
    return amounts


def _fill_totals(arrays: dict[str, Any], sheet: ChunkReader, position: int | None) -> Flags:
    """Put what is meant into TotalCharges where its cell says nothing, or there is no column of it; returns where."""
    totals = arrays["TotalCharges"]
    blank = np.flatnonzero(np.isnan(totals)).tolist()
    if position is not None:
        blank = [row for row in blank if is_absent("TotalCharges", "".join(sheet.cells(row)[position : position + 1]))]
    totals[blank] = absent_total(arrays["tenure"][blank], arrays["MonthlyCharges"][blank])
    derived = np.zeros(len(totals), np.bool_)
    derived[blank] = True
    return derived


def _in_range(amounts: Amounts, field: Number) -> Flags:
    fine: Flags = (amounts >= field.low) & (amounts <= field.high)
    return fine & (amounts == np.floor(amounts)) if field.whole else fine


def _codes(run: Run, column: pl.Series) -> list[Codes]:
    """The codes of each field of a run."""
    places = column.to_physical()
    texts = _texts(column)
    held = b"".join(_run_codes(run, text) for text in texts) + bytes(len(run) * [_ABSENT & 0xFF])
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
def _run_codes(run: Run, text: str) -> bytes:
    """The codes of a run's fields, a byte each."""
    cells = text.split(SEPARATOR)
    fine = len(cells) == len(run)
    codes = map(_code, run, cells) if fine else [_DOUBTFUL] * len(run)
    return bytes(code & 0xFF for code in codes)


@lru_cache(16_384)
def _code(name: str, text: str) -> int:
    """What `customer.reading` makes of this text for this category, without a fault's words, which cost far more."""
    if is_absent(name, text):
        return _ABSENT
    code = code_of(name, text)
    return _DOUBTFUL if code is None else code


def _settle(name: str, parents: Codes, held: Codes) -> Codes:
    """What a cross-field rule makes of the codes of the implying and of the implied field."""
    table = _settled(name)
    # One index into the flat table is four times as fast as two into the square one; codes begin at -2.
    places = (parents + np.int8(2)) * np.int8(table.shape[1]) + (held + np.int8(2))
    return table.ravel().take(places)


@lru_cache
def _settled(name: str) -> Codes:
    """churn.customer.reading's table of a cross-field rule, by the codes of both fields and two."""
    parents, values = CATEGORIES[IMPLIED[name].field].names, CATEGORIES[name].names
    table = np.full((len(parents) + 2, len(values) + 2), _DOUBTFUL, np.int8)
    for (parent, held), settled in SETTLED[name].items():
        table[parent + 2, (_ABSENT if held is None else held) + 2] = settled
    return table


def _sure_ids(ids: pl.Series, plain: bool) -> Flags:
    """Which ids are absent, or short printable texts without outer blanks."""
    if plain:
        fine = (ids.str.len_bytes() <= MAX_ID_LENGTH) & ~ids.str.starts_with(" ") & ~ids.str.ends_with(" ")
    else:
        fine = ids.str.contains(rf"^[!-~]([ -~]{{0,{MAX_ID_LENGTH - 2}}}[!-~])?$")
    return fine.fill_null(value=True).to_numpy()
