"""The tracked predictions of the champion that its challenger is to score too, with what became of them.

Evidence is what became of customers from whom the challenger cannot have learned. That a prediction matured after its
training is not enough: an earlier prediction of the same customer may have taught it the same departure. So the
customer is of the test part, or was predicted after all that the challenger knows.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.months import days_of
from churn.schema import Schema
from churn.split import TEST_SHARE, id_hash, places
from churn.tracking import layout
from churn.tracking.computed import matures_on
from churn.tracking.contacted import KEY
from churn.tracking.figures import Floats
from churn.tracking.join import Known, aged, judged
from churn.tracking.predictions import COLUMNS, FIELD, columns_of
from churn.tracking.scanning import TableReader

# Rows that are read and looked at, at a time: with the fields of each they take some ten megabytes.
_ROWS = 50_000

# What is read of a prediction beside its fields.
_READ = ("scored_at", "probability")

# Outcomes: with so many every difference that matters is told. Of more, those of the same customers in every look, by
# the hash of their ids: the first would be those of a single job, or a region.
MOST_PAIRS = 50_000

# The customers who were scored within so many days; of more, the same ones in every look, by the hash of their ids.
LATELY = timedelta(days=31)
_MOST_LATELY = 10_000


class Rows(NamedTuple):
    """Customers of a schema as they were read: codes and numbers, shape (n, fields), and which of them were absent."""

    values: Floats
    absent: NDArray[np.bool_]


class Tracked(NamedTuple):
    """Predictions of the champion; both tables have the fields' columns and `probability`."""

    matured: pl.DataFrame
    """Each customer once a month, untreated, by the hash of the id; with outcome, weight and customer."""

    lately: pl.DataFrame
    """Each customer's last prediction of the last weeks."""


class Wanted(NamedTuple):
    """Whose predictions are looked at: those of this release, with its schema and its label window in months."""

    release: str
    schema: Schema
    window: int
    after: date
    """The last day of what the challenger has learned: what matured by then it has seen."""
    spares_test_part: bool
    """Whether it has learned from no customer of the test part by the hash of the id."""


def rows_of(table: pl.DataFrame, schema: Schema) -> Rows:
    """The fields of n predictions, an absent value as 0."""
    columns = [table[FIELD + name] for name in schema.fields]
    values = np.column_stack([column.fill_null(0).cast(pl.Float64).to_numpy() for column in columns])
    return Rows(values, np.column_stack([column.is_null().to_numpy() for column in columns]))


def tracked(reader: TableReader, known: Known, wanted: Wanted, today: date) -> Tracked:
    """What is tracked of the wanted release. Raises StoreUnavailable, and ObjectNotFound if a file is gone by then.

    A month of which fewer outcomes are known than not is no evidence, as in GET /quality.
    """
    fields = [FIELD + name for name in wanted.schema.fields]
    held = [*_READ, *fields]
    kinds = columns_of(wanted.schema)
    nobody = pl.DataFrame(schema={"key": pl.UInt64} | {name: kinds[name] for name in held})
    matured = judged(aged(nobody.join(known.customers, on="key"), wanted.window, today), known)
    lately = nobody.with_columns(day=pl.lit(None, pl.Date))
    for folder in reader.store.folders(layout.PREDICTIONS):
        if _is_over(folder, wanted, today):
            continue
        unknown, found, month = 0, 0, matured.clear()
        for last in _months_last(reader, folder, wanted, ["customer_id", *held]):
            rows = aged(last.join(known.customers, on="key", how="left"), wanted.window, today)
            lately = _fewest(pl.concat([lately, rows.filter(pl.col("day") > today - LATELY).select(lately.columns)]))
            is_evidence = pl.col("mature") & (pl.col("matures") > wanted.after)
            evidence = _unlearned(judged(rows.filter(is_evidence), known).filter(pl.col("weight") > 0), wanted)
            told = evidence.filter(pl.col("outcome").is_not_null()).select(month.columns)
            # All of them are counted, and no more are held than may be of use.
            unknown, found = unknown + evidence.height - told.height, found + told.height
            month = _sampled(pl.concat([month, told]))
        if found >= unknown:
            matured = _sampled(pl.concat([matured, month]))
    kept = [*fields, "probability"]
    return Tracked(matured.select(*kept, "outcome", "weight", "customer"), lately.select(kept))


def _unlearned(rows: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    """The rows of customers from whom the challenger cannot have learned."""
    is_later = pl.col("day") > wanted.after
    later = rows.filter(is_later)
    if not wanted.spares_test_part:
        return later
    earlier = rows.filter(~is_later)
    hashes = np.fromiter(map(id_hash, earlier["customer_id"]), np.uint64, earlier.height)
    return pl.concat([later, earlier.filter(places(hashes) < TEST_SHARE)])


def _is_over(folder: str, wanted: Wanted, today: date) -> bool:
    """Whether nothing of a month counts: all of it is no evidence, and is too old to be of the last weeks."""
    _, last = days_of(folder.removeprefix("month="))
    until = matures_on(last, wanted.window) if wanted.spares_test_part else last
    return until <= wanted.after and last <= today - LATELY


def _months_last(reader: TableReader, folder: str, wanted: Wanted, names: list[str]) -> Iterator[pl.DataFrame]:
    """The last prediction of each customer in a month; a large month comes in several tables, of other customers."""
    of_release = pl.col("release") == wanted.release
    keys, count = list[str](), 0
    for entry in reader.store.list(f"{layout.PREDICTIONS}{folder}/"):
        with reader.passing_over(entry.key):
            if rows := reader.table(entry.key, COLUMNS).read("release", where=of_release).height:
                keys.append(entry.key)
                count += rows
    shares = -(-count // _ROWS)
    for share in range(shares):
        found = pl.DataFrame()
        for key in keys:
            with reader.passing_over(key):
                table = reader.table(key, columns_of(wanted.schema))
                for piece in table.pieces(_ROWS, KEY, *names, where=of_release & (KEY % shares == share)):
                    found = _last(pl.concat([found, piece])) if found.width else _last(piece)
        if found.height:
            yield found


def _last(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each customer the last prediction; of two of one moment the higher one."""
    return rows.sort("scored_at", "probability").unique("key", keep="last", maintain_order=True)


def _sampled(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("key", "matures", "scored_at").head(MOST_PAIRS)


def _fewest(rows: pl.DataFrame) -> pl.DataFrame:
    return _last(rows).sort("key").head(_MOST_LATELY)
