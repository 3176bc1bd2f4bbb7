"""The additive model as data."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from tests.telco import COLUMNS, FIELDS, TELCO, Customer, matrix, table_of

from churn.model.scorecard import Scorecard, share_matrix
from churn.model.scoring import sigmoid


def test_it_equals_the_regression_it_was_made_of(customers: list[Customer]) -> None:
    table = table_of(customers)
    columns = matrix(table)
    scaler = StandardScaler().fit(columns)
    labels = np.random.default_rng(1).random(len(customers)) < 0.1 + 0.6 * (table.Contract == 0)
    model = LogisticRegression(solver="liblinear").fit(scaler.transform(columns), labels)
    weights = model.coef_[0] / scaler.scale_
    intercept = model.intercept_[0] - weights @ scaler.mean_
    card = Scorecard(
        TELCO, intercept, dict(zip(COLUMNS, weights, strict=True)), dict(zip(COLUMNS, scaler.mean_, strict=True))
    )
    wanted = model.predict_proba(scaler.transform(columns))[:, 1]
    assert np.abs(card.probabilities(table) - wanted).max() < 1e-12
    assert np.abs(np.array([card.probability(each) for each in customers]) - wanted).max() < 1e-12


def test_effects_and_the_average_add_up_to_the_log_odds(scorecard: Scorecard, customers: list[Customer]) -> None:
    for customer in customers:
        total = scorecard.average_log_odds + sum(scorecard.effects(customer))
        assert total == pytest.approx(scorecard.log_odds(customer), abs=1e-9)


def test_effects_of_one_and_of_a_table_agree(scorecard: Scorecard, customers: list[Customer]) -> None:
    one_by_one = np.array([scorecard.effects(customer) for customer in customers])
    assert np.abs(scorecard.effects_table(table_of(customers)) - one_by_one).max() < 1e-9


def test_effects_are_zero_on_average_over_the_averaged_customers(
    scorecard: Scorecard, customers: list[Customer]
) -> None:
    assert np.abs(scorecard.effects_table(table_of(customers)).sum(axis=1).mean()) < 1e-9


def test_without_internet_the_add_ons_have_no_effect_of_their_own(
    scorecard: Scorecard, customers: list[Customer]
) -> None:
    offline = next(each for each in customers if each.InternetService == 2 and each.PhoneService == 0)
    effects = dict(zip(FIELDS, scorecard.effects(offline), strict=True))
    assert effects["TechSupport"] == effects["StreamingTV"] == effects["MultipleLines"] == 0
    assert effects["InternetService"] != 0


def test_every_column_is_shared_out_whole() -> None:
    assert share_matrix(TELCO).sum(axis=1) == pytest.approx(1)


def test_it_survives_being_written_and_read(explained: Scorecard, customers: list[Customer]) -> None:
    again = Scorecard.from_dict(TELCO, json.loads(json.dumps(explained.to_dict())))
    assert again.log_odds(customers[3]) == explained.log_odds(customers[3])
    assert again.effects(customers[3]) == explained.effects(customers[3])


SLOPES = {
    "MonthlyCharges": {"InternetService_Fiber Optic": 25.0, "TechSupport_Yes": 5.0},
    "TotalCharges": {"tenure": 65.0, "TechSupport_Yes": 150.0},
}


@pytest.fixture(scope="module")
def explained(scorecard: Scorecard) -> Scorecard:
    """The scorecard, with prices of two services and a bill of $65 a month."""
    return Scorecard.from_dict(TELCO, scorecard.to_dict() | {"slopes": SLOPES})


def test_a_price_counts_for_its_service_and_only_the_rest_of_the_bill_for_the_bill(
    scorecard: Scorecard, explained: Scorecard, customers: list[Customer]
) -> None:
    customer = next(each for each in customers if each.InternetService == 1)
    before, after = (dict(zip(FIELDS, card.effects(customer), strict=True)) for card in (scorecard, explained))
    weights, averages = (
        dict(zip(COLUMNS, numbers, strict=True)) for numbers in (scorecard.weights, scorecard.averages)
    )
    fiber = 25 * (1 - averages["InternetService_Fiber Optic"])
    support = (customer.TechSupport == 2) - averages["TechSupport_Yes"]
    months = 65 * (customer.tenure - averages["tenure"])
    moved = {
        "InternetService": weights["MonthlyCharges"] * fiber,
        "TechSupport": weights["MonthlyCharges"] * 5 * support + weights["TotalCharges"] * 150 * support,
        "MonthlyCharges": -weights["MonthlyCharges"] * (fiber + 5 * support),
        "tenure": weights["TotalCharges"] * months,
        "TotalCharges": -weights["TotalCharges"] * (months + 150 * support),
    }
    assert {name: after[name] - before[name] for name in FIELDS} == pytest.approx(
        dict.fromkeys(FIELDS, 0.0) | moved, abs=1e-9
    )


def test_explaining_charges_moves_effects_and_changes_neither_their_sum_nor_the_score(
    scorecard: Scorecard, explained: Scorecard, customers: list[Customer]
) -> None:
    for customer in customers[:50]:
        assert explained.log_odds(customer) == scorecard.log_odds(customer)
        assert sum(explained.effects(customer)) == pytest.approx(sum(scorecard.effects(customer)), abs=1e-9)


def test_what_is_looked_up_is_what_the_table_says(explained: Scorecard, customers: list[Customer]) -> None:
    looked_up = explained.explained(table_of(customers))[1]
    assert np.abs(looked_up - explained.effects_table(table_of(customers))).max() < 1e-9


def test_a_release_without_slopes_keeps_its_reasons(scorecard: Scorecard, customers: list[Customer]) -> None:
    old = scorecard.to_dict()
    del old["slopes"]
    assert Scorecard.from_dict(TELCO, old).effects(customers[3]) == scorecard.effects(customers[3])


def test_slopes_of_unknown_columns_are_refused(scorecard: Scorecard) -> None:
    with pytest.raises(ValueError, match="Roaming"):
        Scorecard.from_dict(TELCO, scorecard.to_dict() | {"slopes": {"MonthlyCharges": {"Roaming": 5.0}}})


def test_a_scorecard_of_other_columns_is_refused(scorecard: Scorecard) -> None:
    data = scorecard.to_dict()
    data["weights"].pop("tenure")
    with pytest.raises(ValueError, match="45 columns"):
        Scorecard.from_dict(TELCO, data)


@pytest.mark.parametrize(("log_odds", "wanted"), [(0, 0.5), (800, 1.0), (-800, 0.0)])
def test_probabilities_stay_finite_at_the_ends(log_odds: float, wanted: float) -> None:
    assert sigmoid(log_odds) == pytest.approx(wanted)
