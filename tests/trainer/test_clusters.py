"""One customer is one witness, however many rows he has."""

import numpy as np
import pytest

from churn.intervals import wilson
from churn_trainer.clusters import design_effect, share_interval
from churn_trainer.evaluation.calibration import recalibration
from churn_trainer.evaluation.intervals import intervals
from churn_trainer.model_metrics import reliability, threshold_table

COPIES = 4


@pytest.fixture(scope="module")
def once():
    """Customers whose scores are right, and their outcomes."""
    rng = np.random.default_rng(3)
    scores = rng.beta(1, 2, size=800)
    return (rng.uniform(size=800) < scores).astype(np.int8), scores


@pytest.fixture(scope="module")
def copied(once):
    """The same customers with COPIES rows each, and whose each row is."""
    order = np.random.default_rng(4).permutation(800 * COPIES)
    churn, scores, customer = (np.repeat(column, COPIES)[order] for column in (*once, np.arange(800)))
    return churn, scores, customer


def width(interval):
    return interval["high"] - interval["low"]


@pytest.mark.parametrize(
    ("names", "rel"),
    [
        pytest.param(("brier", "log_loss"), 1e-9, id="means"),
        pytest.param(("accuracy", "precision", "recall"), 0.01, id="shares"),
        pytest.param(("roc_auc", "pr_auc", "lift_top_decile", "f1"), 0.1, id="resampled"),
    ],
)
def test_copies_of_customers_make_no_figure_more_certain(once, copied, names, rel):
    found, expected = intervals(*copied), intervals(*once)
    for name in names:
        assert width(found[name]) == pytest.approx(width(expected[name]), rel=rel), name


def test_copies_make_neither_slope_nor_tenths_nor_thresholds_more_certain(once, copied):
    for name in ("slope", "intercept"):
        assert recalibration(*copied)[name]["error"] == pytest.approx(recalibration(*once)[name]["error"], rel=0.1)
    for one, other in zip(reliability(*copied), reliability(*once), strict=True):
        assert width(one) == pytest.approx(width(other), rel=0.05)
    for one, other in zip(threshold_table(*copied), threshold_table(*once), strict=True):
        assert width(one["intervals"]["caught"]) == pytest.approx(width(other["intervals"]["caught"]), rel=0.02)


def test_customers_with_a_row_each_are_as_certain_as_their_rows(once):
    customer = np.random.default_rng(5).permutation(800)
    found, expected = intervals(*once, customer), intervals(*once)
    for name in ("brier", "log_loss", "accuracy", "precision", "recall"):
        assert found[name] == pytest.approx(expected[name], rel=1e-9)
    assert width(found["roc_auc"]) == pytest.approx(width(expected["roc_auc"]), rel=0.1)
    slope = recalibration(*once, customer)["slope"]["error"]
    assert slope == pytest.approx(recalibration(*once)["slope"]["error"], rel=0.1)


def test_the_effect_of_known_customers_is_that_of_their_sums():
    values, customer = np.array([1.0, 1, 0, 0, 1, 0]), np.array([7, 7, 2, 2, 3, 4])
    # Residuals of a half: sums 1, -1, 1/2 and -1/2, of four customers with six rows.
    assert design_effect(values, customer) == pytest.approx((2.5 / 1.5) * (4 / 3) * (5 / 6))
    assert design_effect(values, None) == 1
    assert design_effect(np.array([1.0, 0, 1, 0]), np.array([0, 0, 1, 1])) == 1  # never more certain than its rows


def test_a_share_of_nobody_or_of_one_who_is_alike_throughout_has_an_interval():
    nobody, one, three = (
        share_interval(hits, customer)
        for hits, customer in (
            (np.array([], bool), np.array([], np.intp)),
            (np.ones(6, bool), np.zeros(6, np.intp)),
            (np.ones(6, bool), np.repeat([0, 1, 2], 2)),
        )
    )
    assert tuple(nobody.values()) == (0, 1)
    assert tuple(one.values()) == wilson(1, 1)
    assert tuple(three.values()) == wilson(3, 3)
