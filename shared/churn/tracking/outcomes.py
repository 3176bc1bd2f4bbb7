"""The table of outcomes: a row for each outcome that came in, in Parquet, in the order in which they came in."""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import polars as pl

from churn.tracking import tables

VERSION = "1"

COLUMNS = tables.OUTCOMES

ORDER = ("received_at", "row")
"""The columns by which rows are ordered; the others are what a row says."""


def frame(rows: Sequence[tuple[Any, ...]], received: Sequence[datetime], numbers: Sequence[int]) -> pl.DataFrame:
    """The table of n rows as they were read: n tuples of what each says, the moments of receipt, the rows' numbers."""
    told = [name for name in COLUMNS if name not in ORDER]
    columns = [
        pl.Series(name, values, COLUMNS[name]) for name, values in zip(told, zip(*rows, strict=True), strict=True)
    ]
    moments = pl.Series("received_at", received).cast(COLUMNS["received_at"])
    return pl.DataFrame([*columns, moments, pl.Series("row", numbers, pl.UInt32)]).select(list(COLUMNS))


def to_bytes(table: pl.DataFrame) -> bytes:
    """The table as a Parquet file."""
    target = io.BytesIO()
    table.write_parquet(target, compression="zstd", metadata={"version": VERSION})
    return target.getvalue()


class Folded(NamedTuple):
    """What rows of outcomes say of each customer, after those that later ones replace."""

    customers: pl.DataFrame
    """customer_id, left_at, stayed_until: one row for each customer, and at least one of the dates."""

    treatments: pl.DataFrame
    """customer_id, campaign, arm, day: who was treated or held out, and the date of the outcome that says so."""

    days: pl.DataFrame
    """customer_id, day: the date of each row that did not come again."""

    counts: dict[str, int]
    """rows; customers; duplicates: rows that came again; corrections: leavings that a later row takes back;
    contradictions: leavings before a day until which an earlier row had the customer stay."""


def fold(rows: pl.DataFrame) -> Folded:
    """Fold rows with COLUMNS, in any order, into what counts: by the moment they were received, then as their files go.

    A row that came more than once counts where it came last. A left_at replaces an earlier one; a later stayed_until
    behind it takes it back; a later left_at before a stayed_until wins, and what it contradicts is no longer in force.
    """
    same = [name for name in COLUMNS if name not in ORDER]
    unique = rows.sort(ORDER, maintain_order=True).unique(same, keep="last", maintain_order=True)
    told = unique.select(
        "customer_id",
        "left_at",
        "stayed_until",
        leaving=pl.col("left_at").is_not_null().cum_sum().over("customer_id"),
        left=pl.col("left_at").forward_fill().over("customer_id"),
        stayed=pl.col("stayed_until").cum_max().forward_fill().over("customer_id"),
    )
    # What was said from one leaving to the next: before a customer's first one `left` is null.
    leavings = told.group_by("customer_id", "leaving", "left").agg(
        taken_back=(pl.col("stayed_until") > pl.col("left")).any(),
    )
    last = leavings.sort("leaving").unique("customer_id", keep="last").filter(~pl.col("taken_back"))
    stays = told.join(last.select("customer_id", in_force="left"), on="customer_id", how="left")
    agrees = pl.col("in_force").is_null() | (pl.col("stayed_until") <= pl.col("in_force"))
    customers = stays.group_by("customer_id").agg(
        left_at=pl.col("in_force").first(), stayed_until=pl.col("stayed_until").filter(agrees).max()
    )
    day = pl.coalesce("left_at", "stayed_until").alias("day")
    treatments = unique.filter(pl.col("campaign").is_not_null()).select("customer_id", "campaign", "arm", day).unique()
    return Folded(
        customers,
        treatments,
        unique.select("customer_id", day),
        {
            "rows": rows.height,
            "customers": customers.height,
            "duplicates": rows.height - unique.height,
            "corrections": leavings.filter("taken_back").height,
            "contradictions": told.filter(pl.col("left_at") < pl.col("stayed")).height,
        },
    )
