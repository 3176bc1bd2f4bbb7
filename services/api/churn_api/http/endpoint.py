"""An endpoint, declared once, at its view: its route, who may call it, what it waits for, and its documentation."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, TypeAlias, TypeVar, cast

from flask import Flask
from werkzeug.routing import BaseConverter

from churn.errors import ConfigurationError
from churn.schema import Schema
from churn_api.auth.api_keys import SCOPES
from churn_api.limits.concurrency import Pace

View = TypeVar("View", bound=Callable[..., Any])
Json: TypeAlias = dict[str, Any]

Described: TypeAlias = Callable[[Schema], Json]
"""A part of a declaration that depends on the schema of the release in service."""

NOBODY, ANY_KEY = "nobody", "any"
"""Beside the scopes: what needs no key, and what is open to every key."""

TAGS = {
    "Predictions": "One customer, or up to a thousand at once.",
    "Jobs": "Any number of customers, as a CSV that is scored in the background.",
    "Customers": "What is held of a customer, and its erasure.",
    "Outcomes": "What became of customers, from which the quality of predictions is known.",
    "Campaigns": "Whom to contact with which offer under a budget, and what came of it.",
    "Alerts": "Who has come to be at risk: rules, and digests after each job.",
    "Overview": "What there is to see at a glance.",
    "Experiments": "A release in shadow, the verdict on it, and its promotion.",
    "Model": "The release in service and those before it.",
    "Health": "For load balancers, monitoring and people.",
    "Documentation": "This document.",
}
"""The sections of the documentation, in their order."""

TEXT: Json = {"type": "string"}

_DECLARED = "churn_endpoints"


@dataclass(frozen=True)
class Endpoint:
    """What is called for under one method and path.

    What follows from a declaration is not declared again: that an address with a name in it may be a 404, a body a
    413, 415 or 422, a parameter of the query a 422, and what can happen to every request.
    """

    method: str
    path: str
    """As Flask writes it."""
    scope: str
    """Of SCOPES the one that the caller's key needs, or NOBODY or ANY_KEY."""
    tag: str
    """Of TAGS."""
    view: Callable[..., Any]
    """Its name is the operation's, and the first line of its docstring the summary."""
    _: KW_ONLY
    description: str = ""
    pace: Pace | None = None
    """What it waits for, where that is the store."""
    query: Json | type | Described = field(default_factory=dict)
    """What is read from it: a struct, or by name, as `described`."""
    request_headers: Json = field(default_factory=dict)
    """The headers of a request that count, by name, as `described`."""
    body: Json | Described | None = None
    """What is sent, by media type, as OpenAPI has it."""
    most_bytes: int | None = None
    """Of the body, where that is no setting."""
    answer: Any = None
    """The type whose JSON is answered, or else, by media type, as OpenAPI has it; None for an empty answer."""
    status: int = 200
    goes_on: type | None = None
    """The type of the answer with 202, where what was asked for may go on after the answer."""
    headers: Json = field(default_factory=dict)
    """Those of the answer, by name, as `described`."""
    revalidated: bool = False
    """Whether callers can ask if what they have is still what is there, by its ETag."""
    ranged: bool = False
    """Whether callers can ask for a range of its bytes."""
    failures: tuple[int, ...] = ()
    """Statuses beside those that follow."""
    listed: bool = True
    """False for the files of a page, which the documentation leaves out."""

    def __post_init__(self) -> None:
        if self.scope not in {NOBODY, ANY_KEY, *SCOPES}:
            raise ValueError(f"{self.path} declares {self.scope!r}, which is no scope.")
        if self.tag not in TAGS or not self.view.__doc__:
            raise ValueError(f"{self.path} is not documented; say in its view's docstring what it is for.")


class Endpoints(list[Endpoint]):
    """The endpoints of a module, of one section of the documentation."""

    def __init__(self, tag: str) -> None:
        super().__init__()
        self._tag = tag

    def add(self, call: str, scope: str, **others: Any) -> Callable[[View], View]:
        """Declare the endpoint of the view below.

        `call` is a method and a path, as in GET /jobs/<job_id>, and `others` are further fields of Endpoint.
        """
        method, _, path = call.partition(" ")

        def declare(view: View) -> View:
            self.append(Endpoint(method, path, scope, self._tag, view, **others))
            return view

        return declare


def install(app: Flask, endpoints: Sequence[Endpoint]) -> None:
    """Route requests to the endpoints' views.

    A word that an address has where another has a name is no such name: GET /jobs/check would look for a job, and
    POST /jobs/check be said to allow what a job does.
    """
    words = _words_beside_names([endpoint.path for endpoint in endpoints])

    class Name(BaseConverter):
        part_isolating = True
        regex = rf"(?!(?:{'|'.join(map(re.escape, words))})\Z)[^/]+"

    app.url_map.converters["default"] = Name
    declared = app.extensions.setdefault(_DECLARED, {})
    for endpoint in endpoints:
        name = f"{endpoint.method} {endpoint.path}"
        app.add_url_rule(endpoint.path, name, endpoint.view, methods=[endpoint.method])
        declared[name] = endpoint


def _words_beside_names(paths: Iterable[str]) -> list[str]:
    """The words at the end of addresses, where others have a name of Flask's default kind."""
    split = {tuple(path.rpartition("/")[::2]) for path in paths}
    beside = {parent for parent, last in split if re.fullmatch(r"<\w+>", last)}
    return sorted(last for parent, last in split if parent in beside and "<" not in last)


def declarations(app: Flask) -> Mapping[str, Endpoint]:
    """The endpoints of `app`, also those that are installed later, by the names under which Flask knows them.

    Raises ConfigurationError for an address without a declaration, which would be open to everybody by mistake.
    """
    declared = cast("Mapping[str, Endpoint]", app.extensions[_DECLARED])
    silent = sorted(rule.rule for rule in app.url_map.iter_rules() if rule.endpoint not in declared)
    if silent:
        raise ConfigurationError([f"{', '.join(silent)} declares no scope; say at its view what it wants of a key."])
    return declared


def described(description: str, schema: Json = TEXT) -> Json:
    """A parameter or a header, as OpenAPI has it."""
    return {"description": description, "schema": schema}


def schema_of(name: str) -> Json:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}
