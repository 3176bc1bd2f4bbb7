"""Folding outcomes agrees with reading them one after the other, in whatever order they lie in the store."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.tracking.outcomes import COLUMNS, fold

Row = dict[str, Any]

FIRST_DAY = date(2026, 11, 1)
RECEIVED = datetime(2026, 11, 28, tzinfo=UTC)


def left(day: int, **others: Any) -> Row:
    return {"customer_id": "A", "left_at": FIRST_DAY + timedelta(day), **others}


def stayed(day: int, **others: Any) -> Row:
    return {"customer_id": "A", "stayed_until": FIRST_DAY + timedelta(day), **others}


def table(rows: Sequence[Row]) -> pl.DataFrame:
    """The rows as they were received, one second after the other."""
    moments = ({"received_at": RECEIVED + timedelta(seconds=place), "row": 1} for place in range(len(rows)))
    return pl.DataFrame([moment | row for moment, row in zip(moments, rows, strict=True)], COLUMNS)


def once(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """What the rows say; of equal ones the last one is read."""
    unique: dict[tuple[Any, ...], None] = {}
    for row in rows:
        key = tuple(row.get(name) for name in COLUMNS if name not in ("received_at", "row"))
        unique.pop(key, None)
        unique[key] = None
    return list(unique)


def one_by_one(rows: Sequence[Row]) -> tuple[dict[str, tuple[date | None, date | None]], dict[str, int]]:
    """The dates of each customer, and the counts."""
    unique = once(rows)
    gone: dict[str, date | None] = {}
    stays: dict[str, list[date]] = {}
    corrections = contradictions = 0
    for customer, left_at, stayed_until, *_ in unique:
        gone.setdefault(customer, None)
        held = stays.setdefault(customer, [])
        if left_at is not None:
            contradictions += any(day > left_at for day in held)
            gone[customer] = left_at
        else:
            held.append(stayed_until)
            before = gone[customer]
            if before is not None and stayed_until > before:
                corrections += 1
                gone[customer] = None
    states = {}
    for customer, left_at in gone.items():
        agreeing = [day for day in stays[customer] if left_at is None or day <= left_at]
        states[customer] = left_at, max(agreeing, default=None)
    counts = {"rows": len(rows), "customers": len(gone), "duplicates": len(rows) - len(unique)}
    return states, counts | {"corrections": corrections, "contradictions": contradictions}


DAYS = st.integers(0, 4)
ROWS = st.lists(
    st.builds(
        lambda told, day, customer, campaign: told(
            day, customer_id=customer, campaign=campaign, arm="treat" if campaign else None
        ),
        st.sampled_from([left, stayed]),
        DAYS,
        st.sampled_from("AB"),
        st.sampled_from([None, None, "spring"]),
    ),
    max_size=12,
)


@given(ROWS, st.randoms())
def test_folding_is_reading_one_row_after_the_other(rows: list[Row], random: Any) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)
    folded = fold(table(rows)[order])
    states, counts = one_by_one(rows)
    assert {customer: (left_at, until) for customer, left_at, until in folded.customers.rows()} == states
    assert folded.counts == counts
    treated = {(row["customer_id"], row["campaign"], row["arm"]) for row in rows if row["campaign"]}
    assert set(folded.treatments.drop("day").rows()) == treated
    dates = [(customer, left_at or stayed_until) for customer, left_at, stayed_until, *_ in once(rows)]
    assert sorted(folded.days.rows()) == sorted(dates)


@pytest.mark.parametrize(
    ("rows", "left_at", "stayed_until", "count"),
    [
        ([left(3), left(5)], 5, None, None),
        ([left(3), stayed(5)], None, 5, "corrections"),
        ([left(3), stayed(3)], 3, 3, None),
        ([stayed(2), stayed(5), stayed(4)], None, 5, None),
        ([stayed(2), stayed(5), left(3)], 3, 2, "contradictions"),
        ([left(3), stayed(5), left(9)], 9, 5, "corrections"),
        ([left(3), stayed(5), left(3)], 3, None, "contradictions"),
        ([left(3), left(3)], 3, None, "duplicates"),
    ],
)
def test_what_counts_of_a_customer(rows: list[Row], left_at: int | None, stayed_until: int | None, count: Any) -> None:
    folded = fold(table(rows))
    wanted = [FIRST_DAY + timedelta(day) if day is not None else None for day in (left_at, stayed_until)]
    assert folded.customers.rows() == [("A", *wanted)]
    told = {name: number for name, number in folded.counts.items() if number and name not in ("rows", "customers")}
    assert count in told if count else not told


def test_within_one_moment_the_row_of_the_file_decides() -> None:
    rows = table([left(3, received_at=RECEIVED, row=2), stayed(5, received_at=RECEIVED, row=1)])
    assert fold(rows).customers["left_at"].to_list() == [FIRST_DAY + timedelta(3)]


def test_a_treatment_carries_the_date_of_its_outcome_once() -> None:
    rows = [left(3, campaign="spring", arm="treat"), stayed(5, campaign="spring", arm="hold_out")]
    treatments = fold(table([*rows, *rows])).treatments.sort("day")
    assert treatments.columns == ["customer_id", "campaign", "arm", "day"]
    assert treatments["day"].to_list() == [FIRST_DAY + timedelta(3), FIRST_DAY + timedelta(5)]


def test_no_outcomes_say_nothing() -> None:
    folded = fold(pl.DataFrame(schema=COLUMNS))
    assert folded.customers.is_empty()
    assert set(folded.counts.values()) == {0}
