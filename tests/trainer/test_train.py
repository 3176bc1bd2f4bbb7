"""Fitting the candidates."""

import numpy as np
import pytest

from churn_trainer.candidates import CANDIDATES, VOTERS, VOTING
from churn_trainer.train import search


def test_every_candidate_is_fitted_in_order_the_vote_last(fitted):
    assert list(fitted) == [*(candidate.name for candidate in CANDIDATES), VOTING.name]


def test_the_search_is_over_three_folds_by_auc_one_job_at_a_time():
    grid = search(CANDIDATES[0].estimator(), CANDIDATES[0])
    assert (grid.cv, grid.scoring, grid.n_jobs) == (3, "roc_auc", None)


def test_models_see_single_precision_and_never_the_test_part(fitted, prepared):
    assert prepared.scaled(prepared.split.test).dtype == np.float32
    assert fitted["Decision Tree"].model.tree_.n_node_samples[0] == len(prepared.split.development)


def test_the_parameters_are_from_the_grid(fitted):
    for candidate in CANDIDATES:
        chosen = fitted[candidate.name].parameters
        assert chosen.keys() == candidate.grid.keys()
        assert all(value in candidate.grid[name] for name, value in chosen.items())


def test_the_vote_is_the_mean_of_its_members_as_they_were_tuned(fitted, prepared):
    columns = prepared.scaled(prepared.split.test)
    members = np.mean([fitted[name].model.predict_proba(columns)[:, 1] for name in VOTERS], axis=0)
    assert fitted[VOTING.name].model.predict_proba(columns)[:, 1] == pytest.approx(members, abs=1e-9)


def test_what_a_model_cost_is_measured(fitted):
    for one in fitted.values():
        assert one.seconds > 0
        assert one.size > 500
        assert one.memory >= 0
