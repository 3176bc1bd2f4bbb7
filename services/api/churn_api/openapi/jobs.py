"""The operations on jobs."""

from typing import Any

from churn_api.jobs import keys
from churn_api.jobs.record import STATES
from churn_api.openapi.operations import REQUEST_ID, json_content, operation
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


def paths(most_megabytes: int) -> dict[str, Any]:
    return {
        "/jobs": {"post": _submit(most_megabytes), "get": _list()},
        "/jobs/{job_id}": {"get": _one("job", "A job and its progress", "Job"), "delete": _delete()},
        "/jobs/{job_id}/cancel": {
            "post": _one("cancelJob", "Cancel a job that runs", "Job", status=202, fails=(404, 409))
        },
        "/jobs/{job_id}/results": {"get": _file("jobResults", "The accepted rows' predictions, in input order")},
        "/jobs/{job_id}/errors": {"get": _file("jobErrors", "The refused rows, a line for each fault")},
    }


def schemas() -> dict[str, Any]:
    page = {
        "data": {"type": "array", "items": reference("Job")},
        "has_more": {"type": "boolean"},
        "last_id": {"type": ["string", "null"], "description": "What to give as `after` for the next page."},
    }
    return {"Job": _job(), "JobPage": {"type": "object", "required": list(page), "properties": page}}


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
        description="A header row with all nineteen field names in any order; customerID and Churn may be there.",
        fails=(400, 409, 413, 415, 422, 503),
        parameters=[key],
        requestBody={
            "required": True,
            "content": {"multipart/form-data": {"schema": form}, "text/csv": {"schema": _TEXT, "example": _EXAMPLE}},
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
            "schema": _TEXT | {"pattern": rf"^({keys.ID_PATTERN})?$"},
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


def _file(name: str, summary: str) -> dict[str, Any]:
    content = {"text/csv": {"schema": _TEXT}}
    return operation(
        "Jobs",
        name,
        summary,
        content,
        description="409 until it is finished.",
        fails=(404, 409, 503),
        parameters=[_JOB_ID],
    )
