"""A job as callers see it."""

from typing import Annotated, Generic, Literal, TypeAlias, TypedDict, TypeVar

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


class Outcomes(TypedDict):
    """Outcomes that came in at once, and how far they have been taken in; what is taken in stays when this expires."""

    id: str
    object: Literal["outcomes"]
    status: Annotated[str, Meta(extra_json_schema={"enum": list(STATES)})]
    filename: str | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    expires_at: Moment
    request_counts: Annotated[RequestCounts, Meta(description="Rows in all, taken in and refused.")]
    ignored_columns: Annotated[list[str], Meta(description="Columns of the file that no field has.")]
    notes: Annotated[list[str], Meta(description="What of the file was read kindly, in sentences.")]
    error: str | None
    links: dict[str, str]


Shown = TypeVar("Shown")


class Page(TypedDict, Generic[Shown]):
    """Some of the jobs of a kind, newest first."""

    data: list[Shown]
    has_more: bool
    last_id: str | None


class JobPage(TypedDict):
    """Some of the jobs, newest first."""

    data: list[Job]
    has_more: bool
    last_id: Annotated[str | None, Meta(description="What to give as `after` for the next page.")]


class OutcomesPage(TypedDict):
    """Some of the outcomes that came in, newest first."""

    data: list[Outcomes]
    has_more: bool
    last_id: Annotated[str | None, Meta(description="What to give as `after` for the next page.")]


def outcomes(job: Record, progress: Progress) -> Outcomes:
    """A job that takes in outcomes, as callers see it."""
    path = f"/outcomes/{job.id}"
    return {
        "id": job.id,
        "object": "outcomes",
        "status": job.status,
        "filename": job.filename,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "expires_at": job.expires_at,
        "request_counts": {"total": job.total, "completed": progress.completed, "failed": progress.failed},
        "ignored_columns": list(job.ignored_columns),
        "notes": list(job.notes),
        "error": job.error,
        "links": {"self": path, **{name: f"{path}/{name}" for name in ("errors", "cancel")}},
    }


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
