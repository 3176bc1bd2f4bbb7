"""The oracle's figures against scikit-learn's, and against what one works out by hand."""

import numpy as np
import pytest
from sklearn import metrics

from scripts.simulation.figures import FEWEST, expected, figures


def drawn(n: int, seed: int, decimals: int = 9):
    rng = np.random.default_rng(seed)
    p = np.round(rng.beta(1, 6, n), decimals).clip(1e-6)
    return p, (rng.random(n) < p).astype(float), rng.choice([1.0, 4.5], n)


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("decimals", [9, 2], ids=["without ties", "with ties"])
@pytest.mark.parametrize("n", [60, 3_000])
def test_they_are_those_of_scikit_learn(n, decimals, weighted):
    p, y, w = drawn(n, seed=n, decimals=decimals)
    w = w if weighted else np.ones(n)
    told = figures(p, y, w)
    assert told["churn_rate"] == pytest.approx(np.average(y, weights=w), abs=1e-12)
    assert told["roc_auc"] == pytest.approx(metrics.roc_auc_score(y, p, sample_weight=w), abs=1e-12)
    assert told["log_loss"] == pytest.approx(metrics.log_loss(y, p, sample_weight=w), abs=1e-12)
    assert told["brier"] == pytest.approx(metrics.brier_score_loss(y, p, sample_weight=w), abs=1e-12)
    assert told["calibration"] == pytest.approx(np.average(y, weights=w) / np.average(p, weights=w), abs=1e-12)


def test_a_weight_is_as_many_customers():
    p, y, w = drawn(200, seed=1)
    w = np.where(w > 1, 3, 1)
    assert figures(p, y, w) == pytest.approx(figures(*(np.repeat(column, w) for column in (p, y, np.ones(200)))))


def test_the_lift_is_that_of_the_riskiest_tenth():
    p, y, w = np.arange(40) / 40, np.zeros(40), np.ones(40)
    y[[1, 37, 39]] = 1
    assert figures(p, y, w)["lift"] == pytest.approx((2 / 4) / (3 / 40))


def test_equal_probabilities_share_the_places_of_the_tenth():
    p, y, w = np.full(40, 0.5), np.zeros(40), np.ones(40)
    y[:10] = 1
    assert figures(p, y, w)["lift"] == pytest.approx(1)
    p[0] = 0.9
    assert figures(p, y, w)["lift"] == pytest.approx((1 + 3 * 9 / 39) / 4 / 0.25)


def test_too_few_outcomes_make_no_figure():
    p, y, w = drawn(FEWEST - 1, seed=1)
    assert set(figures(p, y, w).values()) == {None}


def test_outcomes_of_one_kind_make_no_auc():
    p, _, w = drawn(100, seed=1)
    told = figures(p, np.zeros(100), w)
    assert told["roc_auc"] is None
    assert told["churn_rate"] == 0


def test_what_is_expected_is_the_mean_over_all_that_may_happen():
    p = drawn(400, seed=1, decimals=2)[0]
    rng = np.random.default_rng(1)
    worlds = [figures(p, (rng.random(400) < p).astype(float), np.ones(400)) for _ in range(1_000)]
    for name, value in expected(p).items():
        assert value == pytest.approx(np.mean([world[name] for world in worlds]), abs=0.005)


def test_too_few_probabilities_promise_nothing():
    assert set(expected(np.full(FEWEST - 1, 0.5)).values()) == {None}
    assert expected(np.full(40, 0.01))["roc_auc"] is None
