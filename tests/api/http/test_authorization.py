"""Who may ask."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from pydantic import SecretStr

from churn.errors import ConfigurationError
from churn_api.auth.api_keys import ADMIN, JOBS, LOOK_SECONDS, SCORE
from churn_api.http.endpoint import ANY_KEY, NOBODY, Endpoints, declarations, install
from churn_api.limits.concurrency import ConcurrencyLimit, Pace
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
    answers = [scoped.get("/model_info", headers={"X-API-Key": SCORING_KEY}) for _ in range(200)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) > 10
    assert refused[0].get_json()["error_type"] == "TooManyRequests"
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert scoped.get("/model_info", headers={"X-API-Key": METRICS_KEY}).status_code == 200


def test_requests_about_jobs_never_take_every_thread(
    settings: ApiSettings, make_app: Callable[[ApiSettings], Flask], whole: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ConcurrencyLimit.__init__, "__defaults__", (0, 0.01))
    app = make_app(settings)
    slow = Endpoints("Jobs")

    @slow.add("GET /jobs/slow", JOBS, pace=Pace.BODIES)
    def slow_body() -> Response:
        """An answer that somebody takes slowly."""
        return Response(iter([b"1", b"2"]))

    install(app, slow)
    client = app.test_client()
    for _ in range(10):
        assert client.get("/jobs").status_code == 200
        assert client.get("/jobs/unknown").status_code == 404
    held = [client.get("/jobs/slow") for _ in range(4)]
    assert [answer.status_code for answer in held] == [200, 200, 200, 429]
    assert int(held[3].headers["Retry-After"]) >= 1
    assert client.get("/jobs").status_code == 200, "who only asks waits behind no body"
    assert client.post("/predict", json=whole).status_code == 200
    for answer in held:
        answer.close()
    assert client.get("/jobs").status_code == 200


ADDRESSES = {
    NOBODY: {"/", "/index.html", "/favicon.ico", "/robots.txt", "/assets/<path:name>", "/docs", "/docs/<name>"}
    | {"/health", "/health/live", "/health/ready"},
    ANY_KEY: {
        "/model_info",
        "/schema",
        "/quality",
        "/openapi.json",
        "/releases",
        "/releases/<version>/files/<path:name>",
        "/experiments",
        "/experiments/<experiment_id>",
    },
    SCORE: {"/predict", "/batch_predict"},
    JOBS: {
        "/jobs",
        "/jobs/check",
        "/jobs/<job_id>",
        "/jobs/<job_id>/cancel",
        "/jobs/<job_id>/results",
        "/jobs/<job_id>/errors",
        "/outcomes",
        "/outcomes/check",
        "/outcomes/<job_id>",
        "/outcomes/<job_id>/cancel",
        "/outcomes/<job_id>/errors",
        "/customers/<path:customer_id>",
        "/campaigns",
        "/campaigns/opt-outs",
        "/campaigns/preview",
        "/campaigns/<campaign_id>",
        "/campaigns/<campaign_id>/list",
        "/campaigns/<campaign_id>/start",
        "/campaigns/<campaign_id>/close",
        "/campaigns/<campaign_id>/result",
        "/alerts",
        "/alerts/rules",
        "/alerts/<digest_id>/list",
        "/overview",
    },
    ADMIN: {"/metrics", "/experiments/<experiment_id>/promote"},
}
# Methods by which one address is for others than by its other ones.
CHANGES = {("POST", "/experiments"): ADMIN, ("DELETE", "/experiments/<experiment_id>"): ADMIN}
CALLERS = {"nobody": None, "a stranger": OTHER[::-1], "score": SCORING_KEY, "jobs": JOBS_KEY, "admin": METRICS_KEY}


def test_every_address_is_as_open_as_it_is_said_to_be(scoped: FlaskClient) -> None:
    app = scoped.application
    said = {(rule.rule, declarations(app)[rule.endpoint].scope) for rule in app.url_map.iter_rules()}
    wanted = {(address, scope) for scope, addresses in ADDRESSES.items() for address in addresses}
    assert said == wanted | {(address, scope) for (_, address), scope in CHANGES.items()}


@pytest.mark.parametrize("caller", CALLERS)
def test_no_address_is_open_to_whom_it_is_not_for(
    settings: ApiSettings, make_app: Callable[[ApiSettings], Flask], tmp_path: Path, caller: str
) -> None:
    """Every address and method of the application's own map, so that none can be forgotten."""
    (tmp_path / "keys").write_text(f"a admin {METRICS_KEY}\nb score {SCORING_KEY}\nc jobs {JOBS_KEY}\n")
    keys = {"api_keys_file": tmp_path / "keys", "key_rate_limit": 0}
    client = make_app(settings.model_copy(update=keys)).test_client()
    sent = CALLERS[caller]
    scope_of = {address: scope for scope, addresses in ADDRESSES.items() for address in addresses}
    for rule in client.application.url_map.iter_rules():
        for method in (rule.methods or set()) - {"OPTIONS"}:
            path = rule.rule.replace("<job_id>", "job_01JD0000000000000000000000").replace(
                "<version>", "20000101_000000"
            )
            path = path.replace("<campaign_id>", "cam_01JD0000000000000000000000")
            path = path.replace("<experiment_id>", "exp_01JD0000000000000000000000")
            answer = client.open(
                path.replace("<path:name>", "a.png").replace("<name>", "docs.js").replace("<path:customer_id>", "%20"),
                method=method,
                headers={"X-API-Key": sent} if sent else {},
            )
            scope = CHANGES.get((method, rule.rule), scope_of[rule.rule])
            if scope == NOBODY or (sent in (SCORING_KEY, JOBS_KEY, METRICS_KEY) and scope in (ANY_KEY, caller)):
                assert answer.status_code not in (401, 403), (method, rule.rule)
            else:
                wanted = 403 if sent in (SCORING_KEY, JOBS_KEY, METRICS_KEY) else 401
                assert answer.status_code == wanted, (method, rule.rule)


def test_an_address_that_declares_no_scope_stops_the_start(
    settings: ApiSettings, make_app: Callable[[ApiSettings], Flask]
) -> None:
    app = make_app(settings)
    app.add_url_rule("/forgotten", view_func=lambda: "open to all")
    with pytest.raises(ConfigurationError, match="/forgotten declares no scope"):
        declarations(app)


def test_an_address_that_was_added_after_the_start_is_open_to_nobody(scoped: FlaskClient) -> None:
    scoped.application.add_url_rule("/late", view_func=lambda: "open to all")
    for key, status in ((None, 401), (SCORING_KEY, 403), (METRICS_KEY, 403)):
        assert scoped.get("/late", headers={"X-API-Key": key} if key else {}).status_code == status


@pytest.mark.parametrize("path", ["/metrics/", "//metrics", "/metrics//", "/./metrics", "/METRICS", "/metrics/."])
def test_metrics_are_under_one_spelling_alone(scoped: FlaskClient, path: str) -> None:
    """`path` is what a server has decoded: /metrics%2F is /metrics/."""
    answer = scoped.get(environ_overrides={"PATH_INFO": path}, headers={"X-API-Key": METRICS_KEY})
    assert (answer.status_code, answer.get_json()["error_type"]) == (404, "NotFound")


@pytest.mark.parametrize("state", ["emptied", "broken", "gone", "a folder"])
def test_a_process_that_finds_no_keys_serves_nobody_until_it_does(
    settings: ApiSettings, make_app: Callable[[ApiSettings], Flask], tmp_path: Path, state: str
) -> None:
    """In development too, where no key at all would mean that everybody may ask."""
    file = tmp_path / "keys"
    if state == "a folder":
        file.mkdir()
    elif state != "gone":
        file.write_text("" if state == "emptied" else f"crm scroe {KEY}\n")
    client = make_app(settings.model_copy(update={"api_keys_file": file})).test_client()
    for headers in ({"X-API-Key": KEY}, {"X-API-Key": OTHER}):
        answer = client.get("/model_info", headers=headers)
        assert (answer.status_code, answer.get_json()["error_type"]) == (503, "KeysUnavailable")
        assert str(tmp_path) not in answer.text
    assert client.get("/model_info").status_code == 401
    assert client.get("/health").status_code == 200
    if state == "a folder":
        file.rmdir()
    file.write_text(f"crm score {KEY}\n")
    time.sleep(LOOK_SECONDS)
    assert client.get("/model_info", headers={"X-API-Key": KEY}).status_code == 200
    assert client.get("/openapi.json", headers={"X-API-Key": KEY}).status_code == 200
    assert client.get("/model_info", headers={"X-API-Key": OTHER}).status_code == 401


def test_the_description_is_shown_whatever_the_file_of_keys_holds_now(scoped: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a line that is no key\n")
    answer = scoped.get("/openapi.json", headers={"X-API-Key": SCORING_KEY})
    assert (answer.status_code, answer.get_json()["security"]) == (200, [{"bearer": []}, {"header": []}])
