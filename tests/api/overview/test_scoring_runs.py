"""The last run and its change."""

import json
from typing import Any

import pytest

from churn.store.directory import DirectoryStore
from churn.tracking import daily
from churn_api.overview.scoring_runs import described, last_run


def sums(customers: int, money: float | None) -> dict[str, Any]:
    return {"customers": customers, "at_risk": customers // 10, "probability": customers / 4, "money": money}


def run(day: str, customers: int = 1000, money: float | None = 5000.0, **changes: Any) -> Any:
    part = None if money is None else money / 4
    bands = [{"value": name, "label": name.capitalize(), **sums(customers // 4, part)} for name in ("low", "medium")]
    bands.append({"value": "high", "label": "High", **sums(customers - 2 * (customers // 4), part)})
    groups = [{"value": "One year", "label": "One year", **sums(customers, money)}]
    return {
        "job": f"job_{day}",
        "filename": "customers.csv",
        "at": f"{day}T06:00:00+00:00",
        "release": "20261101_120000",
        "refused": 2,
        "currency": "$",
        "monthly_value": None if money is None else "Monthly charges",
        "without_value": 0,
        "total": sums(customers, money),
        "bands": bands,
        "segments": [{"field": "Contract", "title": "Contract", "groups": groups}],
    } | changes


def test_nothing_scored_is_no_run(store: DirectoryStore) -> None:
    assert last_run(store) is None


def test_a_first_run_has_no_change(store: DirectoryStore) -> None:
    daily.keep(store, run("2026-11-20"))
    found = last_run(store)
    assert found is not None
    assert (found.scored_at, found.total.customers, found.total.mean_probability) == (
        "2026-11-20T06:00:00+00:00",
        1000,
        0.25,
    )
    assert [band.band for band in found.bands] == ["low", "medium", "high"]
    assert found.segments[0].groups[0].money == 5000.0
    assert found.change is None


def test_the_change_is_that_since_the_last_run_of_an_earlier_day(store: DirectoryStore) -> None:
    for each in (run("2026-11-01", 5000), run("2026-11-20"), run("2026-11-27", 1200, 5600.0)):
        daily.keep(store, each)
    found = last_run(store)
    assert found is not None
    assert found.change is not None
    change = found.change
    assert (change.job, change.customers, change.at_risk, change.money) == ("job_2026-11-20", 200, 20, 600.0)
    assert [(band.band, band.customers, band.money) for band in change.bands] == [
        ("low", 50, 150.0),
        ("medium", 50, 150.0),
        ("high", 100, 150.0),
    ]
    assert "less those of 2026-11-20 (1,000 customers of customers.csv)" in change.words
    assert "Another release" not in change.words


@pytest.mark.parametrize("other", [{"currency": "€"}, {"money": None}], ids=["another currency", "no money"])
def test_money_that_cannot_be_compared_is_not(store: DirectoryStore, other: dict[str, Any]) -> None:
    daily.keep(store, run("2026-11-20", **other))
    daily.keep(store, run("2026-11-27", release="20261121_120000"))
    found = last_run(store)
    assert found is not None
    assert found.change is not None
    assert found.change.money is None
    assert {band.money for band in found.change.bands} == {None}
    assert "Another release scored them" in found.change.words


@pytest.mark.parametrize("broken", [{"bands": 3}, {"total": {"customers": 5}}, {"refused": "two"}])
def test_a_run_that_was_written_otherwise_is_none(store: DirectoryStore, broken: dict[str, Any]) -> None:
    data = json.dumps(run("2026-11-20") | broken).encode()
    store.put("tracking/daily/2026-11-20.json", data, content_type="application/json")
    assert last_run(store) is None


def test_one_customer_is_told_as_one() -> None:
    assert described(1, None) == "1 customer"
    assert described(7043, "a.csv") == "7,043 customers of a.csv"
