"""The site's own files, where no nginx stands in front: the same addresses as there."""

from flask import Blueprint, Response, request, send_from_directory

from churn_api.answers import respond
from churn_api.errors import NotFound
from churn_api.http.authorization import NOBODY, wants
from churn_api.service import service

blueprint = Blueprint("site", __name__)


@blueprint.get("/")
@wants(NOBODY)
def index() -> Response:
    """The site's page, or where the API lives alone, what it is and where its parts are."""
    if service().settings.site_dir:
        return page_file("index.html")
    return respond(
        {"name": "Churn prediction API", "documentation": "/docs", "openapi": "/openapi.json", "health": "/health"}
    )


@blueprint.get("/index.html")
@blueprint.get("/favicon.ico")
@blueprint.get("/robots.txt")
@blueprint.get("/assets/<path:name>")
@wants(NOBODY)
def asset(name: str = "") -> Response:
    del name  # the whole path is the file's
    return page_file(request.path.lstrip("/"))


def page_file(path: str) -> Response:
    """A file of the site. Raises NotFound where there is none, or no site."""
    folder = service().settings.site_dir
    if folder is None:
        raise NotFound("There is nothing at this address; /docs lists what there is.")
    response = send_from_directory(folder.absolute(), path)
    response.headers["Cache-Control"] = "no-cache"
    return response
