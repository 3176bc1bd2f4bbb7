"""Figures of what came of predictions, against scikit-learn and plain formulas."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from churn.intervals import NORMAL_95, wilson
from churn.tracking.figures import (
    Sample,
    churn_rate,
    expected,
    expected_auc,
    figures,
    lift,
    reliability,
    roc_auc,
)
from churn_trainer import model_metrics
from churn_trainer.evaluation.intervals import intervals

EXACT = {"rel": 1e-12, "abs": 1e-12}


def drawn(n, seed=0, *, decimals=9, weighted=False, shift=0.0):
    """N customers whose probabilities are right, or `shift` too low in log-odds."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(-1.4, 1.6, n)
    probability = np.round(1 / (1 + np.exp(-log_odds)), decimals)
    outcome = (rng.random(n) < 1 / (1 + np.exp(-log_odds - shift))).astype(float)
    weight = rng.choice([1.0, 1.0, 5.0], n) if weighted else np.ones(n)
    return Sample(outcome, probability, weight, np.arange(n))


SAMPLES = [
    drawn(400),
    drawn(400, 1, decimals=1),
    drawn(300, 2, weighted=True),
    drawn(300, 3, decimals=2, weighted=True),
]
IDS = ["plain", "ties", "weights", "weights and ties"]


@pytest.mark.parametrize("outcome", [0.0, 1.0])
@pytest.mark.parametrize("size", [30, 65, 84, 169])
def test_where_all_customers_are_alike_no_weight_makes_the_share_another(size, outcome):
    weight = np.where(np.arange(size) < 7, 1.3, 1.0)
    found = churn_rate(Sample(np.full(size, outcome), np.full(size, 0.5), weight, np.arange(size)))
    assert found["value"] == outcome
    assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1
    assert found["high"] - found["low"] == pytest.approx(3.84 / size, rel=0.15)


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_values_are_those_of_scikit_learn(sample):
    outcome, probability, weight, _ = sample
    got = figures(sample)
    tiny = np.finfo(float).eps
    inner = np.clip(probability, tiny, 1 - tiny)
    assert got["roc_auc"]["value"] == pytest.approx(
        reference.roc_auc_score(outcome, probability, sample_weight=weight), **EXACT
    )
    assert got["log_loss"]["value"] == pytest.approx(reference.log_loss(outcome, inner, sample_weight=weight), **EXACT)
    assert got["brier"]["value"] == pytest.approx(
        reference.brier_score_loss(outcome, probability, sample_weight=weight), **EXACT
    )
    assert got["churn_rate"]["value"] == pytest.approx(np.average(outcome, weights=weight), **EXACT)
    assert got["calibration"]["value"] == pytest.approx((weight @ outcome) / (weight @ probability), **EXACT)


@pytest.mark.parametrize("sample", SAMPLES[:2], ids=IDS[:2])
def test_the_variance_of_an_auc_is_delongs(sample):
    """By his formula, over all pairs."""
    left, stayed = sample.probability[sample.outcome == 1], sample.probability[sample.outcome == 0]
    wins = (left[:, None] > stayed) + 0.5 * (left[:, None] == stayed)
    variance = wins.mean(axis=1).var(ddof=1) / len(left) + wins.mean(axis=0).var(ddof=1) / len(stayed)
    value = wins.mean()
    reach = NORMAL_95 * math.sqrt(variance) / (value * (1 - value))
    ends = [1 / (1 + math.exp(-math.log(value / (1 - value)) - side * reach)) for side in (-1, 1)]
    assert roc_auc(sample) == pytest.approx({"value": value, "low": ends[0], "high": ends[1]}, **EXACT)


def test_without_weights_intervals_are_those_of_the_trainer():
    sample = drawn(500)
    got, there = figures(sample), intervals(sample.outcome.astype(np.int8), sample.probability)
    for name in ("log_loss", "brier"):
        assert {"low": got[name]["low"], "high": got[name]["high"]} == pytest.approx(there[name], **EXACT)
    low, high = wilson(sample.outcome.sum(), 500)
    assert (got["churn_rate"]["low"], got["churn_rate"]["high"]) == pytest.approx((low, high), **EXACT)
    assert got["lift"]["value"] == pytest.approx(model_metrics.lift(sample.outcome, sample.probability), **EXACT)
    assert reliability(sample) == [
        pytest.approx(tenth, **EXACT) for tenth in model_metrics.reliability(sample.outcome, sample.probability)
    ]


def test_the_intervals_that_the_trainer_resamples_are_about_as_wide():
    sample = drawn(1500)
    got, there = figures(sample), intervals(sample.outcome.astype(np.int8), sample.probability)
    for name, other in (("roc_auc", "roc_auc"), ("lift", "lift_top_decile")):
        width = there[other]["high"] - there[other]["low"]
        assert got[name]["low"] == pytest.approx(there[other]["low"], abs=0.12 * width)
        assert got[name]["high"] == pytest.approx(there[other]["high"], abs=0.12 * width)


def test_a_row_of_weight_two_counts_as_the_same_row_twice():
    plain = drawn(200)
    doubled = np.arange(200) % 3 == 0
    twice = plain.take(np.concatenate([np.arange(200), np.flatnonzero(doubled)]))
    weighted = plain._replace(weight=1.0 + doubled)
    for name, figure in figures(weighted).items():
        if name != "lift":  # the size of a tenth is that of rows
            assert figure == pytest.approx(figures(twice)[name], rel=2e-3), name
    assert figures(weighted)["brier"] == pytest.approx(figures(twice)["brier"], **EXACT)


def test_a_customer_who_was_predicted_every_month_is_one_witness():
    once = drawn(400)
    every_month = once.take(np.tile(np.arange(400), 12))
    for name, figure in figures(once).items():
        assert figures(every_month)[name] == pytest.approx(figure, rel=0.02), name


def test_customers_who_tie_at_the_end_of_the_tenth_share_its_places():
    outcome = np.array([1.0] * 5 + [0.0] * 15 + [1.0] * 5 + [0.0] * 15)
    sample = Sample(outcome, np.repeat([0.8, 0.2], 20), np.ones(40), np.arange(40))
    assert lift(sample)["value"] == pytest.approx(1.0)


def test_nobody_who_left_is_no_division_by_zero():
    sample = drawn(100)._replace(outcome=np.zeros(100))
    got = figures(sample)
    assert got["roc_auc"] is got["lift"] is None
    assert got["churn_rate"] == {"value": 0, "low": 0, "high": pytest.approx(wilson(0, 100)[1])}
    assert got["calibration"]["value"] == 0 < got["calibration"]["high"] < 1


def test_everybody_who_left_is_no_division_by_zero():
    got = figures(drawn(100)._replace(outcome=np.ones(100)))
    assert got["roc_auc"] is got["lift"] is None
    assert got["churn_rate"]["high"] == 1


def test_scores_that_separate_the_outcomes_leave_room_below_an_auc_of_1():
    outcome = np.repeat([0.0, 1.0], [40, 10])
    got = roc_auc(Sample(outcome, np.linspace(0.01, 0.99, 50), np.ones(50), np.arange(50)))
    assert got == {"value": 1.0, "low": pytest.approx(wilson(10, 10)[0]), "high": pytest.approx(1)}


def test_a_tenth_without_anybody_who_left_has_a_lift_of_0():
    outcome = np.repeat([1.0, 0.0], [10, 40])
    got = lift(Sample(outcome, np.linspace(0.01, 0.99, 50), np.ones(50), np.arange(50)))
    assert (got["value"], got["low"]) == (0, 0)
    assert got["high"] == pytest.approx(wilson(0, 5)[1] / 0.2)


def test_fewer_than_thirty_customers_give_no_figure():
    assert set(figures(drawn(29)).values()) == {None}
    assert set(expected(drawn(29).probability).values()) == {None}


def test_expected_figures_are_the_means_over_all_worlds():
    probability = drawn(40, decimals=1, seed=5).probability.clip(0.1, 0.9)
    got = expected(probability)
    assert got["churn_rate"]["value"] == pytest.approx(probability.mean(), **EXACT)
    assert got["brier"]["value"] == pytest.approx((probability * (1 - probability)).mean(), **EXACT)
    losses = [-p * math.log(p) - (1 - p) * math.log(1 - p) for p in probability]
    assert got["log_loss"]["value"] == pytest.approx(sum(losses) / 40, **EXACT)
    pairs = [(p, q) for i, p in enumerate(probability) for j, q in enumerate(probability) if i != j]
    won = sum(p * (1 - q) * ((p > q) + 0.5 * (p == q)) for p, q in pairs)
    assert got["roc_auc"]["value"] == pytest.approx(won / sum(p * (1 - q) for p, q in pairs), **EXACT)


def test_the_slopes_of_an_expected_auc_are_its_derivatives():
    probability = np.sort(drawn(60, seed=6).probability)
    left = probability.copy()
    _, slopes = expected_auc(probability)

    def auc(left):
        wins = (probability[:, None] > probability) + 0.5 * (probability[:, None] == probability)
        return left @ wins @ (1 - left) / (left.sum() * (1 - left).sum())

    for row in (0, 17, 59):
        step = np.zeros(60)
        step[row] = 1e-5
        derivative = (auc(left + step) - auc(left - step)) / 2e-5
        assert slopes[row] == pytest.approx(derivative, abs=1e-2 / 60)


def test_what_comes_of_right_probabilities_lies_where_it_is_expected():
    probability = drawn(800, seed=7).probability
    ranges, rng, inside = expected(probability), np.random.default_rng(8), dict.fromkeys(("roc_auc", "log_loss"), 0)
    for _ in range(300):
        sample = Sample((rng.random(800) < probability).astype(float), probability, np.ones(800), np.arange(800))
        for name in inside:
            inside[name] += ranges[name]["low"] <= figures(sample)[name]["value"] <= ranges[name]["high"]
    assert all(275 <= count <= 295 for count in inside.values()), inside


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.sampled_from([1.0, 2.5])), min_size=30, max_size=60),
)
def test_every_figure_of_any_sample_lies_in_its_interval(rows):
    outcome, probability, weight = (np.array(column, float) for column in zip(*rows, strict=True))
    sample = Sample(outcome, probability, weight, np.arange(len(outcome)) // 2)
    for name, figure in (figures(sample) | expected(probability)).items():
        if figure and math.isfinite(figure["high"]):
            assert figure["low"] - 1e-9 <= figure["value"] <= figure["high"] + 1e-9, name
    assert 0 <= churn_rate(sample)["low"] <= churn_rate(sample)["high"] <= 1
