"""The gates."""

from dataclasses import replace

import numpy as np
import pytest
from tests.telco import TELCO

from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn_trainer.evaluation.absent_fields import absent_fields
from churn_trainer.evaluation.stability import Stability
from churn_trainer.gates import judge, rivals
from churn_trainer.gates.evidence import Evidence
from churn_trainer.gates.judge import gates
from churn_trainer.gates.rivals import Rival
from churn_trainer.model_metrics import measure
from churn_trainer.training.compare import Comparison, PermutedCheck
from churn_trainer.training.export import serve

FAIR = PermutedCheck("Logistic Regression", 0.51, 0.03)
STEADY = Stability(0.924, 0.831, 100, 1_400, 0.9)


@pytest.fixture(scope="module")
def evidence(fitted, prepared):
    """What a first release of the regression has to show."""
    name = "Logistic Regression"
    predictor = serve(fitted[name].model, prepared).predictor
    unseen = prepared.table.take(prepared.split.test)
    return Evidence(
        champion=name,
        predictor=predictor,
        prepared=prepared,
        comparison=Comparison({name: {"roc_auc": np.full(5, 0.8)}}, {}, 5, 1, 1000),
        permuted=FAIR,
        rivals=(),
        stability=STEADY,
        unseen=unseen,
        probability=predictor.scorer.probabilities(unseen.customers),
        absent=absent_fields(predictor, prepared),
    )


def of(evidence: Evidence, predictor: Predictor) -> Evidence:
    """The evidence for another predictor."""
    probability = predictor.scorer.probabilities(evidence.unseen.customers)
    return replace(evidence, predictor=predictor, probability=probability)


def weighted(predictor: Predictor, **factors: float) -> Predictor:
    """The predictor with some weights of its scorecard multiplied."""
    card = predictor.scorer.to_dict()
    card["weights"] |= {name: card["weights"][name] * factor for name, factor in factors.items()}
    return Predictor(Scorecard.from_dict(TELCO, card), predictor.background, 0.5)


def shut(evidence: Evidence) -> set[str]:
    return {gate.name for gate in gates(evidence) if not gate.passed}


def test_an_honest_model_passes_every_gate(evidence):
    assert shut(evidence) == set()


def test_every_gate_is_explained_once(evidence, root):
    page = (root / "docs" / "gates.md").read_text(encoding="utf-8").replace("AUC and log loss are", "AUC is")
    told = {gate.name.replace("log loss is", "AUC is") for gate in gates(evidence)}
    assert {name: times for name in told if (times := page.count(f"| {name} |")) != 1} == {}


def against(evidence: Evidence, predictor: Predictor) -> Evidence:
    """The evidence where the predictor is in service."""
    return replace(evidence, rivals=(Rival("the release in service", "20261123_140301", True, predictor.scorer),))


def test_a_model_may_replace_its_equal(evidence):
    assert shut(against(evidence, evidence.predictor)) == set()


def test_a_pipeline_that_sees_test_labels_shuts_a_gate(evidence):
    leak = PermutedCheck("Logistic Regression", 0.7, 0.03)
    assert shut(replace(evidence, permuted=leak)) == {"the pipeline sees no test labels"}


def test_a_model_that_fears_long_contracts_shuts_a_gate(evidence):
    factors = {"Contract_Two Year": -3.0, "TwoYearxLogTenure": -3.0, "MtMxLogTenure": 0}
    odd = weighted(evidence.predictor, **factors)
    assert "a two-year contract does not raise the risk" in shut(of(evidence, odd))


def test_a_model_whose_scores_depend_on_the_order_shuts_a_gate(evidence, monkeypatch):
    scorer = evidence.predictor.scorer
    honest = scorer.probabilities
    monkeypatch.setattr(scorer, "probabilities", lambda table: honest(table) + np.linspace(0, 0.01, len(table.tenure)))
    assert "the order of a table is irrelevant" in shut(evidence)


AUC_GATE = "AUC is at most 0.005 below that of the release in service"
BRIER_GATE = "Brier score is at most 0.002 above that of the release in service"


def blurred(evidence: Evidence, step: float) -> Predictor:
    """The evidence's predictor with noise of that size added to the log-odds, so that its AUC falls."""
    noise = np.random.default_rng(3).normal(size=len(evidence.unseen))
    old = evidence.probability

    class Blurred:
        """A scorer of the test part alone."""

        def probabilities(self, table):
            return 1 / (1 + np.exp(-(np.log(old / (1 - old)) + step * noise)))[: len(table.tenure)]

    return Predictor(Blurred(), evidence.predictor.background, 0.5)


@pytest.mark.parametrize(("fall", "held"), [(0.0049, False), (0.0051, True)])
def test_a_fall_of_the_auc_beyond_its_margin_holds_a_model_back(evidence, monkeypatch, fall, held):
    figures = iter([{"roc_auc": 0.8 - fall, "brier": 0.13}, {"roc_auc": 0.8, "brier": 0.13}])
    monkeypatch.setattr(judge, "measure", lambda *_: next(figures))
    monkeypatch.setattr(rivals, "measure", lambda *_: next(figures))
    assert shut(against(evidence, evidence.predictor)) == ({AUC_GATE} if held else set())


@pytest.mark.parametrize(("rise", "held"), [(0.0019, False), (0.0021, True)])
def test_a_rise_of_the_brier_score_beyond_its_margin_holds_a_model_back(evidence, monkeypatch, rise, held):
    figures = iter([{"roc_auc": 0.8, "brier": 0.13 + rise}, {"roc_auc": 0.8, "brier": 0.13}])
    monkeypatch.setattr(judge, "measure", lambda *_: next(figures))
    monkeypatch.setattr(rivals, "measure", lambda *_: next(figures))
    assert shut(against(evidence, evidence.predictor)) == ({BRIER_GATE} if held else set())


def test_a_better_model_replaces_the_one_in_service(evidence):
    assert shut(against(evidence, blurred(evidence, 1.0))) == set()


def test_a_clearly_worse_model_does_not_replace_the_one_in_service(evidence):
    worse = of(evidence, blurred(evidence, 1.0))
    assert {AUC_GATE, BRIER_GATE} <= shut(against(worse, evidence.predictor))


def test_a_gate_tells_both_figures_the_version_and_on_how_many_customers(evidence):
    found = {gate.name: gate.detail for gate in gates(against(evidence, evidence.predictor))}
    auc = measure(evidence.unseen.churn, evidence.probability)["roc_auc"]
    customers = f"on {len(evidence.unseen):,} customers that neither was fitted on"
    assert found[AUC_GATE] == f"{auc:.4f} against {auc:.4f} of 20261123_140301, {customers}"


def test_a_release_that_cannot_be_compared_with_shuts_nothing(evidence):
    apart = Rival("the release in service", "20261123_140301", True, None, "It is too old.")
    assert {gate.name for gate in gates(replace(evidence, rivals=(apart,)))} == {gate.name for gate in gates(evidence)}


def test_overconfident_probabilities_are_caught_though_the_ranking_is_the_same(evidence):
    card = evidence.predictor.scorer.to_dict()
    loud = Scorecard(
        TELCO, card["intercept"] * 3, {name: 3 * w for name, w in card["weights"].items()}, card["averages"]
    )
    overconfident = of(evidence, Predictor(loud, evidence.predictor.background, 0.5))
    assert BRIER_GATE in shut(against(overconfident, evidence.predictor))
    assert AUC_GATE not in shut(against(overconfident, evidence.predictor))


def test_probabilities_that_are_not_calibrated_shut_the_gate_of_a_first_release(evidence):
    card = evidence.predictor.scorer.to_dict()
    loud = Scorecard(
        TELCO, card["intercept"] * 3, {name: 3 * w for name, w in card["weights"].items()}, card["averages"]
    )
    overconfident = of(evidence, Predictor(loud, evidence.predictor.background, 0.5))
    assert shut(overconfident) == {"the probabilities are calibrated"}


@pytest.mark.parametrize(("kept", "closed"), [(0.9, set()), (0.899, {"reasons hold still"})])
def test_reasons_that_change_from_refit_to_refit_shut_a_gate(evidence, kept, closed):
    told = replace(evidence, stability=replace(STEADY, first_reason_kept=kept))
    assert shut(told) == closed
    (gate,) = (gate for gate in gates(told) if gate.name == "reasons hold still")
    assert gate.detail == f"the same first reason for {kept:.1%} of customers over 100 refits, at least 90% wanted"
