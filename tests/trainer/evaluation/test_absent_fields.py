"""What is published of answers to customers of whom fields are absent, and the gates on it."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import log_loss, roc_auc_score
from tests.telco import REQUIRED, TELCO, Customer, read, value_of

from churn.model.background import Background
from churn.model.predictor import Predictor
from churn_trainer.data.check import MIN_TESTED
from churn_trainer.data.prepare import prepare
from churn_trainer.data.table import load
from churn_trainer.evaluation import absent_fields as evaluation
from churn_trainer.evaluation.absent_fields import absent_fields, coverage, random_fields
from churn_trainer.evaluation.calibration import recalibration
from churn_trainer.gates import absent_fields as absent_gates
from churn_trainer.gates.evidence import Evidence
from churn_trainer.training.candidates import SEED
from churn_trainer.training.export import customers, serve

REGRESSION = "Logistic Regression"


@pytest.fixture(scope="module")
def predictor(fitted, prepared):
    return serve(fitted[REGRESSION].model, prepared).predictor


@pytest.fixture(scope="module")
def published(predictor, prepared):
    return absent_fields(predictor, prepared)


@pytest.fixture(scope="module")
def asked(predictor, prepared):
    """Every test customer's outcome, probability, and answer to the required fields alone."""
    rows = prepared.split.test
    people = customers(prepared.table, rows)
    answers = [predictor.predict(read({name: value_of(name, one) for name in REQUIRED}), None) for one in people]
    return prepared.churn[rows], predictor.scorer.probabilities(prepared.table.take(rows).customers), answers


def test_the_figures_are_those_of_answers_to_the_required_fields(published, asked):
    churn, complete, answers = asked
    told = np.array([answer.churn_probability for answer in answers])
    within = [
        answer.probability_range[0] <= p <= answer.probability_range[1]
        for answer, p in zip(answers, complete, strict=True)
    ]
    assert published["customers"] == len(churn)
    assert published["complete"]["roc_auc"] == pytest.approx(roc_auc_score(churn, complete), abs=1e-12)
    assert published["required"]["roc_auc"] == pytest.approx(roc_auc_score(churn, told), abs=1e-12)
    assert published["required"]["log_loss"] == pytest.approx(log_loss(churn, told), abs=1e-9)
    assert published["required"]["brier"] == pytest.approx(np.mean((told - churn) ** 2), abs=1e-12)
    assert published["required"]["range_coverage"] == pytest.approx(np.mean(within), abs=1e-12)


def test_losses_are_against_the_regression_on_the_required_fields(published):
    required, reference, loss = published["required"], published["reference"], published["loss"]
    assert loss["roc_auc"]["mean"] == pytest.approx(reference["roc_auc"] - required["roc_auc"], abs=1e-12)
    assert loss["log_loss"]["mean"] == pytest.approx(required["log_loss"] - reference["log_loss"], abs=1e-12)
    assert 0 < loss["roc_auc"]["error"] < 0.05


def test_random_fields_are_asked_about_as_they_are_drawn(published, predictor, prepared):
    rows, rng = prepared.split.test, np.random.default_rng(SEED)
    order = np.random.default_rng(SEED).permutation(rows)
    answers = [
        predictor.predict(read({name: value_of(name, one) for name in random_fields(TELCO, rng)}), None)
        for one in customers(prepared.table, order)
    ]
    told = [answer.churn_probability for answer in answers]
    assert published["random"]["roc_auc"] == pytest.approx(roc_auc_score(prepared.churn[order], told), abs=1e-12)
    assert published["random"]["log_loss"] == pytest.approx(log_loss(prepared.churn[order], told), abs=1e-9)


def test_a_coin_decides_on_each_field_that_is_not_required():
    rng = np.random.default_rng(3)
    drawn = [random_fields(TELCO, rng) for _ in range(400)]
    assert all(set(REQUIRED) <= set(known) for known in drawn)
    shares = {name: np.mean([name in known for known in drawn]) for name in Customer._fields if name not in REQUIRED}
    assert len(shares) == 14
    assert all(0.4 < share < 0.6 for share in shares.values())


def test_the_same_table_gives_the_same_figures(published, predictor, prepared):
    assert absent_fields(predictor, prepared) == published


def test_the_line_of_calibration_is_that_of_the_other_figures(published, predictor, prepared):
    test = prepared.table.take(prepared.split.test)
    line = recalibration(test.churn, predictor.scorer.probabilities(test.customers))
    told = published["complete"]["calibration_slope"], published["complete"]["calibration_intercept"]
    assert told == pytest.approx((line["slope"]["value"], line["intercept"]["value"]))


def test_coverage_counts_those_within_their_range_ends_included(predictor):
    answer = predictor.predict(
        read({"gender": "Male", "SeniorCitizen": 0, "tenure": 5, "Contract": "One year", "MonthlyCharges": 50}), None
    )
    answers = [answer._replace(probability_range=(0.2, 0.4))] * 5
    assert coverage(answers, np.array([0.2, 0.4, 0.3, 0.19, 0.41])) == pytest.approx(0.6)


def test_of_rare_outcomes_there_are_enough_among_those_who_are_asked_about(prepared, monkeypatch):
    monkeypatch.setattr(evaluation, "MAX_CUSTOMERS", 20)
    few = np.zeros(len(prepared.churn), np.int8)
    few[prepared.split.test[::50]] = 1
    rows = evaluation.drawn(replace(prepared, table=replace(prepared.table, churn=few)))
    assert (few[rows].sum(), few[rows[-1]]) == (MIN_TESTED, 1)
    monkeypatch.setattr(evaluation, "MAX_CUSTOMERS", 200)
    assert len(evaluation.drawn(prepared)) == 200


def test_the_errors_of_rare_outcomes_are_numbers():
    churn = np.array([1] + [0] * 200, np.int8)
    loss = evaluation._loss(churn, np.linspace(0.3, 0.1, 201), np.linspace(0.2, 0.1, 201))
    assert np.isfinite([figure["error"] for figure in loss.values()]).all()


def test_customers_of_several_rows_make_no_loss_more_certain():
    rng = np.random.default_rng(6)
    scores = rng.beta(1, 2, size=300)
    churn, numbers = (rng.uniform(size=300) < scores).astype(np.int8), np.repeat(np.arange(300), 4)
    told = np.clip(scores + rng.normal(0, 0.1, size=300), 0.01, 0.99)
    once = evaluation._loss(churn, told, scores)
    found = evaluation._loss(churn[numbers], told[numbers], scores[numbers], numbers)
    for figure in ("roc_auc", "log_loss"):
        assert found[figure] == pytest.approx(once[figure], rel=0.15)


def test_where_nothing_is_ever_assumed_every_range_holds():
    assert coverage([], np.array([])) == 1.0


def evidence_of(published) -> Evidence:
    unused = dict.fromkeys(Evidence.__dataclass_fields__)
    return Evidence(**(unused | {"absent": published}))  # type: ignore[arg-type]


def shut(published) -> list[str]:
    return [gate.name for gate in absent_gates.gates(evidence_of(published)) if not gate.passed]


AUC = "with the required fields alone, AUC is near a regression on them"
LOG_LOSS = "with the required fields alone, log loss is near a regression on them"
RANGE = "the range of what is assumed holds the whole record"


def test_every_gate_holds_for_a_release_of_the_sample(published):
    assert shut(published) == []


@pytest.mark.parametrize(("figure", "name"), [("roc_auc", AUC), ("log_loss", LOG_LOSS)])
def test_a_loss_beyond_the_limit_and_its_noise_shuts_a_gate(published, figure, name):
    def of(mean: float):
        loss = {one: {"mean": 0.0, "error": 0.001} for one in ("roc_auc", "log_loss")}
        return published | {"loss": loss | {figure: {"mean": mean, "error": 0.002}}}

    assert shut(of(0.01 + 1.96 * 0.002 - 1e-6)) == []
    assert shut(of(0.01 + 1.96 * 0.002 + 1e-6)) == [name]


@pytest.mark.parametrize("kind", ["required", "random"])
def test_a_range_that_holds_too_few_shuts_a_gate(published, kind):
    assert shut(published | {kind: published[kind] | {"range_coverage": 0.599}}) == [RANGE]
    assert shut(published | {kind: published[kind] | {"range_coverage": 0.6}}) == []


def test_a_background_of_one_nearest_customer_is_held_back(predictor, prepared):
    sample = [Customer(*row) for row in np.array(predictor.background.table).T]
    narrow = Predictor(predictor.scorer, Background(TELCO, sample, nearest=1), 0.5)
    assert RANGE in shut(absent_fields(narrow, prepared))


def test_completions_without_regard_to_the_bill_are_held_back(telco_csv, source_of, fitted):
    """On the real table, where the bill tells the services, all customers of the background may not complete others."""
    prepared = prepare(load(source_of(telco_csv.read_bytes()), TELCO)[0])
    rows = prepared.split.development
    model = clone(fitted[REGRESSION].model).set_params(C=0.1).fit(prepared.scaled(rows), prepared.churn[rows])
    near = serve(model, prepared).predictor
    sample = [Customer(*row) for row in np.array(near.background.table).T]
    far = Predictor(near.scorer, Background(TELCO, sample, nearest=None), 0.5)
    before, after = absent_fields(far, prepared), absent_fields(near, prepared)
    assert shut(before) == [AUC, LOG_LOSS]
    assert shut(after) == []
    assert before["required"]["roc_auc"] < 0.81
    assert after["required"]["roc_auc"] > 0.825
