"""gunicorn's worker of threads, with a crew of ours, and with the one error body for what is no request yet."""

import json
import os
import socket
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from churn.errors import error_body
from churn_api.crew import Crew
from churn_api.errors import HttpError

# In the words of the site's nginx.
_REFUSALS: dict[type[BaseException], HttpError] = {
    LimitRequestLine: HttpError(414, "URITooLong", "The address is too long; send the data in the body."),
    LimitRequestHeaders: HttpError(431, "HeadersTooLarge", "The request's headers are too large or too many."),
}
_NO_HTTP = HttpError(400, "BadRequest", "The request is not valid HTTP; check its headers.")


class Worker(ThreadWorker):
    """gunicorn asks of its pool no more than any executor does."""

    def get_thread_pool(self) -> Executor:  # type: ignore[override]  # gunicorn's is inferred, not declared
        return Crew(self.cfg.threads)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Refuse what cannot be read. Only the fault's name is logged: its text may hold a header with a key."""
        if not isinstance(exc, ParseException):
            super().handle_error(req, client, addr, exc)
            return
        request_id = os.urandom(12).hex()
        self.log.warning("Refused the request %s: %s", request_id, type(exc).__name__)
        with suppress(OSError):
            write_nonblock(client, refusal(_REFUSALS.get(type(exc), _NO_HTTP), request_id))


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
