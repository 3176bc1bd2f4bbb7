"""A campaign in a store, as planning and starting it leave it, with its customers and what outcomes say of them."""

import io
import json
from datetime import UTC, date, datetime

import polars as pl

from churn.campaigns import contacts, layout
from churn.store.interface import ObjectStore
from churn.tracking import layout as tracking
from churn.tracking import outcomes

PLAN = {
    "offers": [
        {
            "name": "discount",
            "contact_cost": 10.0,
            "minutes": 0.0,
            "incentive": 20.0,
            "accepts": 0.1,
            "saves": {"rate": 0.3, "source": "assumed"},
        }
    ]
}


def begin(store: ObjectStore, arms: dict[str, str], campaign_id: str = "cam_1", **members: object) -> None:
    """A campaign that was started on 5 January with a label window of a month; `arms` are by customer."""
    record = {
        "name": "spring",
        "currency": "EUR",
        "label_window_months": 1,
        "started_at": "2026-01-05T10:00:00+00:00",
        "closed_at": None,
        "plan": PLAN,
    }
    count = len(arms)
    columns = {
        "row": range(count),
        "customer_id": list(arms),
        "probability": [0.4 + number % 3 / 10 for number in range(count)],
        "value": [500.0] * count,
        "offer": ["discount"] * count,
        "expected_value": [30.0] * count,
        "arm": list(arms.values()),
        "band": [("medium", "medium", "high")[number % 3] for number in range(count)],
        **{f"reason_{number}": [None] * count for number in (1, 2, 3)},
    }
    table = pl.DataFrame(columns, contacts.COLUMNS).with_columns(pl.lit("Two year").alias("segment:Contract"))
    for number, part in enumerate((table[:100], table[100:])):
        store.put(layout.contacts_part(campaign_id, number), contacts.to_bytes(part), content_type="x/y")
    put(store, layout.figures(campaign_id), {"holdout": {"share": 0.2}})
    put(store, layout.record(campaign_id), record | members)


def put(store: ObjectStore, key: str, held: object) -> None:
    """An object of JSON."""
    store.put(key, json.dumps(held).encode(), content_type="application/json")


def report(store: ObjectStore, rows: list[dict[str, object]], received: datetime = datetime(2026, 3, 1, tzinfo=UTC)):
    """Outcomes, of which each row has a customer_id, a date, and what else it says."""
    table = [
        {name: row.get(name) for name in outcomes.COLUMNS} | {"received_at": received, "row": number}
        for number, row in enumerate(rows, 1)
    ]
    target = io.BytesIO()
    pl.DataFrame(table, outcomes.COLUMNS).write_parquet(target)
    store.put(f"{tracking.OUTCOMES}month=2026-03/{received:%d%H}.parquet", target.getvalue(), content_type="x/y")


def left(customer_id: str, day: date, **others: object) -> dict[str, object]:
    """A row of a customer who left."""
    return {"customer_id": customer_id, "left_at": day, **others}


def stayed(customer_id: str, day: date, **others: object) -> dict[str, object]:
    """A row of one who stayed."""
    return {"customer_id": customer_id, "stayed_until": day, **others}
