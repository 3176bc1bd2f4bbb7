"""A store in which a release has been serving for some months: its predictions are tracked, and outcomes are known."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.model.scoring import sigmoids
from churn.months import months_later
from churn.schema import Schema
from churn.store.interface import ObjectStore
from churn.tracking import layout, outcomes, predictions
from churn.tracking.predictions import FIELD
from churn_trainer.data.table import Table

PARQUET = "application/octet-stream"


class Month(NamedTuple):
    """Customers who were scored on a day, and who of them left on the next one."""

    day: date
    ids: list[str]
    customers: tuple[NDArray[Any], ...]
    left: NDArray[np.bool]


def month(table: Table, day: date, seed: int = 0, *, rows: int = 700, turned: bool = False, prefix: str = "") -> Month:
    """Customers like some of a table on a day, by the sample's ids with a prefix; no two of them are quite alike.

    Who leaves goes by their contract and their bills, or `turned` by these the other way.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.choice(len(table), rows, replace=False)
    customers = [np.array(column)[drawn] for column in table.customers]
    for name in ("MonthlyCharges", "TotalCharges"):
        customers[table.schema.position[name]] *= rng.uniform(1, 1.01, rows)
    bills = customers[table.schema.position["MonthlyCharges"]]
    contract = customers[table.schema.position["Contract"]]
    bills = (bills - bills.mean()) / bills.std()
    risk = sigmoids((-1.0 if turned else 1.0) * bills - 0.8 * contract - 0.5)
    return Month(day, [f"{prefix}{row:04d}-SAMPL" for row in drawn], tuple(customers), rng.random(rows) < risk)


def track(store: ObjectStore, schema: Schema, version: str, month: Month, **changes: Any) -> None:
    """Write the predictions of a month; `changes` are columns that replace others."""
    rows = len(month.ids)
    moments = pl.Series([datetime(month.day.year, month.day.month, month.day.day, 12, tzinfo=UTC)] * rows)
    scores, assumed = np.full(rows, 0.3), np.zeros(rows, np.uint8)
    held = predictions.frame(schema, version, "job", pl.Series(month.ids), moments, scores, assumed, month.customers)
    held = held.with_columns(**changes)
    key = f"{layout.PREDICTIONS}{layout.month_of(moments[0])}{month.day:%d}-{month.ids[0]}.parquet"
    store.put(key, predictions.to_bytes(held, schema.hash), content_type=PARQUET)


def report(
    store: ObjectStore,
    month: Month,
    window: int,
    told: slice = slice(None),
    received: datetime | None = None,
    **columns: Any,
) -> None:
    """Write what became of the customers of a month, or of some of them; `columns` are those of a campaign.

    It is received when the label window ends, or at the given moment.
    """
    end = months_later(month.day, window)
    received = received or datetime(end.year, end.month, end.day, tzinfo=UTC)
    rows = [
        {
            "customer_id": customer_id,
            "left_at": month.day + timedelta(days=1) if left else None,
            "stayed_until": None if left else end,
            "received_at": received,
            "row": number,
            **columns,
        }
        for number, (customer_id, left) in enumerate(zip(month.ids, month.left, strict=True), 1)
    ][told]
    table = pl.DataFrame(rows, schema_overrides=outcomes.COLUMNS, infer_schema_length=None)
    lacking = [pl.lit(None, kind).alias(name) for name, kind in outcomes.COLUMNS.items() if name not in table.columns]
    table = table.with_columns(lacking).select(*outcomes.COLUMNS)
    name = f"{month.day}-{month.ids[0]}-{told.start}-{told.stop}-{columns.get('arm')}"
    store.put(
        f"{layout.OUTCOMES}{layout.month_of(received)}{name}.parquet", outcomes.to_bytes(table), content_type=PARQUET
    )


def field(name: str) -> str:
    """The column of a field in a tracked file."""
    return FIELD + name
