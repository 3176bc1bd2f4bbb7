"""Choosing the champion."""

import numpy as np
import pytest

from churn_trainer.training.candidates import CANDIDATES, VOTING
from churn_trainer.training.choice import choose
from churn_trainer.training.compare import Comparison

NAMES = [*(candidate.name for candidate in CANDIDATES), VOTING.name]
SPREAD = np.array([-0.01, 0.005, 0.01, -0.005, 0.0])


def compared(error=0.004, auc=0.8, **losses):
    """A comparison by the mean log loss of models, named by their first word; 0.5 where none is given. In each fold all
    are off by the fold's own luck."""
    figures = {
        name: {"log_loss": losses.get(name.split()[0].lower(), 0.5) + SPREAD, "roc_auc": auc + SPREAD} for name in NAMES
    }
    return Comparison(figures, dict.fromkeys(NAMES, 0.1) | {"Soft Voting": error}, 5, 1, 1000)


@pytest.mark.parametrize(
    ("logistic", "champion"), [(0.4039, "Logistic Regression"), (0.4041, "Random Forest"), (0.5, "Random Forest")]
)
def test_the_simplest_model_within_one_standard_error_of_the_least_loss_is_chosen(logistic, champion):
    choice = choose(compared(soft=0.4, logistic=logistic, random=0.403, error=0.004), "one_standard_error")
    assert choice.name == champion


def test_the_error_is_that_of_the_least_loss_and_no_others():
    assert choose(compared(soft=0.4, logistic=0.41, error=0.004), "one_standard_error").name == "Soft Voting"
    assert choose(compared(soft=0.4, logistic=0.41, error=0.011), "one_standard_error").name == "Logistic Regression"


def test_a_model_is_chosen_by_its_loss_and_not_by_its_auc():
    comparison = compared(soft=0.4, logistic=0.45)
    comparison.figures["Logistic Regression"]["roc_auc"] += 0.1
    for rule in ("best", "one_standard_error"):
        assert choose(comparison, rule).name == "Soft Voting"


def test_the_reason_tells_both_losses_and_the_error():
    assert choose(compared(soft=0.4, logistic=0.403), "one_standard_error").reason == (
        "Logistic Regression is the simplest model whose mean log loss, 0.4030, "
        "is within one standard error (0.0040) of the least, 0.4000 of Soft Voting."
    )
    assert choose(compared(soft=0.4), "one_standard_error").reason == (
        "Soft Voting has the least mean log loss, 0.4000, "
        "and no simpler model is within one standard error (0.0040) of it."
    )
    told = choose(compared(soft=0.4, logistic=0.401), "best").reason
    assert told == "Soft Voting has the least mean log loss, 0.4000."


def test_the_best_of_all_may_be_the_simplest():
    assert choose(compared(logistic=0.3), "one_standard_error").reason.startswith("Logistic Regression has the least")


def test_folds_that_happen_to_agree_make_no_error_of_nothing():
    """Two folds of the same mean: their spread is 0, as it is for some draw of two folds."""
    comparison = compared(soft=0.4, logistic=0.402)
    for figures in comparison.figures.values():
        figures["log_loss"] = np.full(2, figures["log_loss"].mean())
    assert choose(comparison, "one_standard_error").name == "Logistic Regression"
