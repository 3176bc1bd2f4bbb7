"""Who may ask for what, and how often; and how many requests may wait for the store.

What an address wants is declared at its view, by `wants`. Where one declares nothing, the service does not start.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from flask import Flask, Response, g, request

from churn.errors import ConfigurationError
from churn_api.auth.api_keys import SCOPES, Accepted, Keyring
from churn_api.errors import Forbidden, Unauthorized
from churn_api.limits.concurrency import AT_A_TIME, WAITING, ConcurrencyLimit, Pace
from churn_api.limits.token_bucket import TokenBuckets
from churn_api.settings import ApiSettings

V = TypeVar("V", bound=Callable[..., object])

NOBODY, ANY_KEY = "nobody", "any"
"""Beside the scopes: what needs no key, and what is open to every key."""

_DECLARED = "churn_wants"


class Declared(NamedTuple):
    """What a view wants: a scope (or NOBODY or ANY_KEY), and whether it waits for the store, and how."""

    scope: str
    pace: Pace | None = None


# What stands for an address that there is not.
_NOWHERE = Declared(ANY_KEY)


def wants(scope: str, pace: Pace | None = None) -> Callable[[V], V]:
    """Declare what a view wants of its caller's key; `pace` where it waits for the store."""
    if scope not in {NOBODY, ANY_KEY, *SCOPES}:
        raise ValueError(f"There is no scope {scope!r}.")

    def declare(view: V) -> V:
        setattr(view, _DECLARED, Declared(scope, pace))
        return view

    return declare


def install(app: Flask, settings: ApiSettings, folder: Path | None) -> None:
    """Ask for a key as the views of `app` declare, where keys are wanted, and keep callers to their limits.

    `folder` is what the service's processes share, if there are several. Raises ConfigurationError for an address
    that declares nothing: it would be open by having been forgotten.
    """
    declared = declarations(app)
    if settings.wants_keys:
        strict, memory = settings.env == "production", folder / "keys" if folder else None
        keys = Keyring(settings.named_keys, settings.api_keys_file, strict=strict, memory=memory)
        buckets = TokenBuckets(settings.key_rate_limit, folder / "rates" if folder else None)
        app.before_request(lambda: _check(declared, keys, buckets))
    _keep_threads(app)


def declarations(app: Flask) -> dict[str, Declared]:
    """What each endpoint of `app` wants. Raises ConfigurationError where one does not say."""
    endpoints = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    silent = sorted(rule for name, rule in endpoints.items() if not hasattr(app.view_functions[name], _DECLARED))
    if silent:
        raise ConfigurationError([f"{', '.join(silent)} declares no scope; say at its view what it wants of a key."])
    return {name: getattr(app.view_functions[name], _DECLARED) for name in endpoints}


def _check(declared: dict[str, Declared], keys: Keyring, buckets: TokenBuckets) -> None:
    rule = request.url_rule
    wanted = declared.get(rule.endpoint) if rule else _NOWHERE
    if request.method == "OPTIONS" or (wanted and wanted.scope == NOBODY):
        return
    key = keys.find(_sent_key())
    if key is None:
        raise Unauthorized(sent=True)
    g.api_key_name = key.name
    buckets.take(key.digest)
    _check_scope(key, wanted)


def _check_scope(key: Accepted, wanted: Declared | None) -> None:
    """Raises Forbidden. What was added after the start declares nothing that is known, and is open to nobody."""
    if wanted is None:
        raise Forbidden(key.name, "none")
    if wanted.scope != ANY_KEY and wanted.scope not in key.scopes:
        raise Forbidden(key.name, wanted.scope)


def _keep_threads(app: Flask) -> None:
    """Let fewer requests wait for the store than there are threads, until their answers have been sent."""
    limits = {pace: ConcurrencyLimit(AT_A_TIME[pace], WAITING[pace]) for pace in Pace}

    @app.before_request
    def enter() -> None:
        rule = request.url_rule
        declared: Declared | None = getattr(app.view_functions[rule.endpoint], _DECLARED, None) if rule else None
        if declared and declared.pace:
            limit, caller = limits[declared.pace], g.get("api_key_name")
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
