"""Headers that forbid browsers what no page of the product needs, and the other sites that may call the API."""

from collections.abc import Sequence

from flask import Flask
from flask_cors import CORS

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
"""The same policy as that of the site's nginx, which replaces these headers with its own."""


_JSON = ("Content-Type", "application/json")
_ALWAYS = (("X-Content-Type-Options", "nosniff"),)
_NOT_KEPT = (*_ALWAYS, ("Cache-Control", "no-store"))


def answer_headers(headers: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The headers to add to an answer with these headers; JSON, which browsers do not render, needs only a few."""
    protection = _ALWAYS if any(name == "Cache-Control" for name, _ in headers) else _NOT_KEPT
    return protection if _JSON in headers else (*protection, *PAGE_HEADERS.items())


def install(app: Flask, origins: Sequence[str]) -> None:
    """Let pages of the `origins`, if any, read the answers.

    Pages send the key in a header; cookies are never used.
    """
    if origins:
        CORS(
            app,
            origins=list(origins),
            send_wildcard=True,
            supports_credentials=False,
            expose_headers=[
                *("X-Request-ID", "Retry-After", "Location", "Idempotent-Replayed"),
                *("Content-Disposition", "Content-Range", "ETag"),
            ],
            max_age=600,
        )
