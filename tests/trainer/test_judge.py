"""Choosing the champion, and the gates."""

import numpy as np
import pytest

from churn.background import Background
from churn.predict import Predictor
from churn.scorecard import Scorecard
from churn_trainer.candidates import CANDIDATES, VOTING
from churn_trainer.compare import Comparison, PermutedCheck
from churn_trainer.judge import choose, gates
from churn_trainer.serve import serve

FAIR = PermutedCheck("Logistic Regression", 0.51, 0.03)
SPREAD = np.array([-0.01, 0.005, 0.01, -0.005, 0.0])


def compared(**ahead):
    """A comparison where each model's AUC in each fold is 0.8, the fold's own luck, and what the model is ahead by."""
    names = [*(one.name for one in CANDIDATES), VOTING.name]
    gaps = {name: ahead.get(name.split()[0].lower(), -0.05) for name in names}
    return Comparison({name: {"roc_auc": 0.8 + SPREAD + gap} for name, gap in gaps.items()}, 5, 1, 1000)


NOISE = np.array([0.002, -0.002, 0.004, -0.003, 0.003])


def test_the_simplest_model_within_one_standard_error_of_the_best_is_chosen():
    choice = choose(compared(soft=0.001 + NOISE, logistic=0.0), "one_standard_error")
    assert choice.name == "Logistic Regression"
    assert "within one standard error" in choice.reason
    assert "behind Soft Voting" in choice.reason


def test_a_complex_model_that_is_clearly_better_wins():
    assert choose(compared(random=0.03 + NOISE, logistic=0.0), "one_standard_error").name == "Random Forest"


def test_of_two_models_within_the_noise_the_simpler_one_is_chosen():
    choice = choose(compared(gradient=0.001 + NOISE, random=0.0, logistic=-0.04), "one_standard_error")
    assert choice.name == "Random Forest"


def test_the_best_can_be_asked_for():
    assert choose(compared(soft=0.001 + NOISE, logistic=0.0), "best").name == "Soft Voting"


@pytest.fixture
def predictor(fitted, prepared):
    return serve(fitted["Logistic Regression"].model, prepared).predictor


@pytest.fixture
def unseen(prepared):
    return prepared.table.take(prepared.split.test)


def changed(predictor: Predictor, background: Background, **weights: float) -> Predictor:
    """The predictor with some weights of its scorecard multiplied."""
    card = predictor.scorer.to_dict()
    card["weights"] |= {name: card["weights"][name] * factor for name, factor in weights.items()}
    return Predictor(Scorecard.from_dict(card), background, 0.5)


def shut(found):
    return {gate.name for gate in found if not gate.passed}


def test_an_honest_model_passes_every_gate(predictor, unseen):
    found = gates(predictor, None, unseen.customers, unseen.churn, FAIR)
    assert shut(found) == set()
    assert len(found) == 3


def test_a_model_may_replace_its_equal(predictor, unseen):
    found = gates(predictor, predictor, unseen.customers, unseen.churn, FAIR)
    assert shut(found) == set()
    assert len(found) == 6


def test_a_leak_shuts_a_gate(predictor, unseen):
    leak = PermutedCheck("Logistic Regression", 0.7, 0.03)
    assert shut(gates(predictor, None, unseen.customers, unseen.churn, leak)) == {"nothing leaks the label"}


def test_a_model_that_fears_long_contracts_shuts_a_gate(predictor, unseen):
    odd = changed(
        predictor, predictor.background, **{"Contract_Two Year": -3.0, "TwoYearxLogTenure": -3.0, "MtMxLogTenure": 0}
    )
    found = gates(odd, None, unseen.customers, unseen.churn, FAIR)
    assert shut(found) == {"a two-year contract does not raise the risk"}


def test_a_model_whose_scores_depend_on_the_order_shuts_a_gate(predictor, unseen, monkeypatch):
    scorer = predictor.scorer
    honest = scorer.probabilities
    monkeypatch.setattr(scorer, "probabilities", lambda table: honest(table) + np.linspace(0, 0.01, len(table.tenure)))
    assert "the order of a table is irrelevant" in shut(gates(predictor, None, unseen.customers, unseen.churn, FAIR))


def test_a_clearly_worse_model_does_not_replace_the_one_in_service(predictor, unseen):
    columns = ("LogTenure", "MtMxLogTenure", "tenure", "Contract_Two Year", "InternetService_Fiber Optic")
    worse = changed(predictor, predictor.background, **dict.fromkeys(columns, -0.5))
    found = shut(gates(worse, predictor, unseen.customers, unseen.churn, FAIR))
    assert {f"{name} is no worse than the release in service" for name in ("AUC", "Brier score")} <= found


def test_overconfident_probabilities_are_caught_though_the_ranking_is_the_same(predictor, unseen):
    card = predictor.scorer.to_dict()
    loud = Scorecard(card["intercept"] * 3, {name: 3 * w for name, w in card["weights"].items()}, card["averages"])
    found = shut(gates(Predictor(loud, predictor.background, 0.5), predictor, unseen.customers, unseen.churn, FAIR))
    assert found == {f"{name} is no worse than the release in service" for name in ("Brier score", "Calibration error")}
