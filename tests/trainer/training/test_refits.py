"""The whole fit, repeated on resamples."""

import numpy as np
from tests.telco import TELCO

from churn_trainer.training import refits as module
from churn_trainer.training.candidates import CANDIDATES, MEMBERS, STACK
from churn_trainer.training.export import scorecard
from churn_trainer.training.refits import refits
from churn_trainer.training.train import fit_whole


def test_refits_differ_from_each_other_and_come_out_the_same_again(prepared):
    first, again = (refits(CANDIDATES[0], prepared, 3, 20_000, scorecard) for _ in range(2))
    assert [refit.to_dict() for refit in first] == [refit.to_dict() for refit in again]
    for name in ("weights", "averages", "slopes"):
        assert len({str(refit.to_dict()[name]) for refit in first}) == 3


def test_the_whole_fit_is_of_the_customers_drawn_with_replacement_and_search_settings_anew(prepared, monkeypatch):
    seen = []

    def remember(candidate, schema, columns, churn, folds):
        seen.append((columns, churn, folds))
        return fit_whole(candidate, schema, columns, churn, folds)

    monkeypatch.setattr(module, "fit_whole", remember)
    refits(CANDIDATES[0], prepared, 2, 400, scorecard)
    for columns, churn, folds in seen:
        assert len(columns) == len(churn) == 400
        assert len(np.unique(columns, axis=0)) < 380
        assert np.abs(columns.mean(axis=0, dtype=float)).max() < 1e-5
        assert len(folds) == 3
        for fitted_on, held_out in folds:
            assert sorted([*fitted_on, *held_out]) == list(range(400))
            together = {tuple(row) for row in columns[fitted_on]} & {tuple(row) for row in columns[held_out]}
            assert len(together) < 10  # customers alike by accident


def test_a_stack_is_refitted_with_each_member_searched_for_itself(prepared):
    rows = prepared.split.development[:300]
    stack = fit_whole(STACK, TELCO, prepared.fed("both", rows), prepared.churn[rows])
    assert [member.name for member in stack.members_] == list(MEMBERS)
    assert stack.members_[0].estimator.C in dict(CANDIDATES[0].grid)["C"]
