"""How an endpoint's declaration becomes an operation of the document."""

import re
from collections.abc import Iterator
from itertools import chain

import msgspec

from churn.schema import Schema
from churn_api.http.endpoint import NOBODY, TEXT, Endpoint, Json, described, schema_of
from churn_api.settings import ApiSettings

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

# What can happen to every request, at the site's own door or inside.
_ALWAYS = (400, 408, 414, 429, 431, 500)

_REQUEST_ID = {"X-Request-ID": described("The caller's own, or one made here.")}
_ETAG = {"ETag": described("Names this content.")}
_CONDITIONS = {
    "If-None-Match": described("ETags of what is known."),
    "If-Match": described("ETags of which one must be this content's."),
}
_RANGED = {"Accept-Ranges": described("A download that broke off goes on from any byte.", {"const": "bytes"})}
_RANGES = {"Range": described("A single range of bytes."), "If-Range": described("The ETag of what is there already.")}
_RANGE = {"Content-Range": described("Which bytes of how many.")}

_names_in = re.compile(r"<(?:\w+:)?(\w+)>").findall


def path(endpoint: Endpoint) -> str:
    """The endpoint's path as OpenAPI writes it."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", endpoint.path)


def operation(endpoint: Endpoint, settings: ApiSettings, schema: Schema) -> Json:
    """The operation that the endpoint declares, for a service with these settings and this schema of customers."""
    first, *others = endpoint.view.__name__.split("_")
    summary = (endpoint.view.__doc__ or "").splitlines()[0].removesuffix(".")
    parameters = list(_parameters(endpoint, schema))
    body = endpoint.body(schema) if callable(endpoint.body) else endpoint.body
    return {
        "tags": [endpoint.tag],
        "operationId": first + "".join(map(str.capitalize, others)),
        "summary": summary.format(settings=settings),
        **({"security": []} if endpoint.scope == NOBODY else {}),
        **({"description": endpoint.description} if endpoint.description else {}),
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": {"required": True, "content": body}} if body else {}),
        "responses": _successes(endpoint) | _failures(endpoint, schema),
    }


def _parameters(endpoint: Endpoint, schema: Schema) -> Iterator[Json]:
    for name in _names_in(endpoint.path):
        yield {"name": name, "in": "path", "required": True, "schema": TEXT}
    sent = endpoint.request_headers | (_RANGES if endpoint.ranged else {})
    sent |= _CONDITIONS if endpoint.revalidated else {}
    for place, parameters in (("query", _query(endpoint, schema)), ("header", sent)):
        yield from ({"name": name, "in": place} | told for name, told in parameters.items())


def _query(endpoint: Endpoint, schema: Schema) -> Json:
    if isinstance(endpoint.query, dict):
        return endpoint.query
    if not isinstance(endpoint.query, type):
        return endpoint.query(schema)
    _, schemas = msgspec.json.schema_components([endpoint.query])
    options = schemas[endpoint.query.__name__]["properties"]
    return {name: described(schema.pop("description"), schema) for name, schema in options.items()}


def _successes(endpoint: Endpoint) -> Json:
    headers = _REQUEST_ID | (_ETAG if endpoint.revalidated else {}) | (_RANGED if endpoint.ranged else {})
    headers |= endpoint.headers
    answer = endpoint.answer if isinstance(endpoint.answer, dict | None) else _json(endpoint.answer.__name__)
    content = {"content": answer} if answer else {}
    answers = {str(endpoint.status): {"description": "Success.", "headers": headers} | content}
    if endpoint.goes_on:
        later = headers | {"Retry-After": described("Seconds after which asking again is worth while.")}
        answers["202"] = {"description": "It goes on.", "headers": later, "content": _json(endpoint.goes_on.__name__)}
    if endpoint.revalidated:
        answers["304"] = {"description": "The client has this content already.", "headers": headers}
    if endpoint.ranged:
        answers["206"] = {"description": "The range.", "headers": headers | _RANGE} | content
    return answers


def _json(schema: str) -> Json:
    return {"application/json": {"schema": schema_of(schema)}}


def _failures(endpoint: Endpoint, schema: Schema) -> Json:
    """What can go wrong: what the endpoint says, and what follows from the rest of its declaration."""
    implied = {
        (401, 403, 503): endpoint.scope != NOBODY,
        (404,): _names_in(endpoint.path),
        (412,): endpoint.revalidated,
        (413, 415, 422): endpoint.body,
        (416,): endpoint.ranged,
        (422,): _query(endpoint, schema),
    }
    statuses = {*_ALWAYS, *endpoint.failures, *chain.from_iterable(each for each, holds in implied.items() if holds)}
    error = {"headers": _REQUEST_ID, "content": _json("Error")}
    return {str(status): {"description": FAILURES[status]} | error for status in sorted(statuses)}
