"""Who may ask."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
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
