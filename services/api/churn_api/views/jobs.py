"""/jobs: submit, list, look, cancel, delete, and fetch results and errors."""

from datetime import UTC, datetime
from typing import Any, Literal

from flask import Response, g, request

from churn.customer.reading import echo
from churn.errors import FieldError, ValidationError
from churn.schema import Schema
from churn_api.answers import respond
from churn_api.auth.api_keys import JOBS
from churn_api.http.endpoint import TEXT, Endpoints, Json, described
from churn_api.http.uploads import BODIES, FIELD, read_head, read_upload
from churn_api.jobs import ids
from churn_api.jobs.answers import Job, JobPage
from churn_api.jobs.csv.preview import MAX_HEAD_BYTES, FileCheck, look_at
from churn_api.jobs.csv.result_files import ERROR_COLUMNS, FAULTS_OF_A_ROW, RESULT_COLUMNS, ROWS_IN_FULL
from churn_api.jobs.options import JobOptions
from churn_api.jobs.submission import MAX_KEY_LENGTH
from churn_api.limits.concurrency import Pace
from churn_api.openapi import examples
from churn_api.service import service
from churn_api.views import downloads

endpoints = Endpoints("Jobs")

DEFAULT_LIMIT, MAX_LIMIT = 20, 100

_FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}

_BINARY: Json = {"type": "string", "format": "binary"}


def _upload(schema: Schema) -> Json:
    return {
        **{kind: {"schema": _BINARY} for kind in BODIES},
        "multipart/form-data": {"schema": {"type": "object", "required": [FIELD], "properties": {FIELD: _BINARY}}},
        "text/csv": {"schema": TEXT, "example": examples.table(schema)},
    }


_START: Json = {"application/octet-stream": {"schema": _BINARY | {"maxLength": MAX_HEAD_BYTES}}}
_KEY = described(
    f"1 to {MAX_KEY_LENGTH} printable ASCII characters, an API key's own: the same key, content and options give the "
    "same job, as long as the job lives.",
    TEXT | {"minLength": 1, "maxLength": MAX_KEY_LENGTH},
)
_SIZE = described("The file's whole size in bytes, unless all of it is sent.", {"type": "integer", "minimum": 0})
_LIMIT: Json = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
_FLAG: Json = TEXT | {"enum": ["0", "1"]}


@endpoints.add(
    "POST /jobs",
    JOBS,
    pace=Pace.BODIES,
    description="A header row with the fields' names in any order, matched without case, blanks and underscores; "
    "the id and the outcome may be there, other columns are ignored and named in `ignored_columns`. Also read, and "
    "named in `notes`: semicolons or tabs with decimal commas, UTF-16, gzip, the first sheet of an Excel workbook "
    "(.xlsx), Parquet.",
    request_headers={"Idempotency-Key": _KEY},
    query=JobOptions,
    body=_upload,
    answer=Job,
    status=202,
    headers={
        "Location": described("The job's address."),
        "Idempotent-Replayed": described("`true` where the job was there already."),
    },
    failures=(409,),
)
def submit_job() -> Response:
    """Submit a CSV of up to {settings.max_upload_mb} MB."""
    release = service().releases.serving.release
    query = request.args.to_dict(flat=False)
    options = JobOptions.from_query(query)
    settings = service().settings
    options.check(datetime.now(UTC).date(), settings.tracking_days if settings.tracking == "on" else None)
    upload = read_upload(request, settings.max_upload_mb)
    job, replayed = service().submissions.accept(
        upload.blocks,
        upload.filename,
        request.headers.get("Idempotency-Key"),
        release.version,
        release.schema,
        caller=g.get("api_key_name"),
        options=options,
        query=query,
    )
    response = respond(service().jobs.show(job), 202)
    response.headers["Location"] = f"/jobs/{job.id}"
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


@endpoints.add(
    "POST /jobs/check",
    JOBS,
    pace=Pace.BODIES,
    description=f"The body is the first {MAX_HEAD_BYTES >> 10} KiB of the file, or all of it. It is read as a job's "
    "file is; nothing is kept of it.",
    query={"size": _SIZE, "name": described("The file's name.")},
    body=_START,
    most_bytes=MAX_HEAD_BYTES,
    answer=FileCheck,
)
def check_file() -> Response:
    """Look at a file before it is sent."""
    head, size = read_head(request, MAX_HEAD_BYTES)
    return respond(look_at(service().schema, head, size, service().settings.max_upload_mb))


@endpoints.add(
    "GET /jobs",
    JOBS,
    pace=Pace.QUICK,
    query={
        "limit": described("The most jobs of the page.", _LIMIT),
        "after": described("The id after which the page begins.", TEXT | {"pattern": rf"^({ids.ID_PATTERN})?$"}),
    },
    answer=JobPage,
)
def jobs() -> Response:
    """Jobs, newest first."""
    return respond(service().jobs.page(_limit(), _after()))


@endpoints.add("GET /jobs/<job_id>", JOBS, pace=Pace.QUICK, answer=Job)
def job(job_id: str) -> Response:
    """A job and its progress."""
    return respond(service().jobs.get(job_id))


@endpoints.add("POST /jobs/<job_id>/cancel", JOBS, pace=Pace.QUICK, answer=Job, status=202, failures=(409,))
def cancel_job(job_id: str) -> Response:
    """Cancel a job that runs."""
    return respond(service().jobs.cancel(job_id), 202)


@endpoints.add("DELETE /jobs/<job_id>", JOBS, pace=Pace.QUICK, status=204, failures=(409,))
def delete_job(job_id: str) -> Response:
    """Delete a finished job and its files."""
    service().jobs.delete(job_id)
    return Response(status=204)


_FILE: dict[str, Any] = {
    "pace": Pace.BODIES,
    "query": {
        "raw": described("1 leaves every id as it came; else an apostrophe is put before one that would run.", _FLAG),
        "excel": described("1 puts a byte order mark first, by which Excel knows UTF-8.", _FLAG),
    },
    "answer": {"text/csv": {"schema": TEXT}},
    "headers": {"Content-Disposition": described("The file's name, after the upload.")},
    "revalidated": True,
    "ranged": True,
    "failures": (409,),
}
"""What the endpoints of a job's two files have in common."""


@endpoints.add(
    "GET /jobs/<job_id>/results",
    JOBS,
    description=f"A CSV with the columns {', '.join(RESULT_COLUMNS)}, unless the job's options say otherwise. assumed "
    "is the number of fields that were averaged, because the row did not tell them. 409 until the job is finished.",
    **_FILE,
)
def job_results(job_id: str) -> Response:
    """The accepted rows' predictions, in input order."""
    return _download(job_id, "results")


@endpoints.add(
    "GET /jobs/<job_id>/errors",
    JOBS,
    description=f"A CSV with the columns {', '.join(ERROR_COLUMNS)}. Of a row the first {FAULTS_OF_A_ROW} faults are "
    f"listed, and where more than {ROWS_IN_FULL:,} neighbouring rows are refused, the first alone; the last message of "
    "a row says so. 409 until the job is finished.",
    **_FILE,
)
def job_errors(job_id: str) -> Response:
    """The refused rows, a line for each fault."""
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
