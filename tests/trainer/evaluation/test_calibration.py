"""Whether probabilities are right."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from churn.model.scoring import logits, sigmoids
from churn_trainer.evaluation.calibration import recalibration


def test_the_slope_is_that_of_a_logistic_regression_on_the_log_odds(scored):
    churn, scores = scored
    reference = LogisticRegression(C=1e9, tol=1e-10).fit(logits(scores)[:, None], churn)
    found = recalibration(churn, scores)
    assert found["slope"]["value"] == pytest.approx(reference.coef_[0, 0], abs=1e-4)


def test_with_the_intercept_as_many_leave_as_are_expected(scored):
    churn, scores = scored
    shifted = sigmoids(logits(scores) - 0.7)
    shift = recalibration(churn, shifted)["intercept"]
    assert sigmoids(logits(shifted) + shift["value"]).sum() == pytest.approx(churn.sum())
    assert shift["low"] < 0.7 < shift["high"]


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_the_slope_undoes_what_made_log_odds_too_large_or_too_small(scored, factor):
    churn, scores = scored
    honest, found = (recalibration(churn, sigmoids(by * logits(scores)))["slope"] for by in (1, factor))
    assert found == pytest.approx({name: value / factor for name, value in honest.items()}, rel=1e-3)


def test_nineteen_of_twenty_intervals_hold_what_is_right():
    rng = np.random.default_rng(8)
    held = np.zeros(2)
    for _ in range(300):
        scores = sigmoids(rng.normal(-1.3, 1.6, size=500))
        found = recalibration((rng.uniform(size=500) < scores).astype(np.int8), scores)
        held += [found[name]["low"] <= right <= found[name]["high"] for name, right in (("slope", 1), ("intercept", 0))]
    # Within three standard errors of 95 %.
    assert held / 300 == pytest.approx([0.95, 0.95], abs=0.038)


def test_outcomes_told_without_error_are_a_figure_all_the_same():
    churn = (np.arange(300) < 80).astype(np.int8)
    assert np.isfinite(recalibration(churn, churn.astype(float))["slope"]["value"])
