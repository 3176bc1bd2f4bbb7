"""The outcomes that are held, read from the store and folded, a part of the customers at a time to spare memory."""

from collections import Counter
from collections.abc import Iterator
from io import BytesIO

import polars as pl

from churn.store.interface import ObjectStore
from churn.tracking.join import KEY, Known
from churn.tracking.layout import OUTCOMES
from churn.tracking.outcomes import COLUMNS, fold

# Rows that are folded at a time.
_ROWS = 50_000

_SAME = [name for name in COLUMNS if name not in ("received_at", "row")]


def known(store: ObjectStore) -> tuple[Known, dict[str, int]]:
    """What is known of customers, and the counts of rows as `fold` has them. Raises StoreUnavailable."""
    rows = pl.concat([pl.DataFrame(schema=COLUMNS).lazy(), *_files(store)])
    parts = -(-int(rows.select(pl.len()).collect().item()) // _ROWS) or 1
    counts: Counter[str] = Counter()
    tables: list[tuple[pl.DataFrame, ...]] = []
    for part in range(parts):
        mine = rows.filter(pl.col("customer_id").hash() % parts == part).collect()
        days = mine.unique(_SAME).select("customer_id", day=pl.coalesce("left_at", "stayed_until"))
        folded = fold(mine)
        counts.update(folded.counts)
        tables.append(tuple(table.select(KEY, pl.exclude("customer_id")) for table in (*folded[:2], days)))
    customers, treatments, dated = (pl.concat(held) for held in zip(*tables, strict=True))
    customers = customers.sort("key").with_row_index("customer")
    numbers = customers.select("key", "customer")
    touched = _touched(treatments.join(numbers, on="key"))
    return Known(customers, touched, dated.join(numbers, on="key").select("customer", "day")), dict(counts)


def _files(store: ObjectStore) -> Iterator[pl.LazyFrame]:
    """The files as they are in the store, a few bytes a row: a worker has as much memory for them, and less disk."""
    for entry in store.list(OUTCOMES):
        yield pl.scan_parquet(BytesIO(store.get(entry.key).data)).select(*COLUMNS)


def _touched(treatments: pl.DataFrame) -> pl.DataFrame:
    """Who took part in which campaign, as `join` wants it, from rows with customer, campaign, arm and day."""
    arms = treatments.group_by("customer", "campaign", "arm").agg(pl.col("day").max(), begins=pl.col("day").min())
    held = (pl.col("arm") == "hold_out").sum().over("campaign")
    arms = arms.with_columns(begins=pl.col("begins").min().over("campaign"), weight=pl.len().over("campaign") / held)
    return arms.select("customer", "day", "arm", "begins", "weight")
