"""Predictions with reasons and recommendations."""

import random
from typing import Any

import numpy as np
import pytest
from tests.telco import ADD_ONS, CATEGORIES, FIELDS, REQUIRED, Customer, read, value_of

from churn.model.predictor import MAX_RECOMMENDATIONS, Predictor, risk_band
from churn.model.scoring import sigmoid

SEVEN = {
    "gender": "Female",
    "SeniorCitizen": 0,
    "Partner": "Yes",
    "tenure": 24,
    "Contract": "One year",
    "MonthlyCharges": 65.50,
    "TotalCharges": "1572.00",
}


@pytest.mark.parametrize(
    ("probability", "band"),
    [(0, "low"), (0.2999, "low"), (0.3, "medium"), (0.5999, "medium"), (0.6, "high"), (1.0, "high")],
)
def test_bands_begin_where_the_contract_says(probability: float, band: str) -> None:
    assert risk_band(probability) == band


def test_a_complete_customer_gets_a_plain_answer(predictor: Predictor, record: dict[str, object]) -> None:
    got = predictor.predict(read(record))
    assert got.churn_probability == predictor.scorer.probability(read(record).customer)
    assert got.prediction == ("Yes" if got.churn_probability >= 0.5 else "No")
    assert got.confidence == max(got.churn_probability, 1 - got.churn_probability)
    assert (got.assumed, got.probability_range) == ((), None)


def test_the_threshold_itself_counts_as_yes(predictor: Predictor, record: dict[str, object]) -> None:
    probability = predictor.predict(read(record)).churn_probability
    assert Predictor(predictor.scorer, predictor.background, probability).predict(read(record)).prediction == "Yes"


def test_unknown_fields_are_averaged_over_the_sample(predictor: Predictor) -> None:
    reading = read(SEVEN)
    got = predictor.predict(reading)
    table = predictor.background.completions(reading.customer)
    one_by_one = [predictor.scorer.probability(Customer(*row)) for row in np.array(table).T]
    assert got.churn_probability == pytest.approx(np.mean(one_by_one), abs=1e-12)
    assert got.probability_range == pytest.approx(tuple(np.quantile(one_by_one, (0.1, 0.9))))
    assert len(got.assumed) == 12


class AsAnyModel:
    """The scorecard's answers without what is known of it alone."""

    def __init__(self, scorer: Any) -> None:
        self.explained = scorer.explained


@pytest.mark.parametrize("additive", [True, False])
def test_the_short_answer_says_what_the_whole_one_says(
    predictor: Predictor, customers: list[Customer], additive: bool
) -> None:
    scorer: Any = predictor.scorer if additive else AsAnyModel(predictor.scorer)
    short = Predictor(scorer, predictor.background, 0.5)
    chance = random.Random(5)
    for customer in customers[:150]:
        known = {name: value_of(name, customer) for name in FIELDS}
        for name in chance.sample([name for name in FIELDS if name not in REQUIRED], chance.randint(0, 14)):
            known.pop(name)
        for _ in range(2):  # the second time with other charges
            reading = read(known)
            probability, reasons = short.explain(reading, 4)
            whole = predictor.predict(reading, 4)
            assert probability == pytest.approx(whole.churn_probability, abs=1e-12)
            assert [reason.field for reason in reasons] == [reason.field for reason in whole.reasons]
            assert [reason.text for reason in reasons] == [reason.text for reason in whole.reasons]
            for mine, wanted in zip(reasons, whole.reasons, strict=True):
                assert mine.effect == pytest.approx(wanted.effect, abs=1e-9)
            known["MonthlyCharges"] = 55.5


def test_reasons_add_up_for_a_complete_customer(predictor: Predictor, record: dict[str, object]) -> None:
    got = predictor.predict(read(record), reasons=len(FIELDS))
    total = predictor.scorer.average_log_odds + sum(reason.effect for reason in got.reasons)
    assert len(got.reasons) == 19
    assert sigmoid(total) == pytest.approx(got.churn_probability, abs=1e-12)


def test_reasons_are_signed_and_the_largest_comes_first(predictor: Predictor, record: dict[str, object]) -> None:
    reasons = predictor.predict(read(record)).reasons
    sizes = [abs(reason.effect) for reason in reasons]
    assert len(reasons) == 5
    assert sizes == sorted(sizes, reverse=True)
    assert all(reason.direction == ("raises" if reason.effect > 0 else "lowers") for reason in reasons)


def test_what_is_assumed_is_no_reason(predictor: Predictor) -> None:
    got = predictor.predict(read(SEVEN), reasons=19)
    assert {reason.field for reason in got.reasons} == set(FIELDS) - set(got.assumed)


def test_no_reasons_means_no_recommendations_either(predictor: Predictor, record: dict[str, object]) -> None:
    got = predictor.predict(read(record), reasons=None)
    assert (got.reasons, got.recommendations) == ((), ())


def test_every_recommendation_is_re_scored_and_lowers_the_probability(
    predictor: Predictor, record: dict[str, object]
) -> None:
    got = predictor.predict(read(record))
    assert got.recommendations
    for each in got.recommendations:
        after = predictor.predict(read(record | {each.field: each.to})).churn_probability
        assert each.churn_probability_after == after < got.churn_probability


def test_who_takes_an_offer_stays_who_he_is(predictor: Predictor) -> None:
    """What is unknown is filled from the same customers, with and without the offer."""
    reading = read(SEVEN)
    got = predictor.predict(reading)
    assert got.recommendations
    for each in got.recommendations:
        field = CATEGORIES[each.field]
        table = predictor.background.completions(reading.customer)
        changed = table._replace(**{each.field: np.full(len(table.tenure), float(field.code(each.to)))})
        wanted = float(predictor.scorer.probabilities(changed).mean())
        assert each.churn_probability_after == pytest.approx(wanted, abs=1e-12)


def test_recommendations_come_best_first(predictor: Predictor, record: dict[str, object]) -> None:
    after = [each.churn_probability_after for each in predictor.predict(read(record)).recommendations]
    assert after == sorted(after)


class Constant:
    """A scorer for which nothing about a customer matters."""

    additive = True
    average_log_odds = 0.0

    def probability(self, customer: Customer) -> float:
        del customer
        return 0.7

    def effects(self, customer: Customer) -> list[float]:
        del customer
        return [0.0] * len(FIELDS)


class EveryOfferHelps(Constant):
    """A scorer for which any change from what the customer has lowers the probability, each by another amount."""

    def __init__(self, customer: Customer) -> None:
        self._customer = customer

    def probability(self, customer: Customer) -> float:
        changed = [place for place, pair in enumerate(zip(customer, self._customer, strict=True)) if len(set(pair)) > 1]
        return 0.7 - sum(0.01 + place / 1000 for place in changed)


def test_an_offer_that_changes_nothing_is_none(predictor: Predictor, record: dict[str, object]) -> None:
    assert Predictor(Constant(), predictor.background, 0.5).predict(read(record)).recommendations == ()


def test_an_agent_is_given_the_five_best_offers(predictor: Predictor, record: dict[str, object]) -> None:
    reading = read(record)
    got = Predictor(EveryOfferHelps(reading.customer), predictor.background, 0.5).predict(reading)
    assert len(got.recommendations) == MAX_RECOMMENDATIONS == 5
    places = [list(FIELDS).index(each.field) for each in got.recommendations]
    assert places == sorted(places, reverse=True)


def test_an_add_on_is_offered_only_where_the_internet_service_is_known(
    predictor: Predictor, record: dict[str, object]
) -> None:
    unknown = record | dict.fromkeys(ADD_ONS, None) | {"InternetService": None, "TechSupport": "No"}
    reading = read(unknown)
    assert reading.customer.InternetService is None
    assert "TechSupport" not in {each.field for each in predictor.predict(reading).recommendations}


def test_nothing_is_offered_that_contradicts(predictor: Predictor, record: dict[str, object]) -> None:
    offline = record | dict.fromkeys(ADD_ONS, None) | {"InternetService": "No"}
    assert not {each.field for each in predictor.predict(read(offline)).recommendations} & set(ADD_ONS)


def test_nothing_is_offered_for_what_is_not_known(predictor: Predictor) -> None:
    got = predictor.predict(read(SEVEN))
    assert {each.field for each in got.recommendations} <= {"Contract"}
