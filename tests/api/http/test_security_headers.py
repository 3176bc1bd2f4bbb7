"""What browsers are told."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from churn_api.http.security_headers import PAGE_HEADERS
from churn_api.settings import ApiSettings

ORIGIN = "https://job_service.telco.test"


def test_pages_carry_the_policy_that_nginx_sends(client: FlaskClient, root: Path) -> None:
    configured = (root / "services/web/nginx/snippets/security_headers.conf").read_text()
    sent = dict(re.findall(r'^add_header (\S+) "?(.*?)"? always;$', configured, re.MULTILINE))
    assert sent == PAGE_HEADERS | {"X-Content-Type-Options": "nosniff"}
    answer = client.get("/docs")
    assert {name: answer.headers[name] for name in sent} == sent


def test_a_releases_page_is_held_to_the_policy(client: FlaskClient) -> None:
    version = client.get("/model_info").get_json()["version"]
    answer = client.get(f"/releases/{version}/files/card.html")
    assert answer.content_type.startswith("text/html")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")


def test_json_is_not_sniffed_and_not_kept(client: FlaskClient) -> None:
    headers = client.get("/releases").headers
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")


def test_no_other_site_may_ask_unless_it_is_named(client: FlaskClient) -> None:
    answer = client.get("/model_info", headers={"Origin": ORIGIN})
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(("origin", "allowed"), [(ORIGIN, ORIGIN), ("https://other.test", None), (f"{ORIGIN}.x", None)])
def test_a_named_site_may(
    settings: ApiSettings, make_app: Callable[[ApiSettings], Flask], origin: str, allowed: str | None
) -> None:
    client = make_app(settings.model_copy(update={"cors_origins": (ORIGIN,)})).test_client()
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "X-API-Key",
    }
    for answer in (client.options("/predict", headers=asked), client.get("/health", headers={"Origin": origin})):
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_every_site_may_where_the_settings_say_so_but_without_credentials(
    settings: ApiSettings, make_app: Callable[[ApiSettings], Flask]
) -> None:
    client = make_app(settings.model_copy(update={"cors_origins": ("*",)})).test_client()
    answer = client.get("/health", headers={"Origin": ORIGIN})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
