"""Choosing the champion."""

import numpy as np
import pytest

from churn_trainer.training.candidates import CANDIDATES, STACK
from churn_trainer.training.choice import choose, why_not
from churn_trainer.training.compare import Comparison

NAMES = [*(candidate.name for candidate in CANDIDATES), STACK.name]
SPREAD = np.array([-0.01, 0.005, 0.01, -0.005, 0.0])


def compared(error=0.004, auc=0.8, **losses):
    """A comparison by the mean log loss of models, named by their first word; 0.5 where none is given. In each fold all
    are off by the fold's own luck."""
    figures = {
        name: {"log_loss": losses.get(name.split()[0].lower(), 0.5) + SPREAD, "roc_auc": auc + SPREAD} for name in NAMES
    }
    return Comparison(figures, dict.fromkeys(NAMES, 0.1) | {"Stack": error}, 5, 1, 1000)


@pytest.mark.parametrize(
    ("logistic", "champion"), [(0.4039, "Logistic Regression"), (0.4041, "Random Forest"), (0.5, "Random Forest")]
)
def test_the_simplest_model_within_one_standard_error_of_the_least_loss_is_chosen(logistic, champion):
    choice = choose(compared(stack=0.4, logistic=logistic, random=0.403, error=0.004), "one_standard_error")
    assert choice.name == champion


def test_the_error_is_that_of_the_least_loss_and_no_others():
    assert choose(compared(stack=0.4, logistic=0.41, error=0.004), "one_standard_error").name == "Stack"
    assert choose(compared(stack=0.4, logistic=0.41, error=0.011), "one_standard_error").name == "Logistic Regression"


def test_a_model_is_chosen_by_its_loss_and_not_by_its_auc():
    comparison = compared(stack=0.4, logistic=0.45)
    comparison.figures["Logistic Regression"]["roc_auc"] += 0.1
    for rule in ("best", "one_standard_error"):
        assert choose(comparison, rule).name == "Stack"


def test_the_reason_tells_both_losses_and_the_error():
    assert choose(compared(stack=0.4, logistic=0.403), "one_standard_error").reason == (
        "Logistic Regression is the simplest model whose mean log loss, 0.4030, "
        "is within one standard error (0.0040) of the least, 0.4000 of Stack."
    )
    assert choose(compared(stack=0.4), "one_standard_error").reason == (
        "Stack has the least mean log loss, 0.4000, and no simpler model is within one standard error (0.0040) of it."
    )
    told = choose(compared(stack=0.4, logistic=0.401), "best").reason
    assert told == "Stack has the least mean log loss, 0.4000."


def test_the_best_of_all_may_be_the_simplest():
    assert choose(compared(logistic=0.3), "one_standard_error").reason.startswith("Logistic Regression has the least")


def test_folds_that_happen_to_agree_make_no_error_of_nothing():
    """Two folds of the same mean: their spread is 0, as it is for some draw of two folds."""
    comparison = compared(stack=0.4, logistic=0.402)
    for figures in comparison.figures.values():
        figures["log_loss"] = np.full(2, figures["log_loss"].mean())
    assert choose(comparison, "one_standard_error").name == "Logistic Regression"


@pytest.mark.parametrize(
    ("rule", "name", "sentence"),
    [
        (
            "one_standard_error",
            "Stack",
            (
                "Its mean log loss, 0.4000, is 0.0030 below that of Logistic Regression; "
                "within one standard error (0.0040) the simplest is chosen."
            ),
        ),
        (
            "one_standard_error",
            "Random Forest",
            (
                "Its mean log loss, 0.5000, is 0.0970 above that of Logistic Regression and more than "
                "one standard error (0.0040) above the least, 0.4000 of Stack."
            ),
        ),
        ("best", "Random Forest", "Its mean log loss, 0.5000, is 0.0970 above that of Logistic Regression."),
    ],
)
def test_it_is_said_why_a_model_was_not_chosen(rule, name, sentence):
    assert why_not(compared(stack=0.4, logistic=0.403), rule, "Logistic Regression", name) == sentence


def test_a_slightly_better_model_of_more_complexity_does_not_win_by_the_noise_of_a_maximum():
    """Every rival is better by half an error, which the best of eight is by luck."""
    rivals = {name.split()[0].lower(): 0.401 for name in NAMES}
    assert choose(compared(**(rivals | {"logistic": 0.403, "stack": 0.4})), "one_standard_error").name == NAMES[0]
