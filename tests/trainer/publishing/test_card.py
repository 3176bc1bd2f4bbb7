"""The manifest: the names that /model_info and the site show, and that what they show is true."""

import numpy as np
import pytest

from churn import release
from churn_trainer.evaluation.calibration import recalibration
from churn_trainer.evaluation.intervals import intervals
from churn_trainer.evaluation.stability import first_reasons
from churn_trainer.gates import reference
from churn_trainer.model_metrics import measure
from churn_trainer.publishing.card import costs
from churn_trainer.training.candidates import CANDIDATES
from churn_trainer.training.choice import choose
from churn_trainer.training.export import scorecard
from churn_trainer.training.refits import refits


@pytest.fixture
def told(run_manifest):
    return run_manifest


def test_everything_that_the_site_shows_is_there(told):
    assert set(told) >= {
        "model_name",
        "timestamp",
        "threshold",
        "parameters",
        "metrics",
        "comparison",
        "calibration",
        "score_distribution",
        "thresholds",
        "drivers",
        "stability",
        "explained",
        "fairness",
        "gates",
        "gates_passed",
        "data",
        "split",
        "libraries",
        "explanation",
        "intended_use",
        "limits",
        "fingerprint",
    }


def test_the_test_figures_are_those_of_exactly_the_release_that_serves(whole_run, told):
    table = whole_run.trained.prepared.table.take(whole_run.trained.prepared.split.test)
    served = release.load(whole_run.store, whole_run.version).predictor.scorer.probabilities(table.customers)
    assert told["metrics"]["test"] == pytest.approx(measure(table.churn, served), abs=1e-9)


def test_the_stability_of_reasons_is_that_of_refits_of_the_champion(whole_run, told):
    trained, prepared = whole_run.trained, whole_run.trained.prepared
    refitted = refits(CANDIDATES[0], prepared, 20, 20_000, scorecard)
    customers = prepared.table.take(prepared.split.test).customers
    first = first_reasons(trained.served.predictor.scorer.effects_table(customers))
    kept = [(first_reasons(refit.effects_table(customers)) == first).mean() for refit in refitted]
    assert told["model_name"] == CANDIDATES[0].name
    assert (told["stability"]["refits"], told["stability"]["customers"]) == (20, len(first))
    assert told["stability"]["first_reason_kept"] == pytest.approx(np.mean(kept))
    assert told["stability"]["lowest"] == pytest.approx(min(kept))
    assert told["stability"]["meaning"] == trained.stability.meaning


def test_cross_validated_figures_come_with_their_spread(told):
    for figure in ("roc_auc", "pr_auc", "brier", "log_loss", "ece", "accuracy", "f1", "precision", "recall"):
        assert told["metrics"]["cv"][figure].keys() == {"mean", "std"}
    assert 0.7 < told["metrics"]["cv"]["roc_auc"]["mean"] < 0.95


def test_the_data_is_named_with_its_checksum_and_split(whole_run, told):
    data = told["data"]
    assert (data["source"], data["rows"]) == ("file", 1_500)
    assert data["sha256"] == whole_run.trained.source.sha256
    split = whole_run.trained.prepared.split
    assert data["split"] == {part: len(rows) for part, rows in split._asdict().items()}
    assert sum(data["split"].values()) == 1_500
    assert told["split"]["scheme"] == "sha256-1"


def test_models_are_compared_and_the_champion_is_fitted_on_all_but_the_test_part(whole_run, told):
    assert told["comparison"]["rows"] == len(whole_run.trained.prepared.split.development)
    assert told["fitted_on"] == "train and validation"


def test_the_first_release_has_no_rivals_and_becomes_the_reference(whole_run, told):
    assert told["rivals"] == []
    assert told["reference"] == {"becomes": True, "reason": "There was no reference."}
    kept = reference.read(whole_run.store)
    assert kept is not None
    assert kept.version == whole_run.version


def test_the_test_figures_have_their_intervals(whole_run, told):
    table = whole_run.trained.prepared.table.take(whole_run.trained.prepared.split.test)
    served = release.load(whole_run.store, whole_run.version).predictor.scorer.probabilities(table.customers)
    for name, ends in intervals(table.churn, served).items():
        assert told["metrics"]["test_intervals"][name] == pytest.approx(ends, abs=1e-6), name
    assert told["recalibration"]["slope"] == pytest.approx(recalibration(table.churn, served)["slope"], abs=1e-6)


def test_the_spread_of_a_figure_is_that_over_the_folds(whole_run, told):
    figures = whole_run.trained.comparison.figures[told["model_name"]]
    for figure, values in figures.items():
        spread = told["metrics"]["cv"][figure]
        assert spread == pytest.approx({"mean": np.mean(values), "std": np.std(values, ddof=1)}), figure


def test_a_model_above_the_champion_has_a_positive_difference(whole_run, told):
    figures = whole_run.trained.comparison.figures
    champion = figures[told["model_name"]]
    for row in told["comparison"]["candidates"]:
        for figure, gap in (("roc_auc", row["against_champion"]), ("log_loss", row["against_champion"]["log_loss"])):
            gaps = figures[row["model_name"]][figure] - champion[figure]
            assert gap["mean"] == pytest.approx(gaps.mean())
            # Two folds: Nadeau and Bengio's error is that of a mean of two with 1/2 + 1/1 for 1/2, and Student's t has
            # one degree of freedom.
            assert gap["error"] == pytest.approx(np.sqrt(1.5 * gaps.var(ddof=1)))
            reach = 12.7062 * gap["error"]
            assert (gap["low"], gap["high"]) == pytest.approx((gap["mean"] - reach, gap["mean"] + reach), abs=1e-5)


def test_a_candidates_figures_are_those_of_its_model(whole_run, told):
    prepared = whole_run.trained.prepared
    for row in told["comparison"]["candidates"]:
        fitted, rows = whole_run.trained.fitted[row["model_name"]], prepared.split.test
        fed = prepared.fed(fitted.candidate.inputs, rows)
        scores = np.asarray(fitted.model.predict_proba(fed)[:, 1], np.float64)
        assert row["test"] == pytest.approx(measure(prepared.churn[rows], scores)), row["model_name"]
        assert row["test_intervals"] == intervals(prepared.churn[rows], scores)


def test_the_choice_is_told_with_what_it_was_made_by(whole_run, told):
    selection = told["comparison"]["selection"]
    assert (selection["rule"], selection["figure"]) == ("one_standard_error", "log_loss")
    assert selection["errors"] == whole_run.trained.comparison.errors
    assert selection["reason"] == choose(whole_run.trained.comparison, "one_standard_error").reason


def test_the_models_are_compared_on_customers_that_are_tested_on_by_none(whole_run, told):
    split = whole_run.trained.prepared.split
    assert told["comparison"]["rows"] == len(split.development) < 1_500 - len(split.test) + 1


def test_every_candidate_has_a_row_and_the_champion_is_marked(whole_run, told):
    rows = told["comparison"]["candidates"]
    assert [row["model_name"] for row in rows] == list(whole_run.trained.fitted)
    assert [row["model_name"] for row in rows if row["champion"]] == [told["model_name"]]
    for row in rows:
        assert (row["why_not"] is None) == row["champion"]
        assert {"cv", "test", "interpretability", "model_bytes", "against_champion"} <= set(row)
        assert row["against_champion"]["low"] <= row["against_champion"]["mean"] <= row["against_champion"]["high"]


def test_what_differs_from_run_to_run_is_no_part_of_the_manifest(whole_run, told):
    assert "seconds" not in str(told)
    assert {"training_seconds", "memory_mib", "model_bytes"} < set(costs(whole_run.trained)[0])


def test_the_published_manifest_says_the_same(whole_run, told):
    published = release.manifest(whole_run.store, whole_run.version).model_dump()
    assert published["metrics"] == told["metrics"]
    assert published["timestamp"] == told["timestamp"]
