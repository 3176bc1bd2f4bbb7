"""How an operation of the document is written: its words, its body, its answers and its failures."""

from collections.abc import Iterable
from typing import Any

from churn_api.openapi.schemas import reference

FAILURES = {
    400: "The request is not valid HTTP, or its body is not what this address reads.",
    401: "A key of the service is needed.",
    403: "The key is for something else.",
    404: "There is nothing under this name.",
    408: "The request took too long to arrive.",
    409: "The state of things does not allow it.",
    412: "What is there is not what If-Match names.",
    413: "The body is too large, or has too many customers.",
    414: "The address is too long.",
    415: "The body is not declared as what this address reads.",
    416: "The file ends before the range.",
    422: "Fields are at fault; all of them are named.",
    429: "Too many requests; Retry-After says when to come back.",
    431: "The headers are too large or too many.",
    500: "Something failed inside; the request id leads to it.",
    503: "What the answer needs is away; the message says what and what to do.",
}

# What can happen to every request, at the site's own door or inside, and what to those that want a key.
ALWAYS = (400, 408, 414, 429, 431, 500)
_WITH_KEY = (401, 403, 503)

REQUEST_ID = {"X-Request-ID": {"description": "The caller's own, or one made here.", "schema": {"type": "string"}}}


def json_content(schema: str, **more: Any) -> dict[str, Any]:
    return {"application/json": {"schema": reference(schema), **more}}


def failures(statuses: Iterable[int]) -> dict[str, Any]:
    return {
        str(status): {"description": FAILURES[status], "headers": REQUEST_ID, "content": json_content("Error")}
        for status in sorted(statuses)
    }


_TEXT = {"type": "string"}
CONDITIONS: list[dict[str, Any]] = [
    {"name": "If-None-Match", "in": "header", "description": "ETags of what is known.", "schema": _TEXT},
    {"name": "If-Match", "in": "header", "description": "ETags of which one must be this content's.", "schema": _TEXT},
]


def revalidated(operation: dict[str, Any]) -> dict[str, Any]:
    """The operation of an answer that is kept and asked about."""
    headers = REQUEST_ID | {"ETag": {"description": "Names this content.", "schema": _TEXT}}
    operation["responses"]["200"]["headers"] = headers
    operation["responses"] |= failures((412,))
    operation["responses"]["304"] = {"description": "The client has this content already.", "headers": headers}
    return operation | {"parameters": CONDITIONS}


def operation(
    tag: str,
    name: str,
    summary: str,
    answer: dict[str, Any],
    *,
    status: int = 200,
    fails: Iterable[int] = (),
    needs_key: bool = True,
    **more: Any,
) -> dict[str, Any]:
    """An operation; `answer` is the content of its success by media type, `more` what else OpenAPI has for it."""
    success = {"description": "Success.", "headers": REQUEST_ID, **({"content": answer} if answer else {})}
    always = (*ALWAYS, *_WITH_KEY) if needs_key else ALWAYS
    return {
        "tags": [tag],
        "operationId": name,
        "summary": summary,
        **({} if needs_key else {"security": []}),
        **more,
        "responses": {str(status): success, **failures({*always, *fails})},
    }
