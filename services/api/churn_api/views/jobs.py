"""/jobs: submit, list, look, cancel, delete, and fetch results and errors."""

import zlib
from collections.abc import Iterator
from typing import Literal

from flask import Blueprint, Response, g, request

from churn.errors import FieldError, ValidationError
from churn_api.answers import respond
from churn_api.jobs import keys
from churn_api.service import service
from churn_api.uploads import read_upload

blueprint = Blueprint("jobs", __name__)

DEFAULT_LIMIT, MAX_LIMIT = 20, 100

# gzip's own header and trailer around the deflated bytes; the lowest level is a third of the work for nine tenths of
# the gain.
_GZIP, _LEVEL = 31, 1


@blueprint.post("/jobs")
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
    response = respond(service().desk.show(job), 202)
    response.headers["Location"] = f"/jobs/{job.id}"
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


@blueprint.get("/jobs")
def listing() -> Response:
    return respond(service().desk.page(_limit(), _after()))


@blueprint.get("/jobs/<job_id>")
def show(job_id: str) -> Response:
    return respond(service().desk.get(job_id))


@blueprint.post("/jobs/<job_id>/cancel")
def cancel(job_id: str) -> Response:
    return respond(service().desk.cancel(job_id), 202)


@blueprint.delete("/jobs/<job_id>")
def delete(job_id: str) -> Response:
    service().desk.delete(job_id)
    return Response(status=204)


@blueprint.get("/jobs/<job_id>/results")
def results(job_id: str) -> Response:
    return _download(job_id, "results")


@blueprint.get("/jobs/<job_id>/errors")
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
    if wanted and not keys.is_id(wanted):
        raise ValidationError([FieldError("after", "not_allowed", "after must be the id of a job, such as last_id.")])
    return wanted or None


def _download(job_id: str, kind: Literal["results", "errors"]) -> Response:
    name, size, pieces = service().desk.download(job_id, kind)
    packed = request.accept_encodings["gzip"] > 0
    response = Response(_gzipped(pieces) if packed else pieces, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    else:
        response.headers["Content-Length"] = str(size)
    return response


def _gzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
