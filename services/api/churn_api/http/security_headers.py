"""The headers that keep a browser from doing what no page of ours needs, and who else's pages may ask."""

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
"""The same policy that the site's nginx sends, which replaces these where it stands in front."""


_JSON = ("Content-Type", "application/json")
_ALWAYS = (("X-Content-Type-Options", "nosniff"),)
_NOT_KEPT = (*_ALWAYS, ("Cache-Control", "no-store"))


def answer_headers(headers: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The headers that protect an answer with these headers: the whole policy, but for JSON, which no browser shows."""
    protection = _ALWAYS if any(name == "Cache-Control" for name, _ in headers) else _NOT_KEPT
    return protection if _JSON in headers else (*protection, *PAGE_HEADERS.items())


def install(app: Flask, origins: Sequence[str]) -> None:
    """Let pages of the `origins`, if any, read the answers. A key travels in a header that the page sets itself;
    cookies are never asked for."""
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
