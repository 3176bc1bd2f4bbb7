"""/jobs: submit, list, look, cancel, delete, and fetch results and errors."""

from typing import Literal

from flask import Blueprint, Response, g, request

from churn.customer.reading import echo
from churn.errors import FieldError, ValidationError
from churn_api.answers import respond
from churn_api.auth.api_keys import JOBS
from churn_api.http.authorization import wants
from churn_api.http.uploads import read_head, read_upload
from churn_api.jobs import ids
from churn_api.jobs.csv import preview
from churn_api.limits.concurrency import Pace
from churn_api.service import service
from churn_api.views import downloads

blueprint = Blueprint("jobs", __name__)

DEFAULT_LIMIT, MAX_LIMIT = 20, 100

_FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


@blueprint.post("/jobs")
@wants(JOBS, Pace.BODIES)
def submit() -> Response:
    version = service().releases.serving.manifest.version
    upload = read_upload(request, service().settings.max_upload_mb)
    job, replayed = service().submissions.accept(
        upload.blocks,
        upload.filename,
        request.headers.get("Idempotency-Key"),
        version,
        caller=g.get("api_key_name"),
        options=request.args.to_dict(flat=False),
    )
    response = respond(service().jobs.show(job), 202)
    response.headers["Location"] = f"/jobs/{job.id}"
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


@blueprint.post("/jobs/check")
@wants(JOBS, Pace.BODIES)
def check() -> Response:
    """A look at a file before all of it is sent, by the rules that will be its own."""
    head, size = read_head(request, preview.MAX_HEAD_BYTES)
    return respond(preview.look_at(head, size, service().settings.max_upload_mb))


@blueprint.get("/jobs")
@wants(JOBS, Pace.QUICK)
def listing() -> Response:
    return respond(service().jobs.page(_limit(), _after()))


@blueprint.get("/jobs/<job_id>")
@wants(JOBS, Pace.QUICK)
def show(job_id: str) -> Response:
    return respond(service().jobs.get(job_id))


@blueprint.post("/jobs/<job_id>/cancel")
@wants(JOBS, Pace.QUICK)
def cancel(job_id: str) -> Response:
    return respond(service().jobs.cancel(job_id), 202)


@blueprint.delete("/jobs/<job_id>")
@wants(JOBS, Pace.QUICK)
def delete(job_id: str) -> Response:
    service().jobs.delete(job_id)
    return Response(status=204)


@blueprint.get("/jobs/<job_id>/results")
@wants(JOBS, Pace.BODIES)
def results(job_id: str) -> Response:
    return _download(job_id, "results")


@blueprint.get("/jobs/<job_id>/errors")
@wants(JOBS, Pace.BODIES)
def errors(job_id: str) -> Response:
    return _download(job_id, "errors")


def _limit() -> int:
    wanted = request.args.get("limit", str(DEFAULT_LIMIT))
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= len(str(MAX_LIMIT)) and 1 <= int(wanted) <= MAX_LIMIT:
        return int(wanted)
    message = f"limit must be a whole number from 1 to {MAX_LIMIT}."
    raise ValidationError([FieldError("limit", "out_of_range", message)])


def _after() -> str | None:
    wanted = request.args.get("after")
    if wanted and not ids.is_id(wanted):
        raise ValidationError([FieldError("after", "not_allowed", "after must be the id of a job, such as last_id.")])
    return wanted or None


def _download(job_id: str, kind: Literal["results", "errors"]) -> Response:
    raw, excel = _flag("raw"), _flag("excel")
    download = service().jobs.download(job_id, kind, raw=raw)
    name = downloads.file_name(download.job.filename, job_id, kind)
    return downloads.send(request, download, name, excel=excel)


def _flag(name: str) -> bool:
    given = request.args.get(name, "0").lower()
    if given in _FLAGS:
        return _FLAGS[given]
    raise ValidationError([FieldError(name, "not_allowed", f"{name} must be 1 or 0; got {echo(given)}.")])
