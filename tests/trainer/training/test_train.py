"""Fitting the candidates."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from tests.telco import TELCO

from churn.model.scoring import logits
from churn_trainer.data.prepare import prepare
from churn_trainer.data.table import load
from churn_trainer.training.candidates import CANDIDATES, MEMBERS, STACK
from churn_trainer.training.stack import Member, Stack
from churn_trainer.training.train import scores, search, simplest_within_error


def test_every_candidate_is_fitted_in_order_the_stack_last(fitted):
    assert list(fitted) == [*(candidate.name for candidate in CANDIDATES), STACK.name]


def test_the_search_is_over_three_folds_one_job_at_a_time():
    grid = search(CANDIDATES[0].estimator(TELCO), CANDIDATES[0])
    assert (grid.cv, grid.n_jobs) == (3, None)


@pytest.mark.parametrize(
    ("losses", "wanted"),
    [
        pytest.param([0.44, 0.41, 0.40], 1, id="the simplest within one standard error of the best"),
        pytest.param([0.4199, 0.41, 0.40], 0, id="just within"),
        pytest.param([0.4201, 0.4202, 0.40], 2, id="just without"),
        pytest.param([0.40, 0.41, 0.42], 0, id="the best itself is the simplest"),
        pytest.param([0.50, 0.40, 0.40], 1, id="of equals the simplest"),
    ],
)
def test_the_simplest_setting_within_one_standard_error_is_chosen(losses, wanted):
    """Three folds whose means have an error of √0.0012 each: the mean of all has one of 0.02."""
    results = {"mean_test_log_loss": np.array(losses), "mean_test_squared_error": np.array([9.0, 9.0, 9.0])}
    results["mean_test_squared_error"][int(np.argmin(losses))] = 0.0012
    assert simplest_within_error(results) == wanted


def test_the_search_compares_by_the_log_loss_of_customers(prepared):
    rows = prepared.split.development
    columns, churn = prepared.scaled(rows), prepared.churn[rows]
    found = search(CANDIDATES[0].estimator(TELCO), CANDIDATES[0]).fit(columns, churn)
    losses, errors = [], []
    for fitted_rows, held_out in StratifiedKFold(3).split(columns, churn):
        model = CANDIDATES[0].estimator(TELCO).set_params(C=0.1).fit(columns[fitted_rows], churn[fitted_rows])
        told = model.predict_proba(columns[held_out])[np.arange(len(held_out)), churn[held_out]]
        losses.append(log_loss(churn[held_out], model.predict_proba(columns[held_out])[:, 1]))
        errors.append(np.var(-np.log(told), ddof=1) / len(held_out))
    at = list(CANDIDATES[0].grid["C"]).index(0.1)
    assert found.cv_results_["mean_test_log_loss"][at] == pytest.approx(np.mean(losses), rel=1e-6)
    assert found.cv_results_["mean_test_squared_error"][at] == pytest.approx(np.mean(errors), rel=1e-6)


def test_the_penalty_hangs_on_no_accident_of_the_rows(telco_csv, source_of):
    """On the real table another C is hardly better or worse: which one is best changes from resample to resample."""
    whole = prepare(load(source_of(telco_csv.read_bytes()), TELCO)[0])
    rng = np.random.default_rng(0)
    for _ in range(8):
        rows = rng.choice(whole.split.development, 3_000, replace=False)
        found = search(CANDIDATES[0].estimator(TELCO), CANDIDATES[0]).fit(whole.scaled(rows), whole.churn[rows])
        assert found.best_params_ == {"C": 0.01}


def test_models_see_single_precision_and_never_the_test_part(fitted, prepared):
    assert prepared.scaled(prepared.split.test).dtype == np.float32
    assert fitted["Decision Tree"].model.tree_.n_node_samples[0] == len(prepared.split.development)


def test_the_parameters_are_from_the_grid(fitted):
    for candidate in CANDIDATES:
        chosen = fitted[candidate.name].parameters
        assert chosen.keys() == candidate.grid.keys()
        assert all(value in candidate.grid[name] for name, value in chosen.items())


def test_the_stack_weighs_its_members_as_they_were_tuned(fitted, prepared):
    rows = prepared.split.test
    stack = fitted[STACK.name].model
    assert [member.name for member in stack.members_] == list(MEMBERS)
    members = [scores(rows, fitted[name], prepared) for name in MEMBERS]
    wanted = stack.regression_.predict_proba(np.column_stack([logits(each) for each in members]))[:, 1]
    assert scores(rows, fitted[STACK.name], prepared) == pytest.approx(wanted, abs=1e-9)
    assert (stack.regression_.coef_ > -0.5).all()


@pytest.mark.parametrize("resampled", [False, True])
def test_the_stack_is_weighed_by_predictions_for_customers_whom_members_have_not_seen(prepared, resampled):
    """A member that remembers everybody it has seen, and knows nothing else, earns no weight."""

    class Memory(BaseEstimator):
        def fit(self, rows, churn):
            self.seen_ = dict(zip(map(bytes, rows), churn.tolist(), strict=True))
            return self

        def predict_proba(self, rows):
            churned = np.array([0.98 * self.seen_.get(bytes(row), 0.5) + 0.01 for row in rows])
            return np.column_stack([1 - churned, churned])

    rows = prepared.split.development[:600]
    rows = np.random.default_rng(3).choice(rows, len(rows)) if resampled else rows
    members = [Member("Memory", "fields", Memory()), Member("Bayes", "columns", GaussianNB())]
    stack = Stack(members).fit(prepared.fed("both", rows), prepared.churn[rows])
    assert abs(stack.regression_.coef_[0, 0]) < abs(stack.regression_.coef_[0, 1])


def test_what_a_model_cost_is_measured(fitted):
    for one in fitted.values():
        assert one.seconds > 0
        assert one.size > 500
        assert one.memory >= 0
