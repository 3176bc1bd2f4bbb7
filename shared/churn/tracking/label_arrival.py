"""When it became known what became of a prediction: the moment at which the first outcome that tells it was received.

An outcome that left on a day tells what became of all predictions before that day, and one that stayed until a day what
became of those whose label window was over by then. What is sent again later, or corrected, does not move the moment.
"""

from datetime import timedelta
from typing import NamedTuple

import polars as pl

from churn.tracking.contacted import KEY
from churn.tracking.known import parts
from churn.tracking.predictions import MOMENT
from churn.tracking.scanning import TableReader


class LabelArrivals(NamedTuple):
    """Of each customer, the dates that each went beyond all that were told before, and when: key, date, received_at."""

    left: pl.DataFrame
    stayed: pl.DataFrame


def label_arrivals(reader: TableReader) -> LabelArrivals:
    """Those of all outcomes. Raises StoreUnavailable, and ObjectNotFound where files changed meanwhile."""
    tables = [(_beyond(rows, "left_at"), _beyond(rows, "stayed_until")) for rows in parts(reader)]
    left, stayed = (pl.concat(held).sort("date") for held in zip(*tables, strict=True))
    return LabelArrivals(left, stayed)


def _beyond(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    told = rows.select(KEY, "received_at", date=name).drop_nulls("date").sort("received_at", "date")
    before = pl.col("date").cum_max().shift(1).over("key")
    return told.filter((pl.col("date") > before).fill_null(value=True)).select("key", "date", "received_at")


def known_since(rows: pl.DataFrame, arrivals: LabelArrivals) -> pl.DataFrame:
    """Rows with key, day, ends and matures, as `join.aged` has them, with `known_at`: null where nobody has told.

    It is not before the row matures.
    """
    told = rows.with_row_index("place").with_columns(after=pl.col("day") + timedelta(days=1))
    for name, on, held in (("left_received", "after", arrivals.left), ("stay_received", "ends", arrivals.stayed)):
        found = held.rename({"received_at": name})
        told = told.sort(on).join_asof(
            found, left_on=on, right_on="date", by="key", strategy="forward", check_sortedness=False
        )
        told = told.drop("date", strict=False)
    first = pl.min_horizontal("left_received", "stay_received")
    known_at = pl.when(first.is_not_null()).then(pl.max_horizontal(first, pl.col("matures").cast(MOMENT)))
    added = ["place", "after", "left_received", "stay_received"]
    return told.with_columns(known_at=known_at).sort("place").drop(added)
