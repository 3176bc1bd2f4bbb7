"""A customer's value is the scorer rolled forward, month for month, as a slow reading of the formula has it."""

import math
from typing import Any

import numpy as np
import pytest
from tests.bank import bank_predictor, clients
from tests.shared.campaigns.made_up_campaign import CALL
from tests.telco import TELCO, Customer, table_of

from churn.campaigns.plans import GivenValue, Plan
from churn.campaigns.value import values, values_by_window
from churn.model.predictor import Predictor
from churn.schema import load_schema


def plan(**terms: Any) -> Plan:
    return Plan((CALL,), **terms)


def slow_value(predictor: Predictor, customer: Customer, held: Plan, window: int) -> float:
    """The formula, window by window, one customer at a time."""
    survival, worth, start = 1.0, 0.0, 0
    while start < held.horizon_months:
        length = min(window, held.horizon_months - start)
        if start:
            later = customer._replace(
                tenure=min(customer.tenure + start, 100),
                TotalCharges=min(customer.TotalCharges + start * customer.MonthlyCharges, 20_000),
            )
            hazard = float(predictor.scorer.probabilities(table_of([later]))[0])
            survival *= (1 - hazard) ** (length / window)
        middle = (start + length / 2) / 12
        worth += survival * length * held.margin * customer.MonthlyCharges / (1 + held.discount) ** middle
        start += length
    return worth


@pytest.mark.parametrize(
    "held",
    [plan(), plan(horizon_months=1), plan(horizon_months=7, discount=0.0), plan(horizon_months=60, margin=1.0)],
    ids=["as by default", "one month", "a horizon that is no multiple of the window", "sixty months"],
)
def test_the_scorer_is_rolled_forward_over_the_horizon(predictor, customers, held):
    table, few = table_of(customers), customers[:40]
    by_window = values_by_window(predictor, table, predictor.scorer.probabilities(table), held)
    assert set(by_window) == {1, 3, 6}
    for window, found in by_window.items():
        assert found[:40] == pytest.approx([slow_value(predictor, customer, held, window) for customer in few])


def test_the_value_is_that_under_the_declared_window(predictor, customers):
    table = table_of(customers)
    probability = predictor.scorer.probabilities(table)
    by_window = values_by_window(predictor, table, probability, plan())
    np.testing.assert_array_equal(values(predictor, table, probability, plan()), by_window[3])


def test_a_longer_window_makes_the_same_probability_less_of_a_risk():
    rate, held = 0.2, plan(discount=0.0)
    worth = {window: sum((1 - rate) ** (start // window) for start in range(12)) for window in (1, 3, 6)}
    assert worth[1] < worth[3] < worth[6]
    schema = load_schema(TELCO.source.replace('role = "tenure"\n', ""), "customer.toml")
    assert schema.role("tenure") is None
    found = _constant(schema, np.array([rate]), np.array([70.0]), held)
    assert {window: each[0] for window, each in found.items()} == pytest.approx(
        {window: 0.3 * 70 * months for window, months in worth.items()}
    )


def _constant(schema: Any, probability: Any, bills: Any, held: Plan, **more: Any) -> Any:
    """Values where the hazard stays what it is: nothing but the bill is asked for."""

    class _Silent:
        background = type(
            "_Background", (), {"table": schema.customer(np.array([50.0, 60.0, 90.0]) for _ in schema.fields)}
        )

        def __init__(self) -> None:
            self.schema = schema

    table = schema.customer(
        bills if name == "MonthlyCharges" else np.full(len(bills), np.nan) for name in schema.fields
    )
    return values_by_window(_Silent(), table, probability, held, **more)


def test_a_customer_with_absent_fields_stays_at_todays_risk(predictor, customers):
    table = table_of(customers)
    probability = predictor.scorer.probabilities(table)
    complete = np.arange(len(customers)) % 2 == 0
    columns = [np.where(complete, column, np.nan) for column in table]
    bill = TELCO.position["MonthlyCharges"]
    columns[bill] = table[bill]
    found = values(predictor, TELCO.customer(columns), probability, plan(discount=0.0), complete=complete)
    np.testing.assert_allclose(found[complete], values(predictor, table, probability, plan(discount=0.0))[complete])
    survival = sum((1 - probability) ** window for window in range(4))
    np.testing.assert_allclose(found[~complete], (0.3 * 3 * table[bill] * survival)[~complete])


def test_the_median_bill_stands_in_for_an_unknown_one():
    schema = load_schema(TELCO.source.replace('role = "tenure"\n', ""), "customer.toml")
    found = _constant(schema, np.array([0.0]), np.array([np.nan]), plan(discount=0.0))
    assert found[3][0] == pytest.approx(12 * 0.3 * 60)


def test_a_negative_bill_is_worth_nothing():
    schema = load_schema(TELCO.source.replace('role = "tenure"\n', ""), "customer.toml")
    assert _constant(schema, np.array([0.1]), np.array([-4.0]), plan())[3][0] == 0


@pytest.mark.parametrize(
    ("unit", "step"), [("months", 3.0), ("years", 0.25), ("Days", 3 * 365.25 / 12), ("quarter", 1.0), ("moons", None)]
)
def test_a_tenure_moves_on_in_its_own_unit(predictor, customers, unit, step, monkeypatch):
    schema = load_schema(
        TELCO.source.replace('unit = "months"', f'unit = "{unit}"').replace("whole = true\n", ""), "customer.toml"
    )
    moved: list[Any] = []

    class _Scorer:
        def probabilities(self, table: Any) -> Any:
            moved.append(table[schema.position["tenure"]])
            return np.zeros(len(table[0]))

    class _Predictor:
        def __init__(self) -> None:
            self.schema, self.scorer, self.background = schema, _Scorer(), predictor.background

    table = table_of(customers[20:30])
    values(_Predictor(), table, np.full(10, 0.1), plan(horizon_months=6))
    if step is None:
        assert moved == []
    else:
        tenure = table[schema.position["tenure"]]
        np.testing.assert_allclose(moved[0], np.minimum(tenure + step, 100))


def test_a_given_amount_or_column_is_the_value(predictor, customers):
    table, probability = table_of(customers[:3]), np.full(3, 0.2)
    assert values(predictor, table, probability, plan(value=GivenValue(amount=250.0))).tolist() == [250] * 3
    column = np.array([100.0, np.nan, -5.0])
    held = plan(value=GivenValue(column="Lifetime Value"))
    assert values(predictor, table, probability, held, given=column).tolist() == [100, 0, 0]
    assert values_by_window(predictor, table, probability, held) == {}


def test_a_table_without_a_bill_is_valued_by_what_is_given():
    predictor, people = bank_predictor(), clients()
    table = predictor.schema.table_of(people)
    probability = predictor.scorer.probabilities(table)
    assert values(predictor, table, probability, plan(value=GivenValue(amount=9.0))).tolist() == [9] * len(people)
    with pytest.raises(ValueError, match="label_window_months"):
        values(predictor, table, probability, plan())


def test_values_are_finite_and_grow_with_the_margin_and_the_horizon(predictor, customers):
    table = table_of(customers)
    probability = predictor.scorer.probabilities(table)
    short, long = (values(predictor, table, probability, plan(horizon_months=months)) for months in (6, 24))
    assert np.isfinite(long).all()
    assert (long >= short - 1e-9).all()
    double = values(predictor, table, probability, plan(margin=0.6))
    np.testing.assert_allclose(double, 2 * values(predictor, table, probability, plan()))
    assert math.isclose(float(values(predictor, table_of([]), np.empty(0), plan()).sum()), 0.0)
