"""Paired differences of two releases, against scikit-learn, plain formulas and resampled customers."""

import numpy as np
import pytest
from sklearn import metrics as reference

from churn.experiments.paired_differences import LEAST_OF_EITHER, Pairs, differences, witnesses
from churn.model.scoring import sigmoids


def drawn(size, seed=0, *, noise=(0.4, 0.2), decimals=9, weighted=False):
    """Customers whose true log-odds both releases know with so much noise."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(-1.4, 1.6, size)
    outcome = (rng.random(size) < sigmoids(log_odds)).astype(float)
    champion, challenger = (np.round(sigmoids(log_odds + rng.normal(0, each, size)), decimals) for each in noise)
    weight = rng.choice([1.0, 1.0, 5.0], size) if weighted else np.ones(size)
    return Pairs(outcome, champion, challenger, weight, np.arange(size))


@pytest.mark.parametrize("pairs", [drawn(900), drawn(900, 1, decimals=1), drawn(900, 2, weighted=True)])
def test_values_are_the_differences_of_scikit_learns(pairs):
    def figure(score, probability):
        return score(pairs.outcome, probability, sample_weight=pairs.weight)

    clipped = [np.clip(each, 1e-4, 1 - 1e-4) for each in (pairs.champion, pairs.challenger)]
    found = differences(pairs)
    assert found["log_loss"].value == pytest.approx(
        np.subtract(*(figure(reference.log_loss, each) for each in clipped))
    )
    brier = [figure(reference.brier_score_loss, each) for each in (pairs.champion, pairs.challenger)]
    assert found["brier"].value == pytest.approx(brier[0] - brier[1])
    auc = [figure(reference.roc_auc_score, each) for each in (pairs.champion, pairs.challenger)]
    assert found["roc_auc"].value == pytest.approx(auc[1] - auc[0])


@pytest.mark.parametrize("name", ["log_loss", "brier", "roc_auc"])
def test_the_variance_is_that_of_other_customers_of_the_same_kind(name):
    found = [differences(drawn(500, seed))[name] for seed in range(400)]
    assert np.mean([each.variance for each in found]) == pytest.approx(np.var([each.value for each in found]), rel=0.2)


def test_a_pair_is_far_more_certain_than_two_halves_of_the_customers():
    pairs = drawn(2000)
    loss = -np.log(np.where(pairs.outcome == 1, pairs.champion, 1 - pairs.champion))
    assert differences(pairs)["log_loss"].variance < loss.var() / 2000 / 10


def test_a_customer_who_is_seen_again_is_one_witness():
    pairs = drawn(400, weighted=True)
    twice = Pairs(*(np.concatenate([column, column]) for column in pairs))
    once, again = differences(pairs), differences(twice)
    for name, difference in once.items():
        assert again[name] == pytest.approx(difference, rel=0.01), name
    assert witnesses(twice) == witnesses(pairs)


def test_outcomes_that_are_independent_count_in_full_and_weights_cost_some():
    assert differences(drawn(500))["log_loss"].outcomes == pytest.approx(500)
    weighted = drawn(500, weighted=True)
    kish = weighted.weight.sum() ** 2 / (weighted.weight**2).sum()
    assert differences(weighted)["brier"].outcomes == pytest.approx(kish)


def test_a_customer_who_was_thought_certain_counts_no_more_than_the_clipped_one():
    pairs = drawn(500)
    first = np.flatnonzero(pairs.outcome == 1)[0]
    nought, clipped = pairs.challenger.copy(), pairs.challenger.copy()
    nought[first], clipped[first] = 0.0, 1e-4
    found, expected = (differences(pairs._replace(challenger=each))["log_loss"] for each in (nought, clipped))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("rarer", [0.0, 1.0])
def test_few_customers_of_either_outcome_tell_nothing_however_often_they_are_seen(rarer):
    pairs = drawn(400)
    kept = np.concatenate(
        [np.flatnonzero(pairs.outcome == rarer)[: LEAST_OF_EITHER - 1], np.flatnonzero(pairs.outcome != rarer)[:100]]
    )
    few = Pairs(*(np.tile(column[kept], 3) for column in pairs))
    assert differences(few) is None
    assert differences(pairs) is not None


def test_two_releases_that_say_the_same_differ_by_nothing_for_certain():
    pairs = drawn(400)
    for difference in differences(pairs._replace(challenger=pairs.champion)).values():
        assert difference.figure() == {"value": 0, "low": 0, "high": 0}


def test_the_order_of_the_rows_does_not_matter():
    pairs = drawn(400, weighted=True)
    order = np.random.default_rng(1).permutation(400)
    assert differences(Pairs(*(column[order] for column in pairs)))["roc_auc"] == pytest.approx(
        differences(pairs)["roc_auc"]
    )
