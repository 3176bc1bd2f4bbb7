"""What goes with churn."""

import math

import numpy as np
import pytest
from tests.telco import CATEGORIES, COLUMNS, FIELDS, TELCO

from churn.model.scorecard import Scorecard
from churn_trainer.data.prepare import prepare
from churn_trainer.data.table import load
from churn_trainer.evaluation.drivers import drivers
from churn_trainer.training.candidates import CANDIDATES
from churn_trainer.training.export import scorecard, serve
from churn_trainer.training.refits import refits

PRICES = {
    "InternetService_Fiber Optic": 25.0,
    "InternetService_No": -20.0,
    "TechSupport_Yes": 5.0,
    "PhoneService_Yes": 10.0,
}


def of_weights(**weights):
    """A scorecard with these weights and 0 for the rest."""
    zeros = dict.fromkeys(COLUMNS, 0.0)
    return Scorecard(TELCO, 0.0, zeros | weights, zeros, {"MonthlyCharges": PRICES})


@pytest.fixture(scope="module")
def found(fitted, prepared):
    served = serve(fitted["Logistic Regression"].model, prepared).predictor
    refitted = refits(CANDIDATES[0], prepared, 10, 20_000, scorecard)
    return drivers(served.scorer, refitted, len(prepared.split.development), prepared)


def driver(found, field, to):
    return next(one for one in found["fields"] if (one["field"], one["to"]) == (field, to))


def test_every_interval_holds_its_odds_ratio_and_the_largest_effect_is_first(found):
    for one in (*found["fields"], *found["columns"]):
        assert one["low"] <= one["odds_ratio"] <= one["high"]
        assert one["direction"] == ("raises" if one["odds_ratio"] > 1 else "lowers")
    sizes = [abs(math.log(one["odds_ratio"])) for one in found["fields"]]
    assert sizes == sorted(sizes, reverse=True)


def test_every_field_but_the_total_that_follows_from_others_has_a_driver(found):
    assert {one["field"] for one in found["fields"]} == set(FIELDS) - {"TotalCharges"}
    assert {one["column"] for one in found["columns"]} == set(COLUMNS)


def test_a_driver_of_one_column_is_its_weight(found, fitted, prepared):
    weight = fitted["Logistic Regression"].model.coef_[0][COLUMNS.index("SeniorCitizen_Yes")]
    scale = prepared.scaler.scale_[COLUMNS.index("SeniorCitizen_Yes")]
    assert driver(found, "SeniorCitizen", "1")["log_odds"] == pytest.approx(weight / scale)


def test_an_interval_is_of_two_standard_deviations_of_the_refits_to_either_side(prepared):
    regression, refitted = of_weights(Partner_Yes=0.5), [of_weights(Partner_Yes=weight) for weight in (0.2, 0.4, 0.9)]
    rows = len(prepared.split.development)
    error = np.std([0.2, 0.4, 0.9], ddof=1)
    for used, factor in ((rows, 1), (rows / 4, 0.5)):
        found = drivers(regression, refitted, used, prepared)
        (partner,) = (one for one in found["fields"] if one["field"] == "Partner")
        sign = 1 if partner["to"] == "Yes" else -1
        assert partner["log_odds"] == pytest.approx(sign * 0.5)
        assert partner["odds_ratio"] == pytest.approx(math.exp(sign * 0.5))
        assert math.log(partner["low"]) == pytest.approx(sign * 0.5 - 1.959964 * factor * error)
        assert math.log(partner["high"]) == pytest.approx(sign * 0.5 + 1.959964 * factor * error)


def test_a_column_differs_by_one_standard_deviation(prepared):
    found = drivers(of_weights(Partner_Yes=0.5), [of_weights(), of_weights(Partner_Yes=1.0)], 900, prepared)
    first = found["columns"][0]
    assert first["column"] == "Partner_Yes"
    assert first["log_odds"] == pytest.approx(0.5 * prepared.scaler.scale_[COLUMNS.index("Partner_Yes")])


@pytest.mark.parametrize(
    ("field", "kinds", "dollars"),
    [
        ("TechSupport", ("No", "Yes"), 5),
        ("InternetService", ("DSL", "Fiber optic"), 25),
        ("PhoneService", ("No", "Yes"), 10),
    ],
)
def test_a_service_comes_with_its_price(prepared, field, kinds, dollars):
    """With the bill's weight alone, a service's effect is its price; what was billed so far grows with the tenure."""
    bill, total = (
        drivers(of_weights(**{name: 0.01}), [of_weights()] * 2, 900, prepared)["fields"]
        for name in ("MonthlyCharges", "TotalCharges")
    )
    monthly, so_far = (
        next(one for one in found if one["field"] == field and {one["from"], one["to"]} == set(kinds))
        for found in (bill, total)
    )
    sign = 1 if monthly["to"] == kinds[1] else -1
    assert monthly["log_odds"] == pytest.approx(sign * 0.01 * dollars, rel=0.15)
    tenure = prepared.table.customers.tenure.mean()
    assert so_far["log_odds"] / monthly["log_odds"] == pytest.approx(tenure, rel=0.25)
    assert monthly["text"].endswith(", and its price")


def test_what_is_no_service_moves_no_bill(prepared):
    found = drivers(of_weights(MonthlyCharges=0.01, TotalCharges=0.0001), [of_weights()] * 2, 900, prepared)
    assert driver(found, "SeniorCitizen", "1")["log_odds"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("field", "column"), [("tenure", "tenure"), ("MonthlyCharges", "MonthlyCharges")])
def test_numbers_differ_from_their_lower_to_their_upper_quartile(prepared, field, column):
    found = drivers(of_weights(**{column: 0.1}), [of_weights()] * 2, 900, prepared)
    (change,) = (one for one in found["fields"] if one["field"] == field)
    values = getattr(prepared.table.take(prepared.split.development).customers, field)
    quartiles = np.quantile(values, (0.25, 0.75), method="nearest")
    assert (change["from"], change["to"]) == tuple(quartiles)
    assert change["log_odds"] == pytest.approx(0.1 * (quartiles[1] - quartiles[0]))


def test_a_bill_comes_with_the_services_of_such_bills(prepared):
    found = drivers(of_weights(**{"InternetService_Fiber Optic": 1.0}), [of_weights()] * 2, 900, prepared)
    (change,) = (one for one in found["fields"] if one["field"] == "MonthlyCharges")
    customers = prepared.table.take(prepared.split.development).customers
    fiber = customers.InternetService == CATEGORIES["InternetService"].code("Fiber optic")
    low, high = (fiber[np.abs(customers.MonthlyCharges - change[end]) < 3].mean() for end in ("from", "to"))
    assert change["log_odds"] == pytest.approx(high - low, abs=0.15)
    assert change["text"].endswith("with the services of such bills")


def test_a_tenure_comes_with_what_was_billed_in_it(prepared):
    found = drivers(of_weights(TotalCharges=0.001), [of_weights()] * 2, 900, prepared)
    (change,) = (one for one in found["fields"] if one["field"] == "tenure")
    bill = prepared.table.take(prepared.split.development).customers.MonthlyCharges.mean()
    assert change["log_odds"] == pytest.approx(0.001 * bill * (change["to"] - change["from"]), rel=1e-6)


def test_a_long_contract_keeps_customers(found):
    assert driver(found, "Contract", "Two year")["high"] < 1


def test_texts_can_be_read_aloud(found):
    assert driver(found, "Contract", "Two year")["text"] == "two-year contract instead of month-to-month contract"
    assert all(not one["text"].startswith("dSL") for one in found["fields"])


@pytest.fixture(scope="module")
def whole(telco_csv, source_of):
    return prepare(load(source_of(telco_csv.read_bytes()), TELCO)[0])


def regression_at(whole, penalty):
    rows = whole.split.development
    model = CANDIDATES[0].estimator(TELCO).set_params(C=penalty).fit(whole.scaled(rows), whole.churn[rows])
    return scorecard(model, whole, rows)


def test_no_internet_instead_of_fiber_hangs_on_no_penalty(whole):
    """With a fiber customer's bill left as it was, a comparison that nobody can live, it is 0.17 with one penalty and
    0.006 with another one of equal quality."""
    ratios = []
    for penalty in (0.1, 1.0, 10.0):
        card = regression_at(whole, penalty)
        found = drivers(card, [card, card], len(whole.split.development), whole)
        ratios.append(driver(found, "InternetService", "No")["odds_ratio"])
    assert max(ratios) / min(ratios) < 1.25
    assert 0.1 < ratios[0] < 0.2
