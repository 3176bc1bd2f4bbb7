"""A model that is not additive."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from tests.telco import CATEGORIES, FIELDS, TELCO, Customer, matrix, table_of

from churn.model.background import Background
from churn.model.onnx_model import OnnxModel, _with
from churn.model.scoring import logits


@pytest.fixture(scope="module")
def forest_and_model(customers: list[Customer]) -> tuple[RandomForestClassifier, OnnxModel]:
    table = table_of(customers)
    columns = matrix(table, np.float32)
    labels = (table.Contract == 0) & (table.InternetService == 1)
    forest = RandomForestClassifier(5, max_depth=5, random_state=0).fit(columns, labels)
    graph = to_onnx(forest, columns[:1], options={"zipmap": False}).SerializeToString()
    return forest, OnnxModel(graph, [0.0] * 45, [1.0] * 45, Background(TELCO, customers[:200]))


def test_it_equals_the_forest_it_was_made_of(
    forest_and_model: tuple[RandomForestClassifier, OnnxModel], customers: list[Customer]
) -> None:
    forest, model = forest_and_model
    table = table_of(customers)
    wanted = forest.predict_proba(matrix(table, np.float32))[:, 1]
    assert np.abs(model.probabilities(table) - wanted).max() < 1e-6
    assert model.probability(customers[4]) == pytest.approx(wanted[4], abs=1e-6)


def test_an_effect_is_the_distance_to_the_mean_over_the_fields_values(
    forest_and_model: tuple[RandomForestClassifier, OnnxModel], customers: list[Customer]
) -> None:
    _, model = forest_and_model
    customer = customers[20]
    background = Background(TELCO, customers[:200]).table
    mean = 0.0
    for code in range(len(CATEGORIES["Contract"].names)):
        share = float((background.Contract == code).mean())
        mean += share * float(logits(model.probability(customer._replace(Contract=code))))
    effect = dict(zip(FIELDS, model.effects(customer), strict=True))["Contract"]
    assert effect == pytest.approx(float(logits(model.probability(customer))) - mean, abs=1e-6)


def test_an_effect_of_a_number_is_the_distance_to_the_mean_over_five_equal_parts_of_the_sample(
    forest_and_model: tuple[RandomForestClassifier, OnnxModel], customers: list[Customer]
) -> None:
    _, model = forest_and_model
    customer = customers[20]
    held = np.quantile(Background(TELCO, customers[:200]).table.tenure, [0.1, 0.3, 0.5, 0.7, 0.9], method="nearest")
    mean = np.mean([logits(model.probability(customer._replace(tenure=months))) for months in held])
    effect = dict(zip(FIELDS, model.effects(customer), strict=True))["tenure"]
    assert effect == pytest.approx(float(logits(model.probability(customer))) - mean, abs=1e-6)


def test_effects_are_measured_against_the_mean_log_odds_and_not_against_the_mean_probability(
    forest_and_model: tuple[RandomForestClassifier, OnnxModel], customers: list[Customer]
) -> None:
    _, model = forest_and_model
    probabilities = model.probabilities(Background(TELCO, customers[:200]).table)
    kept = np.clip(probabilities, 1e-6, 1 - 1e-6)
    assert model.average_log_odds == pytest.approx(float(np.log(kept / (1 - kept)).mean()), abs=1e-9)
    assert abs(model.average_log_odds - float(logits(probabilities.mean()))) > 0.01


def test_with_internet_an_add_on_that_nobody_without_it_has_is_declined(customers: list[Customer]) -> None:
    offline = table_of([each for each in customers if each.InternetService == 2])
    online = _with(TELCO, offline, "InternetService", 0)
    for name in ("TechSupport", "StreamingTV"):
        assert set(getattr(online, name)) == {CATEGORIES[name].code("No")}
    assert set(_with(TELCO, online, "InternetService", 2).TechSupport) == {
        CATEGORIES["TechSupport"].code("No internet service")
    }


def test_without_internet_the_add_ons_have_no_effect(
    forest_and_model: tuple[RandomForestClassifier, OnnxModel], customers: list[Customer]
) -> None:
    offline = next(each for each in customers if each.InternetService == 2)
    effects = dict(zip(FIELDS, forest_and_model[1].effects(offline), strict=True))
    assert [effects["TechSupport"], effects["StreamingTV"]] == pytest.approx([0, 0], abs=1e-12)


def test_a_service_that_nobody_of_the_sample_has_has_no_effect(
    forest_and_model: tuple[RandomForestClassifier, OnnxModel], customers: list[Customer]
) -> None:
    forest, _ = forest_and_model
    graph = to_onnx(forest, matrix(table_of(customers[:1]), np.float32), options={"zipmap": False}).SerializeToString()
    without = [customer for customer in customers if customer.InternetService == 2]
    model = OnnxModel(graph, [0.0] * 45, [1.0] * 45, Background(TELCO, without))
    effects = dict(zip(FIELDS, model.effects(without[0]), strict=True))
    assert [effects[name] for name, rule in TELCO.implied.items() if rule.field == "InternetService"] == [0.0] * 6


def test_blocks_do_not_show_in_the_effects(
    forest_and_model: tuple[RandomForestClassifier, OnnxModel],
    customers: list[Customer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = table_of(customers[:50])
    whole = forest_and_model[1].effects_table(table)
    monkeypatch.setattr("churn.model.onnx_model.BLOCK", 7)
    assert np.array_equal(forest_and_model[1].effects_table(table), whole)


def test_a_graph_that_is_none_is_refused(customers: list[Customer]) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        OnnxModel(b"no graph", [0.0] * 45, [1.0] * 45, Background(TELCO, customers[:200]))


def test_a_scaling_that_does_not_fit_is_refused(customers: list[Customer]) -> None:
    with pytest.raises(ValueError, match="45 columns"):
        OnnxModel(b"", [0.0], [1.0], Background(TELCO, customers[:200]))


def test_the_runtime_reports_to_nobody(tmp_path: Path) -> None:
    graph = to_onnx(RandomForestClassifier(1).fit([[0.0] * 45, [1.0] * 45], [0, 1]), np.zeros((1, 45), np.float32))
    (tmp_path / "graph").write_bytes(graph.SerializeToString())
    program = f"from churn.model.onnx_model import _session; _session(open({str(tmp_path / 'graph')!r}, 'rb').read())"
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert list(home.rglob("*")) == []
