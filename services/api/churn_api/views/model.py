"""The release in service, and all the others."""

from flask import Blueprint, Response, request

from churn_api.answers import respond, revalidated
from churn_api.http.authorization import ANY_KEY, wants
from churn_api.limits.concurrency import Pace
from churn_api.predictions.model_info import model_info
from churn_api.service import service

blueprint = Blueprint("model", __name__)


@blueprint.get("/model_info")
@wants(ANY_KEY)
def info() -> Response:
    told = model_info(service().releases.serving, service().cache)
    state = told["version"], told["released_at"], *told["cache"].values()
    return revalidated(request, respond(told), state)


@blueprint.get("/releases")
@wants(ANY_KEY, Pace.QUICK)
def releases() -> Response:
    return respond(service().catalog.releases())


@blueprint.get("/releases/<version>/files/<path:name>")
@wants(ANY_KEY, Pace.BODIES)
def release_file(version: str, name: str) -> Response:
    data, content_type = service().catalog.file(version, name)
    response = Response(data, content_type=content_type)
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response
