"""Who may ask for what, and how often; and how many requests may wait for the store: as endpoints declare it."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from flask import Flask, Response, g, request

from churn_api.auth.api_keys import Keyring
from churn_api.errors import Forbidden, Unauthorized
from churn_api.http.endpoint import ANY_KEY, NOBODY, Endpoint, declarations
from churn_api.limits.concurrency import AT_A_TIME, WAITING, ConcurrencyLimit, Pace
from churn_api.limits.token_bucket import TokenBuckets
from churn_api.settings import ApiSettings


def install(app: Flask, settings: ApiSettings, folder: Path | None) -> None:
    """Ask for a key as the endpoints of `app` declare, where keys are wanted, and keep callers to their limits.

    `folder` is what the service's processes share, if there are several. Raises ConfigurationError for an address
    that declares nothing.
    """
    declared = declarations(app)
    if settings.wants_keys:
        strict, memory = settings.env == "production", folder / "keys" if folder else None
        keys = Keyring(settings.named_keys, settings.api_keys_file, strict=strict, memory=memory)
        buckets = TokenBuckets(settings.key_rate_limit, folder / "rates" if folder else None)
        app.before_request(lambda: _check(declared, keys, buckets))
    _keep_threads(app, declared)


def _check(declared: Mapping[str, Endpoint], keys: Keyring, buckets: TokenBuckets) -> None:
    rule = request.url_rule
    endpoint = declared.get(rule.endpoint) if rule else None
    if request.method == "OPTIONS" or (endpoint and endpoint.scope == NOBODY):
        return
    key = keys.find(_sent_key())
    if key is None:
        raise Unauthorized(sent=True)
    g.api_key_name = key.name
    buckets.take(key.digest)
    # Without a rule there is nothing at the address, which everybody with a key may hear; what was added after the
    # start and declares nothing is open to nobody.
    scope = endpoint.scope if endpoint else "none"
    if rule and scope != ANY_KEY and scope not in key.scopes:
        raise Forbidden(key.name, scope)


def _keep_threads(app: Flask, declared: Mapping[str, Endpoint]) -> None:
    """Let fewer requests wait for the store than there are threads, until their answers have been sent."""
    limits = {pace: ConcurrencyLimit(AT_A_TIME[pace], WAITING[pace]) for pace in Pace}

    @app.before_request
    def enter() -> None:
        rule = request.url_rule
        endpoint = declared.get(rule.endpoint) if rule else None
        if endpoint and endpoint.pace:
            limit, caller = limits[endpoint.pace], g.get("api_key_name")
            limit.enter(caller)
            g.leave = partial(limit.leave, caller)

    @app.after_request
    def hand_over(response: Response) -> Response:
        if response.is_streamed and (leave := g.pop("leave", None)):
            response.call_on_close(leave)
        return response

    @app.teardown_request
    def leave(_: BaseException | None) -> None:
        if leave := g.pop("leave", None):
            leave()


def _sent_key() -> str:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    key = credentials.strip() if scheme.lower() == "bearer" else request.headers.get("X-API-Key", "")
    if not key:
        raise Unauthorized(sent=False)
    return key
