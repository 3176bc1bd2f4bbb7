"""API keys: who may ask, where keys are set."""

import hmac
from collections.abc import Iterable
from hashlib import sha256

from flask import Flask, request

from churn_api.errors import Unauthorized

OPEN_ROUTES = frozenset(
    {"/", "/index.html", "/favicon.ico", "/robots.txt", "/assets/<path:name>", "/docs", "/docs/<name>"}
    | {"/health", "/health/live", "/health/ready"}
)
"""What needs no key: the site's and the documentation's files, and what tells whether the service is up."""


def install(app: Flask, keys: Iterable[str]) -> None:
    """Ask for one of the keys everywhere but at the open routes; without keys nothing is asked."""
    digests = [_digest(key) for key in keys]
    if not digests:
        return

    @app.before_request
    def check() -> None:
        if request.method == "OPTIONS" or (request.url_rule and request.url_rule.rule in OPEN_ROUTES):
            return
        sent = _digest(_sent_key())
        # Every key is compared, and in constant time, so that the time taken tells nothing of any of them.
        if not sum([hmac.compare_digest(sent, digest) for digest in digests]):
            raise Unauthorized(sent=True)


def _digest(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogateescape")).digest()


def _sent_key() -> str:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    key = credentials.strip() if scheme.lower() == "bearer" else request.headers.get("X-API-Key", "")
    if not key:
        raise Unauthorized(sent=False)
    return key
