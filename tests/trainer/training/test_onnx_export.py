"""Models as ONNX graphs: equal to scikit-learn to 1e-6 for every customer, whichever model is the champion."""

import numpy as np
import onnx
import onnxruntime
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier
from tests.telco import COLUMNS, TELCO, matrix

from churn_trainer.errors import NoExport
from churn_trainer.training.candidates import CANDIDATES, STACK
from churn_trainer.training.onnx_export import INPUT, OUTPUT, require_form, to_onnx
from churn_trainer.training.stack import Member, Stack

# Those whose graph takes the columns alone; test_export has the others.
NAMES = [candidate.name for candidate in CANDIDATES if candidate.inputs == "columns"]


def run(graph, columns):
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return session.run([OUTPUT], {INPUT: columns})[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_graph_equals_scikit_learn_for_every_customer(fitted, prepared, name):
    exact = prepared.scaler.transform(matrix(prepared.table.customers))
    model, columns = fitted[name].model, prepared.scaled(np.arange(len(prepared.table)))
    assert np.abs(run(to_onnx(model), exact) - model.predict_proba(columns)).max() < 1e-5


@pytest.mark.parametrize("name", ["Decision Tree", "Random Forest", "Gradient Boosting"])
def test_customers_on_a_threshold_fall_to_the_same_side(fitted, name):
    """Rows that sit exactly on, and one step of either precision beside, the thresholds of the trees."""
    model = fitted[name].model
    trees = {"Decision Tree": lambda: [model.tree_], "Random Forest": lambda: [one.tree_ for one in model.estimators_]}
    if name in trees:
        found = [
            (tree.feature[node], tree.threshold[node]) for tree in trees[name]()[:5] for node in range(tree.node_count)
        ]
    else:
        nodes = np.concatenate([one.nodes for (one,) in model._predictors[:20]])
        found = [(node["feature_idx"], node["num_threshold"]) for node in nodes if not node["is_leaf"]]
    rows = []
    for feature, threshold in found:
        for beside in (threshold, np.nextafter(threshold, 9), np.nextafter(threshold, -9), np.float32(threshold)):
            row = np.zeros(len(COLUMNS))
            row[max(feature, 0)] = beside
            rows.append(row)
    columns = np.array(rows, np.float32).astype(float)
    assert np.abs(run(to_onnx(model), columns) - model.predict_proba(columns)).max() < 1e-6


def test_the_graph_is_valid_and_pinned(fitted):
    model = onnx.load_from_string(to_onnx(fitted["Stack"].model))
    onnx.checker.check_model(model, full_check=True)
    assert {opset.domain: opset.version for opset in model.opset_import} == {"": 17, "ai.onnx.ml": 3}


def test_the_same_model_is_the_same_bytes(fitted):
    assert to_onnx(fitted["Random Forest"].model) == to_onnx(fitted["Random Forest"].model)


def test_a_model_of_an_unknown_kind_is_an_error_that_says_what_to_do():
    with pytest.raises(
        NoExport, match=r"DummyClassifier has no ONNX form here.* churn_trainer\.training\.onnx_export, or take .*"
    ):
        to_onnx(DummyClassifier())


@pytest.mark.parametrize("candidate", [*CANDIDATES, STACK], ids=lambda one: one.name)
def test_every_candidate_has_a_form_before_it_is_fitted(candidate):
    require_form(candidate.estimator(TELCO), candidate.inputs)


@pytest.mark.parametrize(
    "model", [DummyClassifier(), Stack([Member("?", "columns", one) for one in (GaussianNB(), DummyClassifier())])]
)
def test_a_model_without_a_form_is_found_before_it_is_fitted(model):
    with pytest.raises(NoExport, match="DummyClassifier"):
        require_form(model)


@pytest.mark.parametrize("model", [DecisionTreeClassifier(), Stack([Member("?", "fields", DecisionTreeClassifier())])])
def test_a_model_over_fields_that_is_no_sum_over_pairs_is_found_before_it_is_fitted(model):
    with pytest.raises(NoExport, match=r"DecisionTreeClassifier over fields has no terms .*terms_export"):
        require_form(model, "fields")
