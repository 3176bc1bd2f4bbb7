"""API keys: who may ask for what, and how often, where keys are set."""

from flask import Flask, Response, g, request

from churn_api.crew import step_aside
from churn_api.errors import Forbidden, Unauthorized
from churn_api.keys import ADMIN, JOBS, SCORE, Keyring
from churn_api.limits import PLACES, WAITING, Places, Rate
from churn_api.settings import ApiSettings

OPEN_ROUTES = frozenset(
    {"/", "/index.html", "/favicon.ico", "/robots.txt", "/assets/<path:name>", "/docs", "/docs/<name>"}
    | {"/health", "/health/live", "/health/ready"}
)
"""What needs no key: the site's and the documentation's files, and what tells whether the service is up."""

SCOPE = {"/predict": SCORE, "/batch_predict": SCORE, "/metrics": ADMIN}
"""What a key must be for; jobs' addresses want `jobs`, and what is not named here is open to every key."""

STORE_ROUTES = ("/jobs", "/releases")
"""Where these begin, every request waits for the store."""


def install(app: Flask, settings: ApiSettings) -> None:
    """Ask for one of the keys everywhere but at the open routes, if there are keys; keep callers to their limits."""
    keys = Keyring(settings.named_keys, settings.api_keys_file, strict=settings.env == "production")
    if keys:
        rate = Rate(settings.key_rate_limit / settings.api_workers)
        app.before_request(lambda: _check(keys, rate))
    _keep_threads(app, Places(PLACES, WAITING))


def _check(keys: Keyring, rate: Rate) -> None:
    if request.method == "OPTIONS" or _rule() in OPEN_ROUTES:
        return
    key = keys.find(_sent_key())
    if key is None:
        raise Unauthorized(sent=True)
    g.api_key_name = key.name
    rate.take(key.name)
    scope = JOBS if _rule().startswith("/jobs") else SCOPE.get(_rule())
    if scope and scope not in key.scopes:
        raise Forbidden(key.name, scope)


def _keep_threads(app: Flask, places: Places) -> None:
    """Let fewer requests wait for the store than there are threads, until their answers have been sent."""

    @app.before_request
    def enter() -> None:
        if _rule().startswith(STORE_ROUTES):
            step_aside()
            places.enter()
            g.has_place = True

    @app.after_request
    def hand_over(response: Response) -> Response:
        if response.is_streamed and g.pop("has_place", False):
            response.call_on_close(places.leave)
        return response

    @app.teardown_request
    def leave(_: BaseException | None) -> None:
        if g.pop("has_place", False):
            places.leave()


def _rule() -> str:
    return request.url_rule.rule if request.url_rule else ""


def _sent_key() -> str:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    key = credentials.strip() if scheme.lower() == "bearer" else request.headers.get("X-API-Key", "")
    if not key:
        raise Unauthorized(sent=False)
    return key
