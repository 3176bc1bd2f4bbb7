"""Every failure becomes the one body."""

import json
import logging
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from time import monotonic
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from churn.errors import ChurnError, error_body
from churn_api.access import request_id
from churn_api.errors import HttpError, ServerError, TooManyRequests

log = logging.getLogger(__name__)

# What is refused is read on for so long, and waited for so long at a time.
DRAIN_SECONDS, DRAIN_PAUSE_SECONDS = 30.0, 2.0

_MESSAGES = {
    404: "There is nothing at this address; /docs lists what there is.",
    405: "This address does not take {method}; it takes {allowed}.",
}


def install(app: Flask) -> None:
    """Answer every failure with the one body."""
    app.register_error_handler(ChurnError, answer)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_unforeseen)


def answer(error: ChurnError) -> Response:
    """The answer to a failure, as JSON in plain ASCII, whatever text was sent."""
    response = Response(json.dumps(error_body(error, request_id())), error.status, content_type="application/json")
    if request.method in ("POST", "PUT", "PATCH"):
        response.call_on_close(partial(_drain, request.environ))
    if error.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "5"
        log.warning("%s", error.message)
    return response


def _drain(environ: dict[str, Any]) -> None:
    """Read on what is still being sent, for a while: if the connection were closed with bytes unread, the system would
    reset it, and the answer would be lost on its way to whoever is still sending."""
    if (connection := environ.get("gunicorn.socket")) is None:
        return
    end = monotonic() + DRAIN_SECONDS
    with suppress(OSError, ValueError):
        connection.settimeout(DRAIN_PAUSE_SECONDS)
        while environ["wsgi.input"].read(1 << 18) and monotonic() < end:
            pass
        connection.settimeout(None)


def _answer_http(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error
    # Methods come from a set, whose order differs from process to process.
    headers = [
        (name, ", ".join(sorted(value.split(", "))))
        for name, value in error.get_headers(request.environ)
        if name in ("Allow", "Retry-After")
    ]
    message = _MESSAGES.get(error.code, error.description or "")
    allowed = dict(headers).get("Allow", "")
    response = answer(
        HttpError(error.code, type(error).__name__, message.format(method=request.method, allowed=allowed))
    )
    response.headers.extend(headers)
    return response


def _answer_unforeseen(error: Exception) -> Response:
    log.error("Unforeseen failure of %s %s", request.method, request.url_rule, exc_info=error)
    return answer(ServerError())
