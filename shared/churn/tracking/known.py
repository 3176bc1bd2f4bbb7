"""The outcomes that are held, read from the store and folded, a part of the customers at a time to spare memory."""

from collections import Counter
from collections.abc import Iterator
from io import BytesIO

import polars as pl

from churn.store.interface import ObjectStore
from churn.tracking.join import KEY, Known
from churn.tracking.layout import OUTCOMES
from churn.tracking.outcomes import COLUMNS, fold, to_bytes
from churn.tracking.scanning import scan

# Rows that are folded at a time, and rows that are read at a time.
_ROWS, _READ = 50_000, 100_000


def known(store: ObjectStore) -> tuple[Known, dict[str, int]]:
    """What is known of customers, and the counts of rows as `fold` has them. Raises StoreUnavailable."""
    counts: Counter[str] = Counter()
    tables: list[tuple[pl.DataFrame, ...]] = []
    for rows in _parts(store):
        folded = fold(rows)
        counts.update(folded.counts)
        tables.append(tuple(table.select(KEY, pl.exclude("customer_id")) for table in folded[:3]))
    customers, treatments, dated = (pl.concat(held) for held in zip(*tables, strict=True))
    customers = customers.sort("key").with_row_index("customer")
    numbers = customers.select("key", "customer")
    touched = _touched(treatments.join(numbers, on="key"))
    return Known(customers, touched, dated.join(numbers, on="key").select("customer", "day")), dict(counts)


def _parts(store: ObjectStore) -> Iterator[pl.DataFrame]:
    """All rows of some of the customers at a time, so that there are about _ROWS.

    Until then they are held as Parquet, a few bytes a row: a worker has as much memory for them, and less disk.
    """
    files = [scan(store, entry.key, COLUMNS).select(*COLUMNS) for entry in store.list(OUTCOMES)]
    count = sum(table.select(pl.len()).collect().item() for table in files)
    parts = [[to_bytes(pl.DataFrame(schema=COLUMNS))] for _ in range(count // _ROWS + 1)]
    for piece in _pieces(files):
        for (part,), rows in piece.group_by(pl.col("customer_id").hash() % len(parts), maintain_order=True):
            parts[int(part)].append(to_bytes(rows))
    while parts:
        yield pl.concat([pl.scan_parquet(BytesIO(data)) for data in parts.pop()]).collect()


def _pieces(files: list[pl.LazyFrame]) -> Iterator[pl.DataFrame]:
    """The rows of the files in their order, about _READ at a time: files may be as long as a year, or have one row."""
    waiting, count = list[pl.DataFrame](), 0
    for table in files:
        start = 0
        while (rows := table.slice(start, _READ).collect()).height:
            start += _READ
            waiting.append(rows)
            count += rows.height
            if count >= _READ:
                yield pl.concat(waiting)
                waiting, count = [], 0
    if waiting:
        yield pl.concat(waiting)


def _touched(treatments: pl.DataFrame) -> pl.DataFrame:
    """Who took part in which campaign, as `join` wants it, from rows with customer, campaign, arm and day."""
    arms = treatments.group_by("customer", "campaign", "arm").agg(pl.col("day").max(), begins=pl.col("day").min())
    held = (pl.col("arm") == "hold_out").sum().over("campaign")
    arms = arms.with_columns(begins=pl.col("begins").min().over("campaign"), weight=pl.len().over("campaign") / held)
    return arms.select("customer", "day", "arm", "begins", "weight")
