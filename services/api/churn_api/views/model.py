"""The release in service, and all the others."""

from flask import Response, request

from churn_api.answers import ReleasesAnswer, respond, revalidated
from churn_api.http.endpoint import ANY_KEY, Endpoints, Json
from churn_api.limits.concurrency import Pace
from churn_api.predictions import model_info as info
from churn_api.releases.schema_info import SchemaAnswer, schema_info
from churn_api.service import service

endpoints = Endpoints("Model")

_FILES: Json = {"application/json": {}, "image/png": {}, "text/html": {}, "application/octet-stream": {}}


@endpoints.add("GET /model_info", ANY_KEY, answer=info.ModelInfo, revalidated=True)
def model_info() -> Response:
    """The release in service."""
    told = info.model_info(service().releases.serving, service().cache)
    state = told["version"], told["released_at"], *told["cache"].values()
    return revalidated(request, respond(told), state)


@endpoints.add("GET /schema", ANY_KEY, answer=SchemaAnswer, revalidated=True)
def schema() -> Response:
    """The customers of the release in service."""
    return revalidated(request, respond(schema_info(service().schema)))


@endpoints.add("GET /releases", ANY_KEY, pace=Pace.QUICK, answer=ReleasesAnswer)
def releases() -> Response:
    """All releases."""
    return respond(service().catalog.releases())


@endpoints.add("GET /releases/<version>/files/<path:name>", ANY_KEY, pace=Pace.BODIES, answer=_FILES)
def release_file(version: str, name: str) -> Response:
    """A file of a release."""
    data, content_type = service().catalog.file(version, name)
    response = Response(data, content_type=content_type)
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response
