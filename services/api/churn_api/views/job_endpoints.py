"""What the addresses of all kinds of jobs have in common: parameters, the file that is sent, and the files to fetch."""

from typing import Any

from flask import Response, request

from churn.customer.reading import echo
from churn.errors import FieldError, ValidationError
from churn.tables.row_schema import RowSchema
from churn_api.answers import respond
from churn_api.http.endpoint import TEXT, Json, described
from churn_api.http.uploads import BODIES, FIELD, read_head
from churn_api.jobs import ids
from churn_api.jobs.acceptance import MAX_KEY_LENGTH, Accepted
from churn_api.jobs.csv.preview import MAX_HEAD_BYTES, FileCheck, look_at
from churn_api.jobs.csv.result_files import ERROR_COLUMNS, FAULTS_OF_A_ROW, ROWS_IN_FULL
from churn_api.limits.concurrency import Pace
from churn_api.service import service
from churn_api.stored_file import StoredFile
from churn_api.views import downloads

DEFAULT_LIMIT, MAX_LIMIT = 20, 100

_FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}

BINARY: Json = {"type": "string", "format": "binary"}
_LIMIT: Json = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
_FLAG: Json = TEXT | {"enum": [*_FLAGS]}
_SIZE = described("The file's whole size in bytes, unless all of it is sent.", {"type": "integer", "minimum": 0})


def upload(example: str) -> Json:
    """The body of a table that is sent, by media type; `example` is one as CSV."""
    return {
        **{kind: {"schema": BINARY} for kind in BODIES},
        "multipart/form-data": {"schema": {"type": "object", "required": [FIELD], "properties": {FIELD: BINARY}}},
        "text/csv": {"schema": TEXT, "example": example},
    }


KINDS_OF_FILES = (
    "Also read, and named in `notes`: semicolons or tabs with decimal commas, UTF-16, gzip, the first sheet of an "
    "Excel workbook (.xlsx), Parquet."
)

SUBMITTED: dict[str, Any] = {
    "pace": Pace.BODIES,
    "request_headers": {
        "Idempotency-Key": described(
            f"1 to {MAX_KEY_LENGTH} printable ASCII characters, an API key's own: the same key, content and options "
            "give the same job, as long as the job lives.",
            TEXT | {"minLength": 1, "maxLength": MAX_KEY_LENGTH},
        )
    },
    "status": 202,
    "headers": {
        "Location": described("The job's address."),
        "Idempotent-Replayed": described("`true` where the job was there already."),
    },
    "failures": (409,),
}
"""What the endpoints that accept a table have in common."""

LOOKED_AT: dict[str, Any] = {
    "pace": Pace.BODIES,
    "description": f"The body is the first {MAX_HEAD_BYTES >> 10} KiB of the file, or all of it. It is read as the "
    "file is once it is sent; nothing is kept of it.",
    "query": {"size": _SIZE, "name": described("The file's name.")},
    "body": {"application/octet-stream": {"schema": BINARY | {"maxLength": MAX_HEAD_BYTES}}},
    "most_bytes": MAX_HEAD_BYTES,
    "answer": FileCheck,
}
"""What the endpoints that look at the start of a table have in common."""

FILE: dict[str, Any] = {
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
"""What the endpoints of a job's files have in common."""

ERRORS = (
    f"A CSV with the columns {', '.join(ERROR_COLUMNS)}. Of a row the first {FAULTS_OF_A_ROW} faults are listed, and "
    f"where more than {ROWS_IN_FULL:,} neighbouring rows are refused, the first alone; the last message of a row says "
    "so. 409 until the job is finished."
)


def page(kind: ids.Kind, what: str) -> Json:
    """The query of a list of the jobs of a kind, which callers know as `what`."""
    return {
        "limit": described(f"The most {what} of the page.", _LIMIT),
        "after": described("The id after which the page begins.", TEXT | {"pattern": rf"^({ids.pattern(kind)})?$"}),
    }


def accepted(taken: Accepted, shown: Any) -> Response:
    """The answer to what was accepted, or had been before."""
    response = respond(shown, 202)
    response.headers["Location"] = shown["links"]["self"]
    if taken.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def look(schema: RowSchema) -> Response:
    """What submitting the file would say, of which the request has the start."""
    head, size = read_head(request, MAX_HEAD_BYTES)
    return respond(look_at(schema, head, size, service().settings.max_upload_mb))


def limit() -> int:
    """How many jobs a page is to have. Raises ValidationError."""
    wanted = request.args.get("limit", str(DEFAULT_LIMIT))
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= len(str(MAX_LIMIT)) and 1 <= int(wanted) <= MAX_LIMIT:
        return int(wanted)
    message = f"limit must be a whole number from 1 to {MAX_LIMIT}."
    raise ValidationError([FieldError("limit", "out_of_range", message)])


def after(kind: ids.Kind, what: str) -> str | None:
    """The id after which the page begins, of this kind. Raises ValidationError."""
    wanted = request.args.get("after")
    if wanted and not (ids.is_id(wanted) and ids.kind_of(wanted) == kind):
        message = f"after must be the id of {what}, such as last_id."
        raise ValidationError([FieldError("after", "not_allowed", message)])
    return wanted or None


def is_raw() -> bool:
    """Whether ids are wanted as they came. Raises ValidationError."""
    return flag("raw")


def send(file: StoredFile, owner_id: str, kind: str) -> Response:
    """A file of this kind, of the job or the campaign with this id. Raises ValidationError and ConditionFailed."""
    return downloads.send(request, file, downloads.file_name(file.title, owner_id, kind), excel=flag("excel"))


def flag(name: str) -> bool:
    """Whether a parameter is 1 rather than 0, which it is where it is absent. Raises ValidationError."""
    given = request.args.get(name, "0").lower()
    if given in _FLAGS:
        return _FLAGS[given]
    raise ValidationError([FieldError(name, "not_allowed", f"{name} must be 1 or 0; got {echo(given)}.")])
