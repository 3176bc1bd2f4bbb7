"""Who may ask."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from pydantic import SecretStr

from churn_api.settings import ApiSettings

KEY, OTHER = "9f86d081884c7d659a2f", "feaa0c55ad015a3bf4f1"


@pytest.fixture
def guarded(settings: ApiSettings, make_app: Callable[[ApiSettings], Flask], tmp_path: Path) -> FlaskClient:
    """The API with one key in the variable, one in the file, and a site."""
    (tmp_path / "keys").write_text(f"\n  {OTHER}  \n")
    site = tmp_path / "site"
    (site / "assets").mkdir(parents=True)
    (site / "index.html").write_text("<!doctype html><title>Site</title>")
    (site / "assets" / "app.js").write_text("'use strict';")
    keys = {"api_keys": (SecretStr(KEY),), "api_keys_file": tmp_path / "keys", "site_dir": site}
    return make_app(settings.model_copy(update=keys)).test_client()


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer  {OTHER}"},
        {"X-API-Key": KEY},
        {"X-API-Key": OTHER},
    ],
)
def test_every_key_opens_in_both_headers(guarded: FlaskClient, whole: Any, headers: dict[str, str]) -> None:
    assert guarded.post("/predict", json=whole, headers=headers).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": f"Basic {KEY}"}, {"X-API-Key": ""}])
def test_no_key_is_a_401(guarded: FlaskClient, whole: Any, headers: dict[str, str]) -> None:
    answer = guarded.post("/predict", json=whole, headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "X-API-Key" in answer.get_json()["error"]


@pytest.mark.parametrize("key", [KEY[:-1], KEY + "0", KEY.upper(), "\xe9" * 20])
def test_a_wrong_key_is_a_401_too(guarded: FlaskClient, key: str) -> None:
    answer = guarded.get("/model_info", headers={"X-API-Key": key})
    assert answer.status_code == 401
    assert key not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/health", "/health/live", "/health/ready", "/docs", "/docs/docs.js", "/assets/app.js", "/index.html"]
)
def test_health_and_files_need_no_key(guarded: FlaskClient, path: str) -> None:
    assert guarded.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/model_info", "/metrics", "/openapi.json", "/releases", "/nothing"])
def test_all_else_needs_one(guarded: FlaskClient, path: str) -> None:
    assert guarded.get(path).status_code == 401


def test_a_browsers_preliminary_question_needs_none(guarded: FlaskClient) -> None:
    assert guarded.options("/predict").status_code == 200


METRICS_KEY, SCORING_KEY, JOBS_KEY = "13d249f2cb4127b40cfa", "cb3825846b5f3c9cf1d3", "82aa4b0af34c2313a562"


@pytest.fixture
def scoped(settings: ApiSettings, make_app: Callable[[ApiSettings], Flask], tmp_path: Path) -> FlaskClient:
    """The API with a key for each scope and a strict limit of requests."""
    lines = f"monitor admin {METRICS_KEY}\ncrm score {SCORING_KEY}\nnight jobs {JOBS_KEY}\n"
    (tmp_path / "keys").write_text(lines)
    keys = {"api_keys_file": tmp_path / "keys", "api_workers": 1, "key_rate_limit": 20}
    return make_app(settings.model_copy(update=keys)).test_client()


@pytest.mark.parametrize(
    ("key", "opened"),
    [(METRICS_KEY, "/metrics"), (SCORING_KEY, "/predict"), (JOBS_KEY, "/jobs")],
    ids=["admin", "score", "jobs"],
)
def test_a_key_opens_what_it_is_for_and_nothing_else(scoped: FlaskClient, whole: Any, key: str, opened: str) -> None:
    headers = {"X-API-Key": key}
    answers = {
        "/metrics": scoped.get("/metrics", headers=headers),
        "/predict": scoped.post("/predict", json=whole, headers=headers),
        "/jobs": scoped.get("/jobs", headers=headers),
    }
    for address, answer in answers.items():
        assert answer.status_code == (200 if address == opened else 403), address
    assert scoped.get("/model_info", headers=headers).status_code == 200


def test_a_key_that_is_for_something_else_is_told_so(scoped: FlaskClient) -> None:
    answer = scoped.get("/metrics", headers={"X-API-Key": SCORING_KEY})
    assert answer.get_json()["error_type"] == "Forbidden"
    assert answer.get_json()["error"] == "The key crm may not do this; it wants one with the scope admin."


def test_a_key_that_asks_too_often_is_told_when_to_come_back(scoped: FlaskClient) -> None:
    answers = [scoped.get("/model_info", headers={"X-API-Key": SCORING_KEY}) for _ in range(60)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) > 10
    assert refused[0].get_json()["error_type"] == "TooManyRequests"
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert scoped.get("/model_info", headers={"X-API-Key": METRICS_KEY}).status_code == 200


def test_requests_about_jobs_never_take_every_thread(
    settings: ApiSettings, make_app: Callable[[ApiSettings], Flask], whole: Any
) -> None:
    app = make_app(settings)
    app.add_url_rule("/jobs/slow", view_func=lambda: Response(iter([b"1", b"2"])))
    client = app.test_client()
    for _ in range(10):
        assert client.get("/jobs").status_code == 200
        assert client.get("/jobs/unknown").status_code == 404
    held = [client.get("/jobs/slow") for _ in range(4)]
    assert [answer.status_code for answer in held] == [200, 200, 200, 429]
    assert int(held[3].headers["Retry-After"]) >= 1
    assert client.post("/predict", json=whole).status_code == 200
    for answer in held:
        answer.close()
    assert client.get("/jobs").status_code == 200
