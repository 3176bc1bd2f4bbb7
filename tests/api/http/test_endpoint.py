"""Endpoints as they are declared."""

import importlib
from pkgutil import iter_modules
from typing import Annotated, Any

import pytest
from flask import Flask, Response
from msgspec import Meta, Struct
from tests.telco import TELCO

from churn_api import views
from churn_api.app import ENDPOINTS
from churn_api.auth.api_keys import ADMIN
from churn_api.http.endpoint import (
    ANY_KEY,
    NOBODY,
    TEXT,
    Endpoint,
    Endpoints,
    declarations,
    described,
    install,
)
from churn_api.openapi.operations import operation
from churn_api.settings import ApiSettings

SETTINGS = ApiSettings(store_url="file:///store")


def documented() -> Response:
    """What it is for."""
    return Response()


def undocumented() -> Response:
    return Response()


@pytest.mark.parametrize(
    ("tag", "scope", "view", "fault"),
    [
        ("Health", "everybody", documented, "no scope"),
        ("Health", "", documented, "no scope"),
        ("Health", NOBODY, undocumented, "not documented"),
        ("Weather", NOBODY, documented, "not documented"),
    ],
    ids=["another scope", "an empty scope", "no docstring", "another section"],
)
def test_a_declaration_without_scope_or_documentation_stops_the_start(
    tag: str, scope: str, view: Any, fault: str
) -> None:
    with pytest.raises(ValueError, match=f"^/weather .*{fault}"):
        Endpoints(tag).add("GET /weather", scope)(view)


def test_a_scope_cannot_be_left_out() -> None:
    with pytest.raises(TypeError, match="scope"):
        Endpoints("Health").add("GET /weather")  # type: ignore[call-arg]


def test_the_endpoints_of_every_module_of_views_are_answered() -> None:
    modules = [importlib.import_module(f"{views.__name__}.{found.name}") for found in iter_modules(views.__path__)]
    declared = [endpoint for module in modules for endpoint in getattr(module, "endpoints", ())]
    assert sorted(id(endpoint) for endpoint in declared) == sorted(id(endpoint) for endpoint in ENDPOINTS)


def test_each_declaration_of_a_view_keeps_its_own_scope() -> None:
    endpoints, app = Endpoints("Health"), Flask("several", static_folder=None)
    endpoints.add("GET /open", NOBODY)(endpoints.add("GET /closed", ADMIN)(documented))
    install(app, endpoints)
    scopes = {declared.path: declared.scope for declared in declarations(app).values()}
    assert scopes == {"/open": NOBODY, "/closed": ADMIN}


@pytest.mark.parametrize("path", sorted({endpoint.path for endpoint in ENDPOINTS if "<" not in endpoint.path}))
def test_an_address_allows_what_is_declared_for_it_and_not_what_the_one_beside_it_does(path: str) -> None:
    app = Flask("all", static_folder=None)
    install(app, ENDPOINTS)
    methods = {endpoint.method for endpoint in ENDPOINTS if endpoint.path == path}
    allowed = app.url_map.bind("").allowed_methods(path)
    assert set(allowed) == methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())


def test_a_name_may_begin_with_a_word_that_is_an_address() -> None:
    app = Flask("all", static_folder=None)
    install(app, ENDPOINTS)
    assert app.url_map.bind("").match("/jobs/checked", "GET") == ("GET /jobs/<job_id>", {"job_id": "checked"})


def test_no_two_endpoints_are_the_same_operation() -> None:
    listed = [endpoint.view.__name__ for endpoint in ENDPOINTS if endpoint.listed]
    assert len(set(listed)) == len(listed)


def responses(path: str, scope: str = ANY_KEY, **declared: Any) -> set[str]:
    """The statuses in the documentation of an endpoint, beside those that every request may get."""
    told = operation(Endpoint("POST", path, scope, "Health", documented, **declared), SETTINGS, TELCO)
    return set(told["responses"]) - {"400", "408", "414", "429", "431", "500"}


@pytest.mark.parametrize(
    ("declared", "implied"),
    [
        ({"path": "/a", "scope": NOBODY}, set()),
        ({"path": "/a"}, {"401", "403", "503"}),
        ({"path": "/a/<name>", "scope": NOBODY}, {"404"}),
        ({"path": "/a", "scope": NOBODY, "body": {"text/csv": {}}}, {"413", "415", "422"}),
        ({"path": "/a", "scope": NOBODY, "query": {"name": described("A name.")}}, {"422"}),
        ({"path": "/a", "scope": NOBODY, "revalidated": True}, {"304", "412"}),
        ({"path": "/a", "scope": NOBODY, "ranged": True}, {"206", "416"}),
        ({"path": "/a", "scope": NOBODY, "failures": (409,)}, {"409"}),
    ],
    ids=["nothing", "a key", "a name", "a body", "a query", "an ETag", "ranges", "its own"],
)
def test_what_can_go_wrong_follows_from_the_declaration(declared: dict[str, Any], implied: set[str]) -> None:
    assert responses(**declared) == {"200", *implied}


class Weather(Struct):
    """A query."""

    days: Annotated[int, Meta(ge=1, le=9, description="How far ahead.")] = 3


def test_a_query_that_a_struct_reads_is_documented_by_it() -> None:
    endpoint = Endpoint("GET", "/weather/<town>", NOBODY, "Health", documented, query=Weather)
    told = operation(endpoint, SETTINGS, TELCO)
    schema = {"type": "integer", "minimum": 1, "maximum": 9, "default": 3}
    assert told["parameters"] == [
        {"name": "town", "in": "path", "required": True, "schema": TEXT},
        {"name": "days", "in": "query", "description": "How far ahead.", "schema": schema},
    ]
