"""Comparing models by cross-validation."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.telco import TELCO

from churn_trainer.model_metrics import measure
from churn_trainer.training import compare as compare_module
from churn_trainer.training.candidates import CANDIDATES, MEMBERS, SEED, STACK
from churn_trainer.training.compare import (
    Comparison,
    Design,
    Difference,
    PermutedCheck,
    compare,
    corrected_error,
    data_of,
    grouped_folds,
    loss_error,
    permuted_check,
    stack_scores,
)
from churn_trainer.training.stack import stacked, weighing
from churn_trainer.training.train import search

DESIGN = Design(folds=2, repeats=2, jobs=1)


def quiet(name: str, done: int, total: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def data(prepared):
    rows = prepared.split.development[:600]
    return data_of(prepared, rows)


@pytest.fixture(scope="module")
def comparison(data):
    return compare(data, DESIGN, quiet)


def test_all_models_have_all_figures_in_every_fold(comparison):
    assert set(comparison.figures) == {*(one.name for one in CANDIDATES), STACK.name}
    for figures in comparison.figures.values():
        assert {len(values) for values in figures.values()} == {4}
        assert {"roc_auc", "pr_auc", "brier", "log_loss", "ece", "accuracy", "f1", "precision", "recall"} < set(figures)


def test_scaling_and_grid_are_inside_the_folds(comparison, data):
    """The first fold, done by hand on nothing but its own customers."""
    train, test = grouped_folds(data.churn, data.groups, DESIGN)[0]
    wide, churn = data.fed.columns, data.churn
    for candidate in CANDIDATES[:3]:
        prefix = type(candidate.estimator(TELCO)).__name__.lower()
        pipeline = make_pipeline(StandardScaler(), candidate.estimator(TELCO))
        model = search(pipeline, candidate, f"{prefix}__").fit(wide[train], churn[train])
        auc = measure(churn[test], model.predict_proba(wide[test])[:, 1])["roc_auc"]
        assert comparison.figures[candidate.name]["roc_auc"][0] == pytest.approx(auc, abs=1e-12)


def test_the_stack_of_a_fold_is_weighed_on_the_other_folds_of_its_repeat():
    rng = np.random.default_rng(4)
    churn, groups = (rng.random(300) < 0.3).astype(np.int8), np.arange(300, dtype=np.uint64)
    folds = grouped_folds(churn, groups, Design(folds=3, repeats=2, jobs=1))
    members = [[rng.random(len(test)) for _, test in folds] for _ in range(2)]
    scores = stack_scores(churn, folds, members, 3)
    others = [3, 5]
    seen = [np.concatenate([member[other] for other in others]) for member in members]
    model = weighing(seen, churn[np.concatenate([folds[other][1] for other in others])])
    wanted = model.predict_proba(stacked([member[4] for member in members]))[:, 1]
    assert scores[4] == pytest.approx(wanted, abs=1e-12)
    assert [len(score) for score in scores] == [len(test) for _, test in folds]


def test_the_boosting_over_fields_is_fed_the_customers_as_they_are(comparison, data):
    train, test = grouped_folds(data.churn, data.groups, DESIGN)[0]
    candidate = next(one for one in CANDIDATES if one.inputs == "fields")
    model = candidate.estimator(TELCO).fit(data.fed.fields[train], data.churn[train])
    auc = measure(data.churn[test], model.predict_proba(data.fed.fields[test])[:, 1])["roc_auc"]
    assert comparison.figures[candidate.name]["roc_auc"][0] == pytest.approx(auc, abs=1e-12)
    assert set(MEMBERS) < set(comparison.figures)


def test_two_folds_at_a_time_give_the_same_numbers_as_one(comparison, data, monkeypatch):
    monkeypatch.setattr(compare_module, "CANDIDATES", CANDIDATES[:3])
    parallel = compare(data, Design(2, 2, 2), quiet)
    for name in (one.name for one in CANDIDATES[:3]):
        for figure, values in parallel.figures[name].items():
            assert (values == comparison.figures[name][figure]).all()


def test_progress_counts_every_fold(data, monkeypatch):
    monkeypatch.setattr(compare_module, "CANDIDATES", CANDIDATES[:1])
    told = []
    compare(data, DESIGN, lambda *counts: told.append(counts))
    assert told == [("Logistic Regression", done, 4) for done in (1, 2, 3, 4)]


def test_customers_alike_in_every_field_are_in_one_fold_and_every_customer_is_tested_once_a_repeat():
    rng = np.random.default_rng(1)
    churn, groups = (rng.random(400) < 0.25).astype(np.int8), rng.integers(150, size=400).astype(np.uint64)
    folds = grouped_folds(churn, groups, Design(folds=4, repeats=3, jobs=1))
    assert len(folds) == 12
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
        assert sorted([*train, *test]) == list(range(400))
    tested = np.bincount(np.concatenate([test for _, test in folds]), minlength=400)
    assert (tested == 3).all()


def test_without_repeats_the_folds_have_the_same_size_and_share_of_churners():
    churn = np.repeat([0, 1], [300, 100]).astype(np.int8)
    for _, test in grouped_folds(churn, np.arange(400, dtype=np.uint64), Design(folds=5, repeats=2, jobs=1)):
        assert (len(test), churn[test].sum()) == (80, 20)


def test_the_folds_follow_the_customers_and_not_their_order_in_the_table():
    rng = np.random.default_rng(2)
    churn, groups = (rng.random(300) < 0.3).astype(np.int8), rng.integers(250, size=300).astype(np.uint64)
    order, design = rng.permutation(300), Design(folds=3, repeats=2, jobs=1)
    here, there = grouped_folds(churn, groups, design), grouped_folds(churn[order], groups[order], design)
    assert [set(test) for _, test in here] == [set(order[test]) for _, test in there]


def test_the_error_of_a_mean_is_corrected_for_shared_customers():
    gaps = np.array([0.01, 0.02, 0.03, 0.02, 0.02])
    plain = gaps.std(ddof=1) / np.sqrt(5)
    # Nadeau and Bengio: 1/J + test/train in place of 1/J, here 1/5 + 1/4.
    assert corrected_error(gaps, folds=5) == pytest.approx(plain * np.sqrt(1 + 5 / 4))


def test_a_difference_is_paired_over_the_folds():
    figures = {
        "better": {"roc_auc": np.array([0.81, 0.85, 0.83, 0.88])},
        "other": {"roc_auc": np.array([0.80, 0.84, 0.82, 0.87])},
    }
    difference = Comparison(figures, {}, 2, 2, 100).difference("better", "other", "roc_auc")
    assert (difference.mean, difference.error) == pytest.approx((0.01, 0))
    assert difference.interval == pytest.approx((0.01, 0.01))


# Two-sided 5 % points of Student's t, as tables have them.
@pytest.mark.parametrize(("folds", "quantile"), [(2, 12.706), (5, 2.776), (25, 2.064)])
def test_the_interval_of_a_difference_is_students_with_one_degree_less_than_folds(folds, quantile):
    low, high = Difference(0.01, 0.002, folds).interval
    assert (low, high) == pytest.approx((0.01 - quantile * 0.002, 0.01 + quantile * 0.002), abs=1e-5)


def test_a_difference_knows_the_folds_of_all_repeats():
    figures = {name: {"brier": np.arange(10.0)} for name in ("one", "other")}
    assert Comparison(figures, {}, 5, 2, 100).difference("one", "other", "brier").folds == 10


def test_the_error_of_a_loss_is_over_customers_each_the_mean_of_its_repeats():
    churn = np.array([1, 0, 1, 0], np.int8)
    first, second = np.array([0, 1]), np.array([2, 3])
    folds = [(second, first), (first, second), (second, first), (first, second)]
    scores = [np.array(pair) for pair in ([0.5, 0.5], [0.8, 0.4], [0.25, 0.5], [0.8, 0.9])]
    losses = -np.log([[0.5, 0.5, 0.8, 0.6], [0.25, 0.5, 0.8, 0.1]]).mean(axis=0)
    assert loss_error(churn, folds, scores) == pytest.approx(losses.std(ddof=1) / 2)


def test_the_stack_and_its_members_have_errors_of_their_own(comparison):
    assert set(comparison.errors) == set(comparison.figures)
    assert len(set(comparison.errors.values())) == len(comparison.errors)


def test_shuffled_labels_cannot_be_predicted(data):
    check = permuted_check(CANDIDATES[0], data, DESIGN, quiet)
    assert check.passed
    assert check.roc_auc == pytest.approx(0.5, abs=check.limit)


def test_the_limit_is_four_errors_of_an_auc_that_knows_nothing(data):
    check = permuted_check(CANDIDATES[1], data, DESIGN, quiet)
    churned, stayed = (data.churn == 1).sum(), (data.churn == 0).sum()
    assert check.limit == pytest.approx(4 * np.sqrt((churned + stayed + 1) / (12 * churned * stayed)))
    assert check.candidate == "Gaussian Naive Bayes"


@pytest.mark.parametrize(("auc", "passed"), [(0.5, True), (0.53, True), (0.531, False), (0.47, True), (0.469, False)])
def test_an_auc_further_from_a_half_than_the_limit_fails(auc, passed):
    assert PermutedCheck("Logistic Regression", auc, 0.03 + 1e-9).passed is passed


def test_a_column_that_follows_the_labels_wherever_they_go_is_caught(data):
    """A leak: the shuffled labels themselves stand in a column."""
    leaking = data.fed.columns.copy()
    leaking[:, 0] = np.random.default_rng(SEED).permutation(data.churn)
    leaky = data._replace(fed=data.fed._replace(columns=leaking))
    check = permuted_check(CANDIDATES[0], leaky, DESIGN, quiet)
    assert not check.passed
