"""The headers that keep a browser from doing what no page of ours needs, and who else's pages may ask."""

from collections.abc import Sequence

from flask import Flask, Response
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


def install(app: Flask, origins: Sequence[str]) -> None:
    """Protect every answer; let pages of the `origins`, if any, read them."""

    @app.after_request
    def protect(response: Response) -> Response:
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        if response.mimetype != "application/json":
            headers.update(PAGE_HEADERS)
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-store"
        return response

    if origins:
        # A key travels in a header that the page sets itself; cookies are never asked for.
        CORS(
            app,
            origins=list(origins),
            send_wildcard=True,
            supports_credentials=False,
            expose_headers=["X-Request-ID", "Retry-After", "Location", "Idempotent-Replayed"],
            max_age=600,
        )
