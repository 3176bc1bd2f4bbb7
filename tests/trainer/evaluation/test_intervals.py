"""Intervals of figures."""

import numpy as np
import pytest

from churn.intervals import wilson
from churn.tracking.figures import log_losses
from churn_trainer.evaluation.intervals import difference, intervals, ranking, share
from churn_trainer.model_metrics import measure


@pytest.fixture(scope="module")
def scored():
    """Customers whose scores are right, with ties, and their outcomes."""
    rng = np.random.default_rng(3)
    scores = np.round(rng.beta(1, 2, size=800), 2)
    return (rng.uniform(size=800) < scores).astype(np.int8), scores


def test_figures_of_ranked_customers_are_those_of_measure(scored):
    churn, scores = scored
    order = np.argsort(-scores, kind="stable")
    figures = measure(churn, scores)
    assert ranking(churn[order], scores[order]) == pytest.approx(
        {name: figures[name] for name in ("roc_auc", "pr_auc", "lift_top_decile", "f1")}
    )


def test_every_figure_has_an_interval_around_it_but_those_of_chance(scored):
    figures, found = measure(*scored), intervals(*scored)
    assert set(figures) - set(found) == {"ece", "ece_floor"}
    for name, ends in found.items():
        assert ends["low"] < figures[name] < ends["high"]


def test_a_bootstrap_interval_is_as_wide_as_delongs(scored):
    """DeLong, DeLong and Clarke-Pearson (1988): the AUC's variance from each customer's share of pairs in order."""
    churn, scores = scored
    gone, stayed = scores[churn == 1], scores[churn == 0]
    order = (gone[:, None] > stayed) + 0.5 * (gone[:, None] == stayed)
    variance = order.mean(axis=1).var(ddof=1) / len(gone) + order.mean(axis=0).var(ddof=1) / len(stayed)
    ends = intervals(churn, scores)["roc_auc"]
    assert ends["low"] == pytest.approx(order.mean() - 1.96 * np.sqrt(variance), abs=0.005)
    assert ends["high"] == pytest.approx(order.mean() + 1.96 * np.sqrt(variance), abs=0.005)


def test_intervals_of_means_and_shares_are_those_of_the_books(scored):
    churn, scores = scored
    found, flagged = intervals(churn, scores), scores >= 0.5
    for name, values in (("brier", (scores - churn) ** 2), ("log_loss", log_losses(churn, scores))):
        reach = 1.96 * values.std(ddof=1) / np.sqrt(800)
        expected = {"low": values.mean() - reach, "high": values.mean() + reach}
        assert found[name] == pytest.approx(expected, abs=1e-5)
    for name, hits in (
        ("accuracy", flagged == (churn == 1)),
        ("precision", churn[flagged] == 1),
        ("recall", flagged[churn == 1]),
    ):
        low, high = wilson(int(hits.sum()), len(hits))
        assert found[name] == pytest.approx({"low": low, "high": high})


def test_of_one_outcome_alone_nothing_is_ranked():
    assert "roc_auc" not in intervals(np.zeros(30, np.int8), np.linspace(0, 1, 30))


def test_a_share_of_nobody_has_the_interval_of_ignorance():
    assert share(np.array([], bool)) == {"value": 0.0, "low": 0.0, "high": 1.0}


def test_the_difference_of_two_shares_is_newcombes():
    """Newcombe (1998), table II, method 10: 56/70 less 48/80, and 9/10 less 3/10."""
    first, second = (share(np.arange(trials) < hits) for hits, trials in ((56, 70), (48, 80)))
    assert difference(first, second) == pytest.approx({"value": 0.2, "low": 0.0524, "high": 0.3339}, abs=1e-4)
    first, second = (share(np.arange(10) < hits) for hits in (9, 3))
    assert difference(first, second) == pytest.approx({"value": 0.6, "low": 0.1705, "high": 0.8090}, abs=1e-4)
