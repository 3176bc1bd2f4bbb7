"""Health over all processes; test_gunicorn has those of several."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from churn_api.settings import ApiSettings

MakeApp = Callable[[ApiSettings], Flask]


def test_healthy_when_everything_answers(settings: ApiSettings, make_app: MakeApp, redis_url: str, whole: Any) -> None:
    app = make_app(settings.model_copy(update={"cache_url": redis_url, "queue_url": redis_url}))
    client = app.test_client()
    client.post("/predict", json=whole)
    client.post("/batch_predict", json=[whole] * 9)
    body = client.get("/health").get_json()
    assert body["status"] == "healthy"
    assert body["checks"] == {"model": "ok", "cache": "ok", "queue": "ok", "store": "ok"}
    assert body["predictions_served"] == 10
    assert body["error_rate"] == 0
    assert body["average_response_time_ms"] > 0
    assert body["uptime_seconds"] > 0


@pytest.mark.parametrize(("failures", "status"), [(1, "healthy"), (2, "degraded")])
def test_degraded_from_five_percent_failures_on(
    settings: ApiSettings, make_app: MakeApp, redis_url: str, failures: int, status: str
) -> None:
    app = make_app(settings.model_copy(update={"cache_url": redis_url, "queue_url": redis_url}))
    counters = app.extensions["churn"].counters
    for number in range(40):
        counters.count_request(0.01, failed=number < failures)
    body = app.test_client().get("/health").get_json()
    assert (body["status"], body["error_rate"]) == (status, failures / 40)


def test_a_callers_own_mistakes_do_not_count(settings: ApiSettings, make_app: MakeApp) -> None:
    client = make_app(settings).test_client()
    for body in ("{", "[]", "{}"):
        client.post("/predict", data=body, content_type="application/json")
    client.get("/nothing")
    assert client.get("/health").get_json()["error_rate"] == 0


def test_a_prediction_that_fails_counts(settings: ApiSettings, make_app: MakeApp, whole: Any) -> None:
    app = make_app(settings)
    service = app.extensions["churn"]
    service.releases._serving = None
    client = app.test_client()
    assert client.post("/predict", json=whole).status_code == 503
    assert client.get("/health").get_json()["error_rate"] == 1


def test_what_nobody_foresaw_counts_too(
    settings: ApiSettings, make_app: MakeApp, whole: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("churn_api.predictions.single.predict", fail)
    client = make_app(settings).test_client()
    assert client.post("/predict", json=whole).status_code == 500
    assert client.get("/health").get_json()["error_rate"] == 1


def test_a_queue_that_is_away_shows(settings: ApiSettings, make_app: MakeApp) -> None:
    body = make_app(settings.model_copy(update={"queue_url": "redis+socket:///nowhere"})).test_client().get("/health")
    assert body.get_json()["checks"]["queue"] == "failing"
    assert body.get_json()["status"] == "degraded"


def test_ready_names_the_release(settings: ApiSettings, make_app: MakeApp) -> None:
    app = make_app(settings)
    ready = app.test_client().get("/health/ready")
    assert (ready.status_code, ready.get_json()["status"]) == (200, "ready")
    assert ready.get_json()["version"] == app.extensions["churn"].releases.version
