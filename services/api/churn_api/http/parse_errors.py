"""Answers to what cannot be read as a request, which Flask never sees."""

import json

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine

from churn.errors import error_body
from churn_api.errors import HttpError

# In the words of the site's nginx.
_REFUSALS: dict[type[BaseException], HttpError] = {
    LimitRequestLine: HttpError(414, "URITooLong", "The address is too long; send the data in the body."),
    LimitRequestHeaders: HttpError(431, "HeadersTooLarge", "The request's headers are too large or too many."),
}
_NO_HTTP = HttpError(400, "BadRequest", "The request is not valid HTTP; check its headers.")


def told_of(error: BaseException) -> HttpError:
    """What a client is told of an exception of gunicorn's parser."""
    return _REFUSALS.get(type(error), _NO_HTTP)


def refusal(error: HttpError, request_id: str) -> bytes:
    """An answer without Flask. nginx writes its own in this one's place, for what it calls the request is not known."""
    body = json.dumps(error_body(error, request_id))
    lines = (
        f"HTTP/1.1 {error.status} {error.name}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        f"X-Request-ID: {request_id}",
        f"X-Accel-Redirect: /.refused/{error.status}",
    )
    return "\r\n".join((*lines, "", body)).encode()
