"""What surrounds every request: its id, its time, its counts, its line in the access log, and the answer's headers.

This is a layer around Flask and not a set of its hooks: it costs a third, and it sees what Flask answers by itself.
"""

import os
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from time import perf_counter
from typing import Any, TypeAlias

from flask import Flask, request

from churn import logs
from churn_api.http.security_headers import answer_headers
from churn_api.service import Service

Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Any]

PREDICTION_ROUTES = frozenset({"/predict", "/batch_predict"})

# The longest name that HTTP has for a method is shorter; what a caller makes up is cut.
MOST_CHARACTERS = 16

_ID = "churn.request_id"
_sane_id = re.compile(r"[A-Za-z0-9._-]{1,64}").fullmatch


class Middleware:
    """The outermost layer of the application."""

    def __init__(self, app: Callable[[Environ, StartResponse], Iterable[bytes]], service: Service) -> None:
        self._app = app
        self._service = service

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI request by the application, with its id and headers, counted and logged."""
        started = perf_counter()
        environ[_ID] = name = _request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        logs.request_id.set(name)
        status = route = ""

        def start(answered: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            nonlocal status, route
            status, route = answered, _route(environ)
            return start_response(answered, [*headers, ("X-Request-ID", name), *answer_headers(headers)], *exc_info)

        body = self._app(environ, start)
        self._finish(environ, route, int(status[:3]), perf_counter() - started)
        return body

    def _finish(self, environ: Environ, route: str, status: int, seconds: float) -> None:
        service, method = self._service, environ["REQUEST_METHOD"]
        service.metrics.count_request(method, route, status, seconds)
        if route in PREDICTION_ROUTES:
            service.counters.count_request(seconds, failed=status >= HTTPStatus.INTERNAL_SERVER_ERROR)
        service.access_log.add(
            {
                "request_id": environ[_ID],
                "method": method[:MOST_CHARACTERS],
                "route": route,
                "status": status,
                "duration_ms": round(1000 * seconds, 3),
                "release": service.releases.version,
            }
        )


def install(app: Flask, service: Service) -> None:
    """Put the layer around the application."""
    app.wsgi_app = Middleware(app.wsgi_app, service)  # type: ignore[method-assign]  # as Flask's manual says


def request_id() -> str:
    """The id of the request at hand."""
    return str(request.environ[_ID])


def _request_id(sent: str) -> str:
    return sent if _sane_id(sent) else os.urandom(12).hex()


def _route(environ: Environ) -> str:
    """The address as declared, so that nothing a caller sends becomes a label. Flask forgets it with the request."""
    rule = environ["werkzeug.request"].url_rule
    return rule.rule if rule else "unknown"
