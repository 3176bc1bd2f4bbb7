"""Summing up who is at risk: against sums made row by row."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.bank import BANK
from tests.telco import TELCO

from churn.schema import load_schema
from churn.tracking import daily
from churn.tracking.reference import FieldReference, Reference, number_bins
from churn.tracking.risk_sums import columns_needed, sums_of

CONTRACTS = ("Month-to-month", "One year", "Two year")


def table(n: int, seed: int = 1) -> tuple[dict[str, pl.Series], Any]:
    rng = np.random.default_rng(seed)
    contracts = pl.Series([None if code == 3 else int(code) for code in rng.integers(0, 4, n)], dtype=pl.Int16)
    bills = pl.Series([None if rng.random() < 0.1 else round(float(bill), 2) for bill in rng.uniform(20, 120, n)])
    return {"Contract": contracts, "MonthlyCharges": bills}, rng.random(n)


def test_sums_are_those_of_the_rows() -> None:
    columns, probabilities = table(500)
    found = sums_of(TELCO, columns, probabilities, None)
    rows = list(zip(columns["Contract"], columns["MonthlyCharges"], probabilities, strict=True))
    assert found["without_value"] == sum(bill is None for _, bill, _ in rows)
    assert (found["currency"], found["monthly_value"]) == ("$", "Monthly charges")
    [segment] = found["segments"]
    assert [each["label"] for each in segment["groups"]] == [*CONTRACTS, "Not known"]
    for code, each in enumerate(segment["groups"]):
        chosen = [row for row in rows if (3 if row[0] is None else row[0]) == code]
        assert each["customers"] == len(chosen)
        assert each["at_risk"] == sum(row[2] >= 0.6 for row in chosen)
        assert each["probability"] == pytest.approx(sum(row[2] for row in chosen))
        assert each["money"] == pytest.approx(sum(12 * row[2] * (row[1] or 0) for row in chosen))
    for name in ("customers", "at_risk", "probability", "money"):
        for groups in (found["bands"], segment["groups"]):
            assert sum(each[name] for each in groups) == pytest.approx(found["total"][name])  # type: ignore[literal-required]


def test_bands_end_where_answers_say() -> None:
    columns = {"Contract": pl.Series([0] * 5, dtype=pl.Int16), "MonthlyCharges": pl.Series([1.0] * 5)}
    found = sums_of(TELCO, columns, np.array([0.0, 0.2999, 0.3, 0.6, 1.0]), None)
    assert [(each["value"], each["customers"]) for each in found["bands"]] == [("low", 2), ("medium", 1), ("high", 2)]
    assert found["total"]["at_risk"] == 2


def test_parts_add_up_to_the_whole() -> None:
    columns, probabilities = table(300)
    whole = sums_of(TELCO, columns, probabilities, None)
    parts = [
        sums_of(TELCO, {name: column[a:b] for name, column in columns.items()}, probabilities[a:b], None)
        for a, b in ((0, 100), (100, 100), (100, 300))
    ]
    found = daily.merged(parts)
    assert found is not None
    assert found["total"] == pytest.approx(whole["total"])
    assert found["without_value"] == whole["without_value"]
    for mine, theirs in zip(found["segments"][0]["groups"], whole["segments"][0]["groups"], strict=True):
        assert mine["customers"] == theirs["customers"]
        assert mine["money"] == pytest.approx(theirs["money"])


def test_without_a_monthly_value_customers_alone_are_counted() -> None:
    bank = load_schema(BANK.source.replace("currency", 'segments = ["Card Kind"]\ncurrency', 1), "customer.toml")
    assert columns_needed(bank) == {"Card Kind"}
    found = sums_of(bank, {"Card Kind": pl.Series([0, 1, 1], dtype=pl.Int16)}, np.array([0.1, 0.7, 0.9]), None)
    assert found["monthly_value"] is None
    assert found["total"] == {"customers": 3, "at_risk": 2, "probability": pytest.approx(1.7), "money": None}
    assert {each["money"] for each in (*found["bands"], *found["segments"][0]["groups"])} == {None}
    assert found["without_value"] == 0


def test_a_number_is_grouped_by_the_bins_of_the_reference() -> None:
    schema = load_schema(TELCO.source.replace('segments = ["Contract"]', 'segments = ["tenure"]'), "customer.toml")
    columns = {"tenure": pl.Series([0.0, 12.0, 13.0, 40.0, None]), "MonthlyCharges": pl.Series([10.0] * 5)}
    probabilities = np.full(5, 0.5)
    assert sums_of(schema, columns, probabilities, None)["segments"] == []
    bins = number_bins((12.0, 36.0), blank=False, whole=True)
    reference = Reference({"tenure": FieldReference((12.0, 36.0), bins, (1, 1, 1, 0), 3.0)})
    [segment] = sums_of(schema, columns, probabilities, reference)["segments"]
    assert [(each["label"], each["customers"]) for each in segment["groups"]] == [
        ("≤ 12 months", 2),
        ("13–36 months", 1),
        ("> 36 months", 1),
        ("Not known", 1),
    ]
