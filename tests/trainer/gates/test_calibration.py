"""The gate on probabilities that are not right."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from churn.model.scoring import logits, sigmoids
from churn_trainer.evaluation.calibration import recalibration
from churn_trainer.gates.calibration import calibrated, calibration_gate


def test_customers_of_several_rows_are_no_more_certain_than_of_one(small_table):
    table = small_table.take(np.arange(300))
    rng = np.random.default_rng(11)
    scores = sigmoids(rng.normal(-1, 1.2, size=300))
    churn = (rng.uniform(size=300) < scores).astype(np.int8)
    bold = sigmoids(1.3 * logits(scores))  # too bold to be called right of 3,000 customers, but not of 300
    numbers = np.repeat(np.arange(300), 10)
    assert calibration_gate(churn, bold).passed
    assert not calibration_gate(churn[numbers], bold[numbers]).passed
    rows = replace(table.take(numbers), churn=churn[numbers], tracked=np.ones(3000, bool))
    (gate,) = calibrated(SimpleNamespace(unseen=rows, probability=bold[numbers]))
    assert gate.passed


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


@pytest.mark.parametrize(
    ("factor", "passed", "remark"), [(1, True, False), (0.75, True, True), (0.5, False, False), (2, False, False)]
)
def test_in_a_table_of_ones_own_an_error_that_may_be_tolerable_is_a_remark(scored, factor, passed, remark):
    churn, scores = scored
    gate = calibration_gate(churn, sigmoids(factor * logits(scores)), own=True)
    assert (gate.passed, bool(gate.remark)) == (passed, remark)
    assert "0.8 to 1.25 allowed" in gate.detail


def test_the_same_error_is_none_that_may_be_tolerable_once_enough_customers_show_it(scored):
    churn, scores = (np.tile(column, 10) for column in scored)
    timid = sigmoids(0.75 * logits(scores))
    assert not calibration_gate(churn, timid, own=True).passed


def test_an_error_that_is_far_off_is_no_remark_however_few_show_it(scored):
    """Four hundred customers and a slope of 1.65: beyond chance, and three errors beyond what is tolerated."""
    churn, scores = (column[:400] for column in scored)
    slope = recalibration(churn, scores)["slope"]["value"]
    far = sigmoids(slope / 1.65 * logits(scores))
    found = recalibration(churn, far)["slope"]
    assert 1 + 3 * found["error"] < found["value"] < 1.25 + 3 * found["error"]
    gate = calibration_gate(churn, far, own=True)
    assert (gate.passed, gate.remark) == (False, "")


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
