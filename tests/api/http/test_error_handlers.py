"""Every failure has the one body."""

import logging
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from churn_api.app import create_app
from churn_api.settings import ApiSettings

BODY = {"success", "error", "error_type", "errors", "request_id", "timestamp"}


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nothing", 404, "NotFound"),
        ("POST", "/nothing", 404, "NotFound"),
        ("GET", "/predict", 405, "MethodNotAllowed"),
        ("DELETE", "/health", 405, "MethodNotAllowed"),
        ("BREW", "/predict", 405, "MethodNotAllowed"),
        ("GET", "/releases/20000101_000000/files/card.html", 404, "UnknownRelease"),
        ("GET", "/releases/../files/card.html", 404, "UnknownRelease"),
        ("GET", "/releases/%2e%2e/files/card.html", 404, "UnknownRelease"),
        ("GET", "/assets/app.js", 404, "NotFound"),
    ],
)
def test_a_failure_has_the_one_body(client: FlaskClient, method: str, path: str, status: int, kind: str) -> None:
    answer = client.open(path, method=method)
    body = answer.get_json()
    assert (answer.status_code, body["error_type"]) == (status, kind)
    assert set(body) == BODY
    assert (body["success"], body["errors"]) == (False, [])
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert datetime.fromisoformat(body["timestamp"]).utcoffset() is not None


def test_a_405_names_what_is_allowed(client: FlaskClient) -> None:
    answer = client.get("/predict")
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}
    assert "POST" in answer.get_json()["error"]


def test_options_and_head_are_answered(client: FlaskClient) -> None:
    options, head = client.options("/predict"), client.head("/health")
    assert (options.status_code, "POST" in options.headers["Allow"]) == (200, True)
    assert (head.status_code, head.data) == (200, b"")


@pytest.mark.parametrize("path", ["/predict/", "//predict", "/predict//", "/batch_predict/", "/predict/."])
def test_there_is_one_address_for_one_thing(client: FlaskClient, whole: dict[str, Any], path: str) -> None:
    """The site's door counts and limits by address."""
    answer = client.post(json=whole, environ_overrides={"PATH_INFO": path})
    assert (answer.status_code, answer.get_json()["error_type"]) == (404, "NotFound")


def test_what_nobody_foresaw_is_a_500_that_tells_nothing(
    settings: ApiSettings, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(settings)

    @app.get("/fails")
    def fails() -> str:
        raise RuntimeError("the secret of customer 7590-VHVEG")

    with caplog.at_level(logging.ERROR):
        answer = app.test_client().get("/fails")
    assert answer.status_code == 500
    assert answer.get_json()["error_type"] == "ServerError"
    assert "secret" not in answer.text
    assert caplog.records[-1].exc_info is not None


def test_a_body_that_stops_on_its_way_is_a_408_and_no_failure_of_ours(
    settings: ApiSettings, caplog: pytest.LogCaptureFixture
) -> None:
    """What the system says where a read takes too long."""
    app = create_app(settings)

    @app.post("/reads")
    def reads() -> str:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with caplog.at_level(logging.INFO):
        answer = app.test_client().post("/reads")
    assert (answer.status_code, answer.get_json()["error_type"]) == (408, "RequestTimeout")
    assert [record for record in caplog.records if record.exc_info or record.levelno > logging.INFO] == []


@pytest.mark.parametrize("path", ["/model_info", "/openapi.json", "/docs"])
def test_who_holds_another_state_than_is_there_is_told_so_in_the_one_body(client: FlaskClient, path: str) -> None:
    tag = client.get(path).headers["ETag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(path, headers={"If-Match": tag}).status_code == 200
    answer = client.get(path, headers={"If-Match": '"another"'})
    assert (answer.status_code, answer.get_json()["error_type"]) == (412, "PreconditionFailed")
    assert set(answer.get_json()) == BODY


def test_without_a_release_everything_else_lives_and_the_remedy_is_told(settings: ApiSettings) -> None:
    app: Flask = create_app(settings)
    client = app.test_client()
    for path in ("/health/ready", "/model_info"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "make train" in answer.get_json()["error"]
    predicted = client.post("/predict", json={})
    assert (predicted.status_code, predicted.get_json()["error_type"]) == (503, "NoRelease")
    assert client.get("/health/live").status_code == 200
    assert client.get("/health").get_json()["checks"]["model"] == "failing"
    assert client.get("/releases").get_json() == {"data": []}
