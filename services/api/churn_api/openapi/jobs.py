"""The operations on jobs."""

from collections.abc import Sequence
from typing import Any

from churn.job_states import STATES
from churn_api.http.uploads import BODIES
from churn_api.jobs import ids
from churn_api.jobs.csv import preview
from churn_api.jobs.csv.result_files import ERROR_COLUMNS, FAULTS_OF_A_ROW, RESULT_COLUMNS, ROWS_IN_FULL
from churn_api.openapi.operations import CONDITIONS, REQUEST_ID, json_content, operation
from churn_api.openapi.schemas import reference

_TEXT: dict[str, Any] = {"type": "string"}
_MOMENT = {"type": "string", "format": "date-time"}
_MAYBE_MOMENT = {"type": ["string", "null"], "format": "date-time"}
_JOB_ID = {"name": "job_id", "in": "path", "required": True, "schema": _TEXT}
_EXAMPLE = (
    "customerID,gender,SeniorCitizen,Partner,Dependents,tenure,PhoneService,MultipleLines,InternetService,"
    "OnlineSecurity,OnlineBackup,DeviceProtection,TechSupport,StreamingTV,StreamingMovies,Contract,PaperlessBilling,"
    "PaymentMethod,MonthlyCharges,TotalCharges\n"
    "7590-VHVEG,Female,0,Yes,No,1,No,No phone service,DSL,No,Yes,No,No,No,No,Month-to-month,Yes,Electronic check,29.85,"
    "29.85\n"
)

_RESULTS = "assumed is the number of fields that were averaged, because the row did not tell them."
_ERRORS = (
    f"Of a row the first {FAULTS_OF_A_ROW} faults are listed, and where more than {ROWS_IN_FULL:,} neighbouring rows "
    "are refused, the first alone; the last message of a row says so."
)


def paths(most_megabytes: int) -> dict[str, Any]:
    return {
        "/jobs": {"post": _submit(most_megabytes), "get": _list()},
        "/jobs/check": {"post": _check()},
        "/jobs/{job_id}": {"get": _one("job", "A job and its progress", "Job"), "delete": _delete()},
        "/jobs/{job_id}/cancel": {
            "post": _one("cancelJob", "Cancel a job that runs", "Job", status=202, fails=(404, 409))
        },
        "/jobs/{job_id}/results": {
            "get": _file("jobResults", "The accepted rows' predictions, in input order", RESULT_COLUMNS, _RESULTS)
        },
        "/jobs/{job_id}/errors": {
            "get": _file("jobErrors", "The refused rows, a line for each fault", ERROR_COLUMNS, _ERRORS)
        },
    }


def schemas() -> dict[str, Any]:
    page = {
        "data": {"type": "array", "items": reference("Job")},
        "has_more": {"type": "boolean"},
        "last_id": {"type": ["string", "null"], "description": "What to give as `after` for the next page."},
    }
    return {
        "Job": _job(),
        "JobPage": {"type": "object", "required": list(page), "properties": page},
        "FileCheck": _file_check(),
    }


def _texts(description: str) -> dict[str, Any]:
    return {"type": "array", "items": _TEXT, "description": description}


def _file_check() -> dict[str, Any]:
    properties = {
        "ok": {"type": "boolean", "description": "Whether the file would be accepted, as far as its start tells."},
        "error": {"type": ["string", "null"], "description": "What is wrong, and what to do about it."},
        "errors": {"type": "array", "items": reference("FieldError")},
        "columns": _texts("The known columns that were found, in the file's order."),
        "ignored_columns": _texts("Columns of the file that no field has."),
        "absent_columns": _texts("Optional fields without a column."),
        "notes": _texts("What of the file was read kindly, in sentences."),
        "rows": {
            "type": ["integer", "null"],
            "minimum": 0,
            "description": "Estimated unless all was sent.",
        },
        "sample": {
            "type": "array",
            "maxItems": preview.SAMPLE_ROWS,
            "items": {"type": "object", "additionalProperties": _TEXT},
            "description": "The first rows, by the fields' names.",
        },
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _check() -> dict[str, Any]:
    size = {
        "name": "size",
        "in": "query",
        "description": "The file's whole size in bytes; without it, what is sent is the whole file.",
        "schema": {"type": "integer", "minimum": 0},
    }
    name = {"name": "name", "in": "query", "description": "The file's name.", "schema": _TEXT}
    start = {"type": "string", "format": "binary", "maxLength": preview.MAX_HEAD_BYTES}
    return operation(
        "Jobs",
        "checkFile",
        "Look at a file before it is sent",
        json_content("FileCheck"),
        description=f"The body is the first {preview.MAX_HEAD_BYTES >> 10} KiB of the file, or all of it. It is read "
        "as a job's file is; nothing is kept of it.",
        fails=(413, 415, 422),
        parameters=[size, name],
        requestBody={"required": True, "content": {"application/octet-stream": {"schema": start}}},
    )


def _job() -> dict[str, Any]:
    counts = {name: {"type": "integer", "minimum": 0} for name in ("total", "completed", "failed")}
    properties = {
        "id": _TEXT,
        "object": {"const": "job"},
        "status": {"enum": list(STATES)},
        "filename": {"type": ["string", "null"]},
        "created_at": _MOMENT,
        "started_at": _MAYBE_MOMENT,
        "finished_at": _MAYBE_MOMENT,
        "expires_at": _MOMENT,
        "request_counts": {
            "type": "object",
            "description": "Rows in all, scored and refused.",
            "required": list(counts),
            "properties": counts,
        },
        "model_version": {"type": "string", "description": "The release that scores all of the job."},
        "ignored_columns": _texts("Columns of the file that no field has."),
        "notes": _texts("What of the file was read kindly, in sentences."),
        "error": {"type": ["string", "null"]},
        "links": {"type": "object", "additionalProperties": _TEXT},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _submit(most_megabytes: int) -> dict[str, Any]:
    form = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "1 to 255 printable ASCII characters, an API key's own: the same key, content and options give "
        "the same job, as long as the job lives.",
        "schema": _TEXT | {"minLength": 1, "maxLength": 255},
    }
    submit = operation(
        "Jobs",
        "submitJob",
        f"Submit a CSV of up to {most_megabytes} MB",
        json_content("Job"),
        status=202,
        description="A header row with the fields' names in any order, matched without case, blanks and underscores; "
        "customerID and Churn may be there, other columns are ignored. Also read, and named in `notes`: semicolons or "
        "tabs with decimal commas, UTF-16, gzip, the first sheet of an Excel workbook (.xlsx), Parquet.",
        fails=(400, 409, 413, 415, 422, 503),
        parameters=[key],
        requestBody={
            "required": True,
            "content": {"multipart/form-data": {"schema": form}, "text/csv": {"schema": _TEXT, "example": _EXAMPLE}}
            | {kind: {"schema": {"type": "string", "format": "binary"}} for kind in BODIES if kind != "text/csv"},
        },
    )
    submit["responses"]["202"]["headers"] = REQUEST_ID | {
        "Location": {"description": "The job's address.", "schema": _TEXT},
        "Idempotent-Replayed": {"description": "`true` where the job was there already.", "schema": _TEXT},
    }
    return submit


def _list() -> dict[str, Any]:
    parameters = [
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}},
        {
            "name": "after",
            "in": "query",
            "description": "The id after which the page begins.",
            "schema": _TEXT | {"pattern": rf"^({ids.ID_PATTERN})?$"},
        },
    ]
    return operation(
        "Jobs", "jobs", "Jobs, newest first", json_content("JobPage"), fails=(422, 503), parameters=parameters
    )


def _one(name: str, summary: str, schema: str, *, status: int = 200, fails: tuple[int, ...] = (404,)) -> dict[str, Any]:
    return operation(
        "Jobs", name, summary, json_content(schema), status=status, fails=(*fails, 503), parameters=[_JOB_ID]
    )


def _delete() -> dict[str, Any]:
    return operation(
        "Jobs",
        "deleteJob",
        "Delete a finished job and its files",
        {},
        status=204,
        fails=(404, 409, 503),
        parameters=[_JOB_ID],
    )


def _flag(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": _TEXT | {"enum": ["0", "1"]}}


_FILE_HEADERS: dict[str, Any] = {
    "Content-Disposition": {"description": "The file's name, after the upload.", "schema": _TEXT},
    "ETag": {"description": "Names this content, which never changes.", "schema": _TEXT},
    "Accept-Ranges": {"description": "A download that broke off goes on from any byte.", "schema": {"const": "bytes"}},
}


def _file(name: str, summary: str, columns: Sequence[str], description: str) -> dict[str, Any]:
    content = {"text/csv": {"schema": _TEXT}}
    file = operation(
        "Jobs",
        name,
        summary,
        content,
        description=f"A CSV with the columns {', '.join(columns)}. {description} 409 until the job is finished.",
        fails=(404, 409, 412, 416, 422, 503),
        parameters=[
            _JOB_ID,
            _flag("raw", "1 leaves every id as it came; else an apostrophe is put before one that would run."),
            _flag("excel", "1 puts a byte order mark first, by which Excel knows UTF-8."),
            {"name": "Range", "in": "header", "description": "A single range of bytes.", "schema": _TEXT},
            {"name": "If-Range", "in": "header", "description": "The ETag of what is there already.", "schema": _TEXT},
            *CONDITIONS,
        ],
    )
    file["responses"]["200"]["headers"] = REQUEST_ID | _FILE_HEADERS
    part = {"Content-Range": {"description": "Which bytes of how many.", "schema": _TEXT}}
    file["responses"] |= {
        "206": {"description": "The range.", "headers": REQUEST_ID | _FILE_HEADERS | part, "content": content},
        "304": {"description": "The client has this content already.", "headers": REQUEST_ID | _FILE_HEADERS},
    }
    return file
