"""The site's pages, if no nginx is in front, at the same addresses as there, and the API's description."""

from functools import lru_cache
from pathlib import Path

from flask import Response, current_app, request, send_from_directory

from churn.schema import Schema
from churn_api.answers import encode, respond, revalidated
from churn_api.errors import NotFound
from churn_api.http.endpoint import ANY_KEY, NOBODY, TEXT, Endpoints, Json, declarations
from churn_api.openapi.document import document
from churn_api.service import service
from churn_api.settings import ApiSettings

endpoints = Endpoints("Documentation")

DOCS = Path(__file__).parents[1] / "static" / "docs"

_HTML: Json = {"text/html": {"schema": TEXT}}


@endpoints.add("GET /", NOBODY, answer=_HTML | {"application/json": {}}, revalidated=True)
def index() -> Response:
    """The site.

    Where the API is alone: what it is and where its parts are.
    """
    if service().settings.site_dir:
        return _site_file("index.html")
    return respond(
        {"name": "Churn prediction API", "documentation": "/docs", "openapi": "/openapi.json", "health": "/health"}
    )


@endpoints.add("GET /index.html", NOBODY, listed=False)
@endpoints.add("GET /favicon.ico", NOBODY, listed=False)
@endpoints.add("GET /robots.txt", NOBODY, listed=False)
@endpoints.add("GET /assets/<path:name>", NOBODY, listed=False)
def asset(name: str = "") -> Response:
    """A file of the site."""
    del name  # the whole path is the file's
    return _site_file(request.path.lstrip("/"))


@endpoints.add("GET /openapi.json", ANY_KEY, answer={"application/json": {}}, revalidated=True)
def openapi() -> Response:
    """This document."""
    return revalidated(
        request, Response(_description(service().settings, service().schema), content_type="application/json")
    )


@lru_cache(1)
def _description(settings: ApiSettings, schema: Schema) -> bytes:
    return encode(document(settings, declarations(current_app).values(), schema))


@endpoints.add("GET /docs", NOBODY, answer=_HTML, revalidated=True)
def docs() -> Response:
    """This document, for people."""
    return docs_file("index.html")


@endpoints.add("GET /docs/<name>", NOBODY, listed=False)
def docs_file(name: str) -> Response:
    """A file of the page that shows this document."""
    return _file(DOCS, name)


def _site_file(path: str) -> Response:
    """Raises NotFound where there is no such file, or no site."""
    folder = service().settings.site_dir
    if folder is None:
        raise NotFound("There is nothing at this address; /docs lists what there is.")
    return _file(folder.absolute(), path)


def _file(folder: Path, path: str) -> Response:
    response = send_from_directory(folder, path)
    response.headers["Cache-Control"] = "no-cache"
    return response
