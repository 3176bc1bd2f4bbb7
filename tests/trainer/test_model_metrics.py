"""Figures of predicted probabilities, against hand-made cases and scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as reference

from churn.intervals import wilson
from churn.tracking.figures import log_losses
from churn_trainer.model_metrics import (
    at_threshold,
    calibration_error_floor,
    expected_calibration_error,
    lift,
    measure,
    reliability,
    score_distribution,
    threshold_table,
)

CHURN = np.array([0, 0, 0, 0, 1, 0, 1, 1, 0, 1], np.int8)
SCORES = np.array([0.05, 0.1, 0.2, 0.3, 0.35, 0.55, 0.6, 0.7, 0.8, 0.95])


def test_the_mean_of_the_customers_log_losses_is_that_of_scikit_learn():
    certain = np.where(CHURN == 1, 1.0, SCORES)
    for scores in (SCORES, certain, 1 - certain):
        assert log_losses(CHURN, scores).mean() == pytest.approx(reference.log_loss(CHURN, scores))


def test_figures_agree_with_scikit_learn():
    flagged = SCORES >= 0.5
    assert measure(CHURN, SCORES) == pytest.approx(
        {
            "roc_auc": reference.roc_auc_score(CHURN, SCORES),
            "pr_auc": reference.average_precision_score(CHURN, SCORES),
            "brier": reference.brier_score_loss(CHURN, SCORES),
            "log_loss": reference.log_loss(CHURN, SCORES),
            "accuracy": reference.accuracy_score(CHURN, flagged),
            "precision": reference.precision_score(CHURN, flagged),
            "recall": reference.recall_score(CHURN, flagged),
            "f1": reference.f1_score(CHURN, flagged),
            "ece": expected_calibration_error(CHURN, SCORES),
            "ece_floor": calibration_error_floor(SCORES),
            "lift_top_decile": 2.5,
        }
    )


def test_all_figures_are_plain_numbers():
    assert {type(value) for value in measure(CHURN, SCORES).values()} == {float}


def test_each_customers_loss_is_that_of_which_log_loss_is_the_mean():
    certain = np.concatenate([SCORES, [0.0, 1.0, 1.0]])
    churn = np.concatenate([CHURN, [0, 0, 1]]).astype(np.int8)
    assert log_losses(churn, certain).mean() == pytest.approx(reference.log_loss(churn, certain))
    assert log_losses(np.array([1, 0], np.int8), np.array([0.25, 0.25])) == pytest.approx(-np.log([0.25, 0.75]))


def test_a_customer_on_the_threshold_is_flagged():
    assert at_threshold(np.array([1, 0], np.int8), np.array([0.5, 0.4999]), 0.5)["accuracy"] == 1


def test_flagging_one_who_left_is_right_every_time():
    figures = at_threshold(np.array([1, 0], np.int8), np.array([0.9, 0.1]), 0.5)
    assert (figures["precision"], figures["recall"], figures["f1"]) == (1, 1, 1)


def test_flagging_nobody_is_no_division_by_zero():
    assert at_threshold(CHURN, SCORES, 0.99) == {"accuracy": 0.6, "precision": 0, "recall": 0, "f1": 0}


def test_calibration_error_of_known_bins():
    churn, scores = np.array([0, 1, 1, 1], np.int8), np.array([0.25, 0.25, 0.75, 0.75])
    assert reliability(churn, scores) == [
        {"mean_predicted": 0.25, "observed": 0.5, "low": wilson(1, 2)[0], "high": wilson(1, 2)[1], "count": 2},
        {"mean_predicted": 0.75, "observed": 1.0, "low": wilson(2, 2)[0], "high": wilson(2, 2)[1], "count": 2},
    ]
    assert expected_calibration_error(churn, scores) == pytest.approx(0.25)


def test_certainty_is_in_the_last_bin():
    assert reliability(np.array([1], np.int8), np.array([1.0]))[0]["count"] == 1


def test_the_floor_is_what_scores_that_are_exactly_right_show():
    """Outcomes drawn from the scores themselves, so that all that is left of the calibration error is chance."""
    rng = np.random.default_rng(5)
    scores = rng.beta(1, 3, size=1400)
    drawn = [expected_calibration_error((rng.uniform(size=1400) < scores).astype(np.int8), scores) for _ in range(300)]
    assert calibration_error_floor(scores) == pytest.approx(np.mean(drawn), rel=0.05)


def test_the_floor_of_one_tenth_is_the_mean_size_of_a_normal_number():
    assert calibration_error_floor(np.full(100, 0.5)) == pytest.approx(np.sqrt(2 / np.pi * 25) / 100)


@pytest.mark.parametrize(("count", "top"), [(10, 1), (15, 2), (40, 4), (400, 40)])
def test_lift_is_of_the_tenth_with_the_highest_scores(count, top):
    """Everybody of the highest tenth left, half as many of the lowest, and nobody else."""
    churn = np.zeros(count, np.int8)
    churn[:top], churn[count - top // 2 - 1 :] = 1, 1
    assert lift(churn, np.linspace(1, 0, count)) == pytest.approx(count / churn.sum())


def test_lift_of_a_perfect_ranking_is_one_over_the_churn_rate():
    churn = np.array([1] * 10 + [0] * 30, np.int8)
    assert lift(churn, np.linspace(1, 0, 40)) == 4


def test_the_score_distribution_counts_everyone_once():
    distribution = score_distribution(CHURN, SCORES)
    assert (sum(distribution["stayed"]), sum(distribution["churned"])) == (6, 4)
    assert len(distribution["edges"]) == len(distribution["stayed"]) + 1
    assert distribution["edges"] == pytest.approx(np.linspace(0, 1, 21))


def test_the_threshold_table_goes_from_a_tenth_to_nine_tenths():
    thresholds = [row["threshold"] for row in threshold_table(CHURN, SCORES)]
    assert thresholds == pytest.approx(np.linspace(0.1, 0.9, 17))


def test_the_threshold_table_is_per_thousand_customers():
    row = next(row for row in threshold_table(CHURN, SCORES) if row["threshold"] == 0.5)
    intervals = row.pop("intervals")
    assert row == {"threshold": 0.5, "flagged": 500, "caught": 300, "false_alarms": 200, "missed": 100}
    for name, count in (("flagged", 5), ("caught", 3), ("false_alarms", 2), ("missed", 1)):
        assert intervals[name] == pytest.approx(
            dict(zip(("low", "high"), 1000 * np.array(wilson(count, 10)), strict=True)), abs=0.05
        )
