"""When it became known what became of a prediction."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from churn.tracking import layout, outcomes
from churn.tracking.contacted import KEY
from churn.tracking.join import aged
from churn.tracking.label_arrival import known_since, label_arrivals
from churn.tracking.scanning import TableReader

SCORED = datetime(2026, 1, 10, 12, tzinfo=UTC)
LEFT, STAYED = date(2026, 1, 20), date(2026, 2, 10)
MATURE = datetime(2026, 2, 17, tzinfo=UTC)


def at(day: int, month: int = 3) -> datetime:
    return datetime(2026, month, day, 9, tzinfo=UTC)


def known_at(store: Any, *told: dict[str, Any]) -> datetime | None:
    """Since when it is known what became of one prediction of a window of a month."""
    rows = [{"customer_id": "A", "row": number, **row} for number, row in enumerate(told, 1)]
    rows.append({"customer_id": "B", "row": 0, "stayed_until": STAYED, "received_at": at(1)})
    table = pl.DataFrame(rows, schema=outcomes.COLUMNS)
    store.put(f"{layout.OUTCOMES}month=2026-03/a.parquet", outcomes.to_bytes(table), content_type="application/parquet")
    made = pl.DataFrame({"customer_id": ["A"], "scored_at": [SCORED]}).with_columns(KEY)
    rows_of = aged(made.with_columns(pl.col("scored_at").cast(pl.Datetime("us", "UTC"))), 1, date(2026, 5, 1))
    (found,) = known_since(rows_of, label_arrivals(TableReader(store)))["known_at"].to_list()
    return found


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ([{"left_at": LEFT, "received_at": at(5)}], at(5)),
        ([{"left_at": LEFT, "received_at": at(21, 1)}], MATURE),
        ([{"stayed_until": STAYED, "received_at": at(5)}], at(5)),
        ([{"stayed_until": LEFT, "received_at": at(5)}], None),
        ([{"stayed_until": LEFT, "received_at": at(5)}, {"stayed_until": STAYED, "received_at": at(6)}], at(6)),
        ([{"left_at": LEFT, "received_at": at(5)}, {"left_at": LEFT, "received_at": at(6)}], at(5)),
        ([{"stayed_until": STAYED, "received_at": at(5)}, {"left_at": LEFT, "received_at": at(6)}], at(5)),
        ([{"left_at": date(2026, 1, 10), "received_at": at(5)}], None),
        ([], None),
    ],
    ids=[
        "he left",
        "it was told before it was mature",
        "he stayed",
        "he stayed for a part",
        "he stayed for a part and then for the rest",
        "it was told again",
        "it was corrected",
        "he left before he was scored",
        "nobody told",
    ],
)
def test_an_outcome_is_known_since_the_first_that_told_it(store, told, wanted):
    assert known_at(store, *told) == wanted
