"""Columns that give the outcome away are named with the figure that says so."""

import numpy as np
import pytest

from churn_trainer.inspect import column_auc, leaks

LEFT = np.arange(400) % 4 == 1


def reason(column, name, cells):
    made = column(name, cells)
    return leaks.reason(made, LEFT, column_auc.auc(made, LEFT))


def test_a_column_that_tells_the_outcome_alone_is_named(column, chance):
    scores = [chance.gauss(60 if left else 30, 10) for left in LEFT]
    assert reason(column, "Score", scores) == "it tells the outcome alone (AUC 0.98)"


def test_one_whose_middle_leaves_is_named_too(column, chance):
    assert "AUC 0.9" in reason(
        column, "Days", [chance.uniform(40, 60) if left else chance.choice([9, 90]) for left in LEFT]
    )


def test_a_column_that_is_blank_for_those_who_stayed_is_named(column):
    assert reason(column, "Why", ["moved" if left else "" for left in LEFT]) == (
        "whether it is blank tells the outcome (AUC 1.00 alone)"
    )


@pytest.mark.parametrize("name", ["CLTV", "Churn Score", "Naive_Bayes_Attrition", "RetentionCalls", "Exit Reason"])
def test_a_name_says_it_as_well(column, name, chance):
    assert "by its name it is known only afterwards" in reason(column, name, [chance.random() for _ in LEFT])


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("a value of its own for each", [f"v{row}" for row in range(400)]),
        ("many values", [f"v{row % 130}" for row in range(400)]),
        ("a number of the row in a table that is sorted", sorted(range(400))),
    ],
)
def test_what_tells_nothing_is_no_leak(column, name, cells):
    assert reason(column, name, cells) is None


def test_the_area_is_that_of_the_usual_definition(column, chance):
    from sklearn.metrics import roc_auc_score

    numbers = [round(chance.gauss(left, 1.5), 1) for left in LEFT]
    assert column_auc.auc(column("x", numbers), LEFT) == pytest.approx(roc_auc_score(LEFT, numbers))


def test_a_strong_blank_is_counted_as_a_value(column):
    """Half of those who stay have a contract; nobody else has one."""
    cells = ["" if left or row % 8 < 4 else 1.5 + row % 3 for row, left in enumerate(LEFT)]
    made = column("Remaining contract", cells)
    assert column_auc.auc_of_blanks(made, LEFT) == pytest.approx(0.75, abs=0.01)
    assert 0.74 < column_auc.auc(made, LEFT) < 0.9
