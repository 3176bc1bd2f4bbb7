"""The outcomes that are held, read from the store and folded, a part of the customers at a time to spare memory."""

from collections import Counter
from collections.abc import Iterator
from io import BytesIO

import polars as pl

from churn.tracking.contacted import KEY, Keys, contacted, is_among
from churn.tracking.join import Known
from churn.tracking.layout import OUTCOMES
from churn.tracking.outcomes import COLUMNS, fold, to_bytes
from churn.tracking.scanning import Table, TableReader

# Rows that are folded at a time, and rows that are read at a time.
_ROWS, _READ = 50_000, 100_000


def known(reader: TableReader) -> tuple[Known, dict[str, int]]:
    """What is known of customers, and the counts of rows as `fold` has them. Raises StoreUnavailable."""
    counts: Counter[str] = Counter()
    tables: list[tuple[pl.DataFrame, ...]] = []
    for rows in parts(reader):
        folded = fold(rows)
        counts.update(folded.counts)
        tables.append(tuple(table.select(KEY, pl.exclude("customer_id")) for table in folded[:3]))
    customers, treatments, dated = (pl.concat(held) for held in zip(*tables, strict=True))
    customers = customers.sort("key").with_row_index("customer")
    numbers = customers.select("key", "customer")
    campaigns, elsewhere = contacted(reader, treatments)
    touched = _touched(elsewhere.join(numbers, on="key"))
    days = dated.join(numbers, on="key").select("customer", "day")
    return Known(customers, touched, days, campaigns), dict(counts)


def parts(reader: TableReader, wanted: Keys | None = None) -> Iterator[pl.DataFrame]:
    """All rows of some of the customers at a time, so that there are about _ROWS: of everybody, or of the `wanted`.

    Until then they are held as Parquet, a few bytes a row: a worker has as much memory for them, and less disk. The
    keys that are wanted are in rising order. Raises ObjectNotFound where two files were made one meanwhile.
    """
    files = list[tuple[str, Table]]()
    for entry in reader.store.list(OUTCOMES):
        with reader.passing_over(entry.key):
            files.append((entry.key, reader.table(entry.key, COLUMNS)))
    count = sum(table.height for _, table in files)
    held = [[to_bytes(pl.DataFrame(schema=COLUMNS))] for _ in range(count // _ROWS + 1)]
    for piece in _pieces(reader, files):
        keys = pl.col("customer_id").hash()
        if wanted is not None:
            piece = piece.filter(is_among(piece.select(keys).to_series().to_numpy(), wanted))
        for (part,), rows in piece.group_by(keys % len(held), maintain_order=True):
            held[int(part)].append(to_bytes(rows))
    while held:
        yield pl.concat([pl.scan_parquet(BytesIO(data)) for data in held.pop()]).collect()


def _pieces(reader: TableReader, files: list[tuple[str, Table]]) -> Iterator[pl.DataFrame]:
    """The rows of the files in their order, about _READ at a time: files may be as long as a year, or have one row.

    The list is empty then, so that no file is held for longer than it is read.
    """
    waiting, count = list[pl.DataFrame](), 0
    files.reverse()
    while files:
        key, table = files.pop()
        with reader.passing_over(key):
            for rows in table.pieces(_READ, *COLUMNS):
                waiting.append(rows)
                count += rows.height
                if count >= _READ:
                    yield pl.concat(waiting)
                    waiting, count = [], 0
    if waiting:
        yield pl.concat(waiting)


def _touched(treatments: pl.DataFrame) -> pl.DataFrame:
    """Who took part in which campaign that was not started here, as `join` wants it.

    From rows with customer, campaign, arm and day.
    """
    arms = treatments.group_by("customer", "campaign", "arm").agg(pl.col("day").max(), begins=pl.col("day").min())
    held = (pl.col("arm") == "hold_out").sum().over("campaign")
    arms = arms.with_columns(begins=pl.col("begins").min().over("campaign"), weight=pl.len().over("campaign") / held)
    return arms.select("customer", "day", "arm", "begins", "weight")
