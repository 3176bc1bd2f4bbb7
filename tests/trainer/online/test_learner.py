"""What learns from outcomes: from the champion's weights, and as a release that adds up."""

from types import SimpleNamespace

import numpy as np
import pytest
from tests.made_up import made_up_predictor, made_up_terms
from tests.telco import TELCO

from churn.model.background import Background
from churn.model.predictor import Predictor
from churn.model.scoring import logits
from churn.model.terms import Terms
from churn_trainer.online.errors import CannotLearn
from churn_trainer.online.learner import Learner
from churn_trainer.training.export import customers


@pytest.fixture(scope="module")
def people(prepared):
    return customers(prepared.table, np.arange(300))


@pytest.fixture(scope="module", params=["scorecard", "terms"])
def champion(request, people):
    make = made_up_terms if request.param == "terms" else made_up_predictor
    return release_of(request.param, make(TELCO, people))


def release_of(kind, predictor):
    manifest = SimpleNamespace(kind=kind)
    return SimpleNamespace(version="20260101_080000", manifest=manifest, predictor=predictor, schema=TELCO)


def test_it_begins_as_the_champion(champion, prepared):
    table = prepared.table.customers
    scorer = champion.predictor.scorer
    assert Learner(champion).scorer().probabilities(table) == pytest.approx(scorer.probabilities(table), abs=1e-12)


def test_what_it_has_become_predicts_as_it_does(champion, prepared):
    table, ones = prepared.table.customers, np.ones(len(prepared.table))
    learner = Learner(champion)
    learner.learn(table, prepared.churn, ones)
    after = learner.learn(table, prepared.churn, ones)
    first = Learner(champion)
    first.learn(table, prepared.churn, ones)
    assert first.scorer().probabilities(table) == pytest.approx(after, abs=1e-12)
    assert not np.allclose(after, champion.predictor.scorer.probabilities(table), atol=1e-3)


def test_it_goes_on_where_it_stood(champion, prepared):
    table, churn, weight = prepared.table.customers, prepared.churn, np.full(len(prepared.table), 1.5)
    whole = Learner(champion)
    whole.learn(table, churn, weight)
    halves = Learner(champion)
    for rows in (slice(0, 700), slice(700, None)):
        halves = Learner(champion, halves.weights)
        halves.learn(TELCO.customer([column[rows] for column in table]), churn[rows], weight[rows])
    assert halves.weights == whole.weights


def test_terms_are_recalibrated_and_their_effects_still_add_up(people, prepared):
    champion = release_of("terms", made_up_terms(TELCO, people))
    learner = Learner(champion)
    learner.learn(prepared.table.customers, prepared.churn, np.ones(len(prepared.table)))
    became, began = learner.scorer(), champion.predictor.scorer
    assert isinstance(became, Terms)
    table = prepared.table.customers
    slope, cut = np.polyfit(began.log_odds_of(table), became.log_odds_of(table), 1)
    assert became.log_odds_of(table) == pytest.approx(cut + slope * began.log_odds_of(table), abs=1e-9)
    assert 0 < slope < 1  # random terms are surer than they should be
    probability, effects = became.explained(table)
    assert logits(probability) == pytest.approx(became.average_log_odds + effects.sum(axis=1), abs=1e-6)


def test_one_who_stands_for_several_teaches_as_much(people, prepared):
    champion = release_of("scorecard", made_up_predictor(TELCO, people))
    one = [column[:1] for column in prepared.table.customers]
    moved = []
    for weight in (1.0, 4.0):
        learner = Learner(champion)
        before = np.array(learner.weights.columns)
        learner.learn(TELCO.customer(one), prepared.churn[:1], np.array([weight]))
        moved.append(np.array(learner.weights.columns) - before)
    assert moved[1] == pytest.approx(4 * moved[0])


def test_a_graph_cannot_learn_and_says_why(people):
    background = Background(TELCO, people)
    predictor = Predictor(SimpleNamespace(schema=TELCO), background, 0.5)
    with pytest.raises(CannotLearn, match=r"kind onnx, a graph that is no sum over fields.*`retrain`"):
        Learner(release_of("onnx", predictor))
