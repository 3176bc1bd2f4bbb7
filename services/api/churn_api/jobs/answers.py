"""A job as callers see it."""

from typing import Annotated, Literal, TypeAlias, TypedDict

from msgspec import Meta

from churn.job_states import STATES
from churn_api.jobs.job import Job as Record
from churn_api.jobs.job import Progress

Count: TypeAlias = Annotated[int, Meta(ge=0)]
Moment: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class RequestCounts(TypedDict):
    """Rows in all, scored and refused."""

    total: Count
    completed: Count
    failed: Count


class Job(TypedDict):
    """A job and its progress."""

    id: str
    object: Literal["job"]
    status: Annotated[str, Meta(extra_json_schema={"enum": list(STATES)})]
    filename: str | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    expires_at: Moment
    request_counts: RequestCounts
    model_version: Annotated[str, Meta(description="The release that scores all of the job.")]
    ignored_columns: Annotated[list[str], Meta(description="Columns of the file that no field has.")]
    notes: Annotated[list[str], Meta(description="What of the file was read kindly, in sentences.")]
    error: str | None
    links: dict[str, str]


class JobPage(TypedDict):
    """Some of the jobs, newest first."""

    data: list[Job]
    has_more: bool
    last_id: Annotated[str | None, Meta(description="What to give as `after` for the next page.")]


def public(job: Record, progress: Progress) -> Job:
    """The job as callers see it."""
    path = f"/jobs/{job.id}"
    return {
        "id": job.id,
        "object": "job",
        "status": job.status,
        "filename": job.filename,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "expires_at": job.expires_at,
        "request_counts": {"total": job.total, "completed": progress.completed, "failed": progress.failed},
        "model_version": job.model_version,
        "ignored_columns": list(job.ignored_columns),
        "notes": list(job.notes),
        "error": job.error,
        "links": {"self": path, **{name: f"{path}/{name}" for name in ("results", "errors", "cancel")}},
    }
