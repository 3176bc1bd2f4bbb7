"""Every failure becomes the one body."""

import json
import logging
from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from churn.errors import ChurnError, error_body
from churn_api.errors import ConditionFailed, HttpError, ServerError, TooLate, TooManyRequests
from churn_api.http.middleware import request_id

log = logging.getLogger(__name__)

_MESSAGES = {
    404: "There is nothing at this address; /docs lists what there is.",
    405: "This address does not take {method}; it takes {allowed}.",
}


def install(app: Flask) -> None:
    """Answer every failure with the one body."""
    app.register_error_handler(ChurnError, answer)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(BlockingIOError, _answer_late)
    app.register_error_handler(Exception, _answer_unforeseen)
    app.after_request(_refuse_unmet)


def answer(error: ChurnError) -> Response:
    """The answer to a failure, as JSON in plain ASCII, whatever text was sent."""
    response = Response(json.dumps(error_body(error, request_id())), error.status, content_type="application/json")
    if error.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "5"
        log.warning("%s", error.message)
    return response


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


def _answer_late(_: BlockingIOError) -> Response:
    """The system's time-out of a read: of a body, for there is nothing else that a view reads from a socket itself."""
    return answer(TooLate())


def _refuse_unmet(response: Response) -> Response:
    """Where werkzeug finds that a condition does not hold, it leaves the whole content in the answer, with its ETag."""
    if response.status_code == HTTPStatus.PRECONDITION_FAILED and response.get_etag()[0]:
        response.close()
        return answer(ConditionFailed())
    return response


def _answer_unforeseen(error: Exception) -> Response:
    log.error("Unforeseen failure of %s %s", request.method, request.url_rule, exc_info=error)
    return answer(ServerError())
