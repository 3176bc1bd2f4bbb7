"""The champion as what serves it: every model can be one, and serves what scikit-learn would say."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.telco import TELCO

from churn import release
from churn.model.scorecard import Scorecard
from churn_trainer.data.prepare import prepare
from churn_trainer.data.table import load
from churn_trainer.errors import OtherModel
from churn_trainer.training.candidates import CANDIDATES, STACK
from churn_trainer.training.export import BACKGROUND_CUSTOMERS, background_rows, customers, serve
from churn_trainer.training.train import fit_all, scores

NAMES = [*(candidate.name for candidate in CANDIDATES), STACK.name]


def scikit_learn(one, prepared):
    return scores(np.arange(len(prepared.table)), one, prepared)


@pytest.mark.parametrize("name", NAMES)
def test_each_champion_serves_what_scikit_learn_says(fitted, prepared, name):
    served = serve(fitted[name].model, prepared)
    gap = served.predictor.scorer.probabilities(prepared.table.customers) - scikit_learn(fitted[name], prepared)
    assert np.abs(gap).max() < 1e-5


def test_each_champion_serves_every_real_customer_as_scikit_learn_would(telco_csv, source_of):
    prepared = prepare(load(source_of(telco_csv.read_bytes()), TELCO)[0])
    for one in fit_all(prepared):
        scorer = serve(one.model, prepared).predictor.scorer
        gap = scorer.probabilities(prepared.table.customers) - scikit_learn(one, prepared)
        assert np.abs(gap).max() < 1e-5, one.candidate.name


@pytest.mark.parametrize(
    ("name", "kind"), [("Logistic Regression", "scorecard"), ("Pairwise Boosting", "terms"), ("Stack", "onnx")]
)
def test_a_served_champion_passes_the_checks_of_a_release(fitted, prepared, store, name, kind):
    served = serve(fitted[name].model, prepared)
    assert served.kind == kind
    about = {
        "model_name": name,
        "kind": kind,
        "timestamp": "2026-01-02T03:04:05Z",
        "threshold": 0.5,
        "metrics": {},
        "data": {},
        "libraries": {},
    }
    release.publish(store, "20260102_030405", about, served.files, TELCO)
    loaded = release.load(store, "20260102_030405")
    assert loaded.predictor.scorer.additive == (kind != "onnx")


@pytest.mark.parametrize("answer", [lambda wanted: wanted + 0.01, lambda wanted: wanted * np.nan], ids=["off", "nan"])
def test_what_would_serve_another_model_is_refused(fitted, prepared, monkeypatch, answer):
    wanted = Scorecard.probabilities
    monkeypatch.setattr(Scorecard, "probabilities", lambda scorer, table: answer(wanted(scorer, table)))
    with pytest.raises(OtherModel, match="LogisticRegression as it would be served differs from the fitted model"):
        serve(fitted["Logistic Regression"].model, prepared)


def test_the_background_is_of_real_customers_of_the_train_part(fitted, prepared):
    sample = json.loads(serve(fitted["Logistic Regression"].model, prepared).files["background.json"])
    people = {tuple(customer) for customer in customers(prepared.table, prepared.split.development)}
    assert len(sample["customers"]) == BACKGROUND_CUSTOMERS
    assert all(tuple(customer) in people for customer in sample["customers"])


def test_rare_values_are_in_the_background(prepared):
    rows = prepared.split.development[::-1]
    payment = np.zeros(len(prepared.table))
    payment[rows[-3:]] = 3
    payment[rows[-40:-20]] = 2
    table = replace(prepared.table, customers=prepared.table.customers._replace(PaymentMethod=payment))
    chosen = background_rows(table, np.repeat(rows, 3))
    counts = dict(zip(*np.unique(payment[chosen], return_counts=True), strict=True))
    assert len(chosen) == BACKGROUND_CUSTOMERS + 3 * 3 + 10
    assert (counts[2], counts[3]) == (10, 9)


def test_worked_examples_hold_complete_and_sparse_customers(fitted, prepared):
    examples = json.loads(serve(fitted["Logistic Regression"].model, prepared).files["examples.json"])
    assert {len(example["customer"]) for example in examples} == {19, 5}


def test_a_scorecards_average_is_the_average_customer_that_was_fitted_on(fitted, prepared):
    scorer = serve(fitted["Logistic Regression"].model, prepared).predictor.scorer
    fitted_on = prepared.table.take(prepared.split.development)
    effects = scorer.effects_table(fitted_on.customers)
    assert np.abs(effects.sum(axis=1).mean()) < 1e-9
