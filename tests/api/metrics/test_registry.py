"""The metrics of one process; test_gunicorn has those of several."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from churn_api.settings import ApiSettings


@pytest.fixture
def own(settings: ApiSettings, make_app: Callable[[ApiSettings], Flask]) -> FlaskClient:
    """The API with metrics of this test's own."""
    return make_app(settings).test_client()


def scrape(client: FlaskClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }


def value(client: FlaskClient, name: str, **labels: str) -> float:
    return scrape(client).get((name, frozenset(labels.items())), 0.0)


def test_predictions_are_counted_by_source_and_answer(own: FlaskClient, whole: Any, partial: Any) -> None:
    one = own.post("/predict", json=whole).get_json()
    rows = own.post("/batch_predict", json=[whole, partial, whole | {"tenure": -1}]).get_json()["predictions"]
    assert value(own, "churn_predictions_total", source="single", prediction=one["prediction"]) == 1
    for answer in ("No", "Yes"):
        count = sum(row.get("prediction") == answer for row in rows)
        assert value(own, "churn_predictions_total", source="batch", prediction=answer) == count
    assert value(own, "churn_prediction_probability_count") == 3
    total = one["churn_probability"] + rows[0]["churn_probability"] + rows[1]["churn_probability"]
    assert value(own, "churn_prediction_probability_sum") == pytest.approx(total)


def test_a_batch_fills_the_histogram_as_its_customers_would_alone(own: FlaskClient, whole: Any) -> None:
    asked = [whole | {"tenure": months, "TotalCharges": 30 * months} for months in range(60)]
    own.post("/batch_predict", json=asked)
    batch = {key: held for key, held in scrape(own).items() if key[0].startswith("churn_prediction_probability")}
    for record in asked:
        own.post("/predict", json=record)
    both = scrape(own)
    assert all(both[key] == pytest.approx(2 * held) for key, held in batch.items())


def test_faults_are_counted_under_known_names_only(own: FlaskClient, whole: Any) -> None:
    for name in ("tenur", "drop table", "x" * 500):
        own.post("/predict", json=whole | {name: 1})
    own.post("/batch_predict", json=[whole | {"tenure": 500}, whole | {"tenure": 501}, 5])
    assert value(own, "churn_validation_errors_total", field="other", code="unknown") == 3
    assert value(own, "churn_validation_errors_total", field="tenure", code="out_of_range") == 2
    assert value(own, "churn_validation_errors_total", field="other", code="wrong_type") == 1


def test_nothing_that_a_caller_makes_up_becomes_a_label(own: FlaskClient) -> None:
    own.open("/made/up", method="BREW")
    own.get("/releases/made-up/files/made-up")
    assert value(own, "churn_http_requests_total", method="other", route="unknown", status="404") == 1
    text = own.get("/metrics").text
    assert "made" not in text
    assert "BREW" not in text


def test_a_wrong_method_counts_under_its_status(own: FlaskClient) -> None:
    own.get("/predict")
    assert value(own, "churn_http_requests_total", method="GET", route="unknown", status="405") == 1


def test_the_cache_counts_every_prediction_once(own: FlaskClient, whole: Any) -> None:
    for _ in range(3):
        own.post("/predict", json=whole)
    own.post("/batch_predict", json=[whole, whole])
    assert value(own, "churn_cache_requests_total", result="hit") == 2
    assert value(own, "churn_cache_requests_total", result="bypass") == 3


def test_the_release_in_service_shows(own: FlaskClient) -> None:
    version = own.get("/model_info").get_json()["version"]
    assert value(own, "churn_model_info", version=version, model_name="Logistic Regression") == 1
    assert (
        value(own, "churn_model_trained_timestamp_seconds") == datetime(2026, 11, 23, 14, 3, 1, tzinfo=UTC).timestamp()
    )


def test_a_duration_is_counted_for_each_route(own: FlaskClient) -> None:
    own.get("/health/live")
    assert value(own, "churn_http_request_duration_seconds_count", route="/health/live") == 1


def test_open_metrics_are_given_to_who_wants_them(own: FlaskClient) -> None:
    answer = own.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.content_type.startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    assert own.get("/metrics").content_type.startswith("text/plain")
