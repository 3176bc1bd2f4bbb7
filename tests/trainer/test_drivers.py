"""What goes with churn."""

import math

import numpy as np
import pytest

from churn.customer import FIELDS
from churn.features import COLUMNS
from churn_trainer.drivers import drivers
from churn_trainer.prepare import prepare
from churn_trainer.table import load
from churn_trainer.train import fit_all


@pytest.fixture(scope="module")
def found(fitted, prepared):
    return drivers(fitted["Logistic Regression"].model, prepared)


def driver(found, field, to):
    return next(one for one in found["fields"] if (one["field"], one["to"]) == (field, to))


def test_every_interval_holds_its_odds_ratio_and_the_largest_effect_is_first(found):
    for one in (*found["fields"], *found["columns"]):
        assert one["low"] < one["odds_ratio"] < one["high"]
        assert one["direction"] == ("raises" if one["odds_ratio"] > 1 else "lowers")
    sizes = [abs(math.log(one["odds_ratio"])) for one in found["fields"]]
    assert sizes == sorted(sizes, reverse=True)


def test_every_field_but_the_total_that_follows_from_others_has_a_driver(found):
    assert {one["field"] for one in found["fields"]} == set(FIELDS) - {"TotalCharges"}
    assert {one["column"] for one in found["columns"]} == set(COLUMNS)


def test_a_driver_is_the_mean_difference_of_the_scores(found, fitted, prepared):
    """Senior citizens against others, by hand: one column, so its weight is the whole difference."""
    weight = fitted["Logistic Regression"].model.coef_[0][COLUMNS.index("SeniorCitizen_Yes")]
    scale = prepared.scaler.scale_[COLUMNS.index("SeniorCitizen_Yes")]
    assert driver(found, "SeniorCitizen", "1")["log_odds"] == pytest.approx(weight / scale)


def test_a_long_contract_keeps_customers(found):
    assert driver(found, "Contract", "Two year")["high"] < 1


def test_texts_can_be_read_aloud(found):
    assert driver(found, "Contract", "Two year")["text"] == "two-year contract instead of month-to-month contract"
    assert all(not one["text"].startswith("dSL") for one in found["fields"])


def test_the_intervals_have_the_size_of_refits(prepared, telco_csv, source_of):
    """On the real table, the interval of the contract's effect against the spread of its estimates over refits."""
    whole = prepare(load(source_of(telco_csv.read_bytes()))[0])
    logistic = next(fit_all(whole))
    effect = driver(drivers(logistic.model, whole), "PaperlessBilling", "No")
    told = math.log(effect["high"] / effect["low"]) / 2 / 1.96
    place = COLUMNS.index("PaperlessBilling_Yes")
    chance = np.random.default_rng(0)
    train = whole.split.development
    scaled, churn = whole.scaled(train), whole.churn[train]
    weights = []
    for _ in range(40):
        rows = chance.integers(len(train), size=len(train))
        weights.append(logistic.model.fit(scaled[rows], churn[rows]).coef_[0][place] / whole.scaler.scale_[place])
    assert told == pytest.approx(np.std(weights), rel=0.3)
