"""Whether probabilities are right."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from churn.model.scoring import logits, sigmoids
from churn_trainer.evaluation.calibration import recalibration
from churn_trainer.gates.calibration import calibration_gate


@pytest.fixture(scope="module")
def scored():
    """Scores that are right, and outcomes drawn from them."""
    rng = np.random.default_rng(2)
    scores = sigmoids(rng.normal(-1.3, 1.6, size=1400))
    return (rng.uniform(size=1400) < scores).astype(np.int8), scores


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


def test_scores_that_are_right_pass(scored):
    gate = calibration_gate(*scored)
    assert (gate.name, gate.passed) == ("the probabilities are calibrated", True)
    found = recalibration(*scored)
    slope = found["slope"]
    told = f"slope {slope['value']:.2f} ({slope['low']:.2f} to {slope['high']:.2f}), 0.8 to 1.25 allowed; intercept "
    assert gate.detail.startswith(told)


@pytest.mark.parametrize(
    ("factor", "shift", "passed"),
    [
        (1, 0, True),
        (1.1, 0, True),
        (0.9, 0.05, True),
        (2, 0, False),
        (0.5, 0, False),
        (1, 0.5, False),
        (1, -0.5, False),
    ],
    ids=["right", "a little bold", "a little timid", "bold", "timid", "too high", "too low"],
)
def test_the_gate_fails_for_bold_timid_high_and_low_probabilities(scored, factor, shift, passed):
    churn, scores = scored
    assert calibration_gate(churn, sigmoids(factor * logits(scores) + shift)).passed is passed


def test_what_chance_alone_can_do_shuts_no_gate(scored):
    """Sixty customers: a slope of 0.75 is nothing that so few could tell from 1."""
    churn, scores = (column[:60] for column in scored)
    slope = recalibration(churn, scores)["slope"]["value"]
    off = sigmoids(slope / 0.75 * logits(scores))
    assert recalibration(churn, off)["slope"]["value"] == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize(("errors", "passed"), [(2.9, True), (3.1, False)])
def test_what_is_three_standard_errors_off_is_no_chance(scored, errors, passed):
    """Two hundred customers, whose outcomes are off by so many errors of the intercept."""
    churn, scores = (column[:200] for column in scored)
    for _ in range(20):
        intercept = recalibration(churn, scores)["intercept"]
        scores = sigmoids(logits(scores) + intercept["value"] - errors * intercept["error"])
    intercept = recalibration(churn, scores)["intercept"]
    assert intercept["value"] / intercept["error"] == pytest.approx(errors, abs=0.05)
    assert abs(intercept["value"]) > 0.2
    assert calibration_gate(churn, scores).passed is passed
