"""The API's description, for programs and for people."""

from pathlib import Path

from flask import Blueprint, Response, request, send_from_directory

from churn_api.answers import respond, revalidated
from churn_api.http.authorization import ANY_KEY, NOBODY, wants
from churn_api.openapi.document import document
from churn_api.service import service

blueprint = Blueprint("docs", __name__)

PAGE = Path(__file__).parents[1] / "static" / "docs"


@blueprint.get("/openapi.json")
@wants(ANY_KEY)
def openapi() -> Response:
    return revalidated(request, respond(document(service().settings)))


@blueprint.get("/docs")
@wants(NOBODY)
def page() -> Response:
    return page_file("index.html")


@blueprint.get("/docs/<name>")
@wants(NOBODY)
def page_file(name: str) -> Response:
    response = send_from_directory(PAGE, name)
    response.headers["Cache-Control"] = "no-cache"
    return response
