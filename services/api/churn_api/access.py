"""What surrounds every request: its id, its time, its counts and its line in the access log."""

import logging
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from time import perf_counter
from typing import Any, cast

import msgspec
from flask import Flask, Request, Response, request

from churn import logs
from churn_api.service import Service
from churn_api.settings import ApiSettings

PREDICTION_ROUTES = frozenset({"/predict", "/batch_predict"})

STDERR = 2

# The longest name that HTTP has for a method is shorter; what a caller makes up is cut.
MOST_CHARACTERS = 16

_sane_id = re.compile(r"[A-Za-z0-9._-]{1,64}").fullmatch


class ApiRequest(Request):
    """A request that knows when it began and what it is called."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.started = perf_counter()
        sent = self.environ.get("HTTP_X_REQUEST_ID", "")
        self.id = sent if _sane_id(sent) else os.urandom(12).hex()
        logs.request_id.set(self.id)

    @property
    def route(self) -> str:
        """The address as declared, so that nothing a caller sends becomes a label."""
        return self.url_rule.rule if self.url_rule else "unknown"


def request_id() -> str:
    return cast(ApiRequest, request).id


def install(app: Flask, service: Service) -> None:
    """Give every request an id, and count and log every answer."""
    app.request_class = ApiRequest
    write = _writer(service.settings)

    @app.after_request
    def finish(response: Response) -> Response:
        current = cast(ApiRequest, request)
        seconds, status = perf_counter() - current.started, response.status_code
        response.headers["X-Request-ID"] = current.id
        service.metrics.count_request(current.method, current.route, status, seconds)
        if current.route in PREDICTION_ROUTES:
            service.board.count_request(seconds, failed=status >= HTTPStatus.INTERNAL_SERVER_ERROR)
        write(
            {
                "request_id": current.id,
                "method": current.method[:MOST_CHARACTERS],
                "route": current.route,
                "status": status,
                "duration_ms": round(1000 * seconds, 3),
                "release": service.releases.version,
            }
        )
        return response


def _writer(settings: ApiSettings) -> Callable[[dict[str, Any]], None]:
    """What writes a line of the access log.

    Where stderr is the only target, a line is written at once: that costs a tenth of the way through logging.
    """
    logger = logging.getLogger("churn_api.access")
    if settings.log_dir:
        return lambda line: logger.info("request", extra=line)
    encode, wanted = msgspec.json.Encoder().encode, logger.isEnabledFor(logging.INFO)
    head = {"level": "INFO", "service": "api", "logger": logger.name, "message": "request"}

    def write(line: dict[str, Any]) -> None:
        if wanted:
            os.write(STDERR, encode({"time": datetime.now(UTC).isoformat()} | head | line) + b"\n")

    return write
