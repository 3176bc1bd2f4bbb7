"""The API as a Lambda function: API Gateway's events in, what the server would have answered out."""

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from apig_wsgi import make_lambda_handler
from flask import Flask, request

from churn_api.app import create_app
from churn_api.auth import parameter_store
from churn_api.errors import HttpError

Event: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = Callable[[Event, object], dict[str, Any]]

# A function stands still between two events: it looks for a new release and for changed keys when it is called.
SECONDS_BETWEEN_LOOKS = 30.0


def make_handler() -> Handler:
    """The function's handler, with a release loaded. Raises ConfigurationError."""
    file = Path(tempfile.gettempdir()) / "api-keys"
    parameter = os.environ.get("API_KEYS_PARAMETER")
    if parameter:
        parameter_store.fetch(parameter, file)
        os.environ["CHURN_API_KEYS_FILE"] = str(file)
    app = create_app()
    app.before_request(_refuse_what_is_elsewhere)
    answer = make_lambda_handler(_with_callers_address(app), binary_support=True)
    service = app.extensions["churn"]
    looked = time.monotonic()

    def handler(event: Event, context: object) -> dict[str, Any]:
        nonlocal looked
        if time.monotonic() - looked >= SECONDS_BETWEEN_LOOKS or not service.releases.ready:
            service.releases.refresh()
            if parameter:
                parameter_store.refresh(parameter, file)
            looked = time.monotonic()
        return answer(dict(event), context)

    return handler


# What takes a worker, or objects that this function's role must not read.
_ELSEWHERE = ("jobs", "outcomes", "customers", "campaigns", "alerts", "overview", "experiments", "quality")


def _refuse_what_is_elsewhere() -> None:
    first = request.path.split("/")[1]
    if first in _ELSEWHERE:
        words = (
            f"/{first} is not served at this address, whose function predicts and keeps nothing; ask that of "
            "the machine or the cluster."
        )
        raise HttpError(404, "NotFound", words)


def _with_callers_address(app: Flask) -> Callable[..., Any]:
    """The application told who called as API Gateway saw it; what a caller says in X-Forwarded-For is only a claim."""

    def call(environ: dict[str, Any], start_response: Any) -> Any:
        context = environ["apig_wsgi.full_event"].get("requestContext", {})
        seen = context.get("http", context.get("identity", {}))
        environ["REMOTE_ADDR"] = seen.get("sourceIp", environ["REMOTE_ADDR"])
        return app(environ, start_response)

    return call
