"""Figures of predictions made before their outcomes were learned."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, roc_auc_score

from churn_trainer.online.figures import Tally


def test_they_are_those_of_all_rows_in_however_many_parts(scored):
    churn, probability = scored
    weight = np.random.default_rng(0).integers(1, 4, len(churn)).astype(float)
    tally = Tally()
    for rows in (slice(0, 10), slice(10, 900), slice(900, None)):
        tally = tally.with_rows(churn[rows], probability[rows], weight[rows])
    found = tally.figures()
    assert tally.rows == len(churn)
    assert found["log_loss"] == pytest.approx(log_loss(churn, probability, sample_weight=weight))
    assert found["brier"] == pytest.approx(brier_score_loss(churn, probability, sample_weight=weight))
    assert found["accuracy"] == pytest.approx(accuracy_score(churn, probability >= 0.5, sample_weight=weight))
    assert found["roc_auc"] == pytest.approx(roc_auc_score(churn, probability, sample_weight=weight), abs=1e-3)
    assert sum(tally.counts(10)) == pytest.approx(weight.sum())


def test_of_nothing_there_are_none_and_of_one_outcome_no_auc():
    assert Tally().figures() == {}
    assert "roc_auc" not in Tally().with_rows(np.zeros(3, np.int8), np.full(3, 0.2), np.ones(3)).figures()
