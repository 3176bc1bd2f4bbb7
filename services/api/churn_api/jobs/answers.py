"""A job as callers see it."""

from collections.abc import Sequence
from typing import Annotated, Generic, Literal, TypeAlias, TypedDict, TypeVar

from msgspec import Meta

from churn.job_states import COMPLETED, STATES
from churn_api.jobs.ids import CAMPAIGN
from churn_api.jobs.job import Job as Record
from churn_api.jobs.job import Progress

Count: TypeAlias = Annotated[int, Meta(ge=0)]
Moment: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class RequestCounts(TypedDict):
    """Rows in all, scored or taken in, and refused."""

    total: Count
    completed: Count
    failed: Count


class _Entry(TypedDict):
    """What jobs of all kinds are shown with."""

    id: str
    status: Annotated[str, Meta(extra_json_schema={"enum": list(STATES)})]
    filename: str | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    expires_at: Moment
    request_counts: RequestCounts
    ignored_columns: Annotated[list[str], Meta(description="Columns of the file that no field has.")]
    notes: Annotated[list[str], Meta(description="What of the file was read kindly, in sentences.")]
    error: str | None
    links: dict[str, str]


class Job(_Entry):
    """A job and its progress."""

    object: Literal["job"]
    model_version: Annotated[str, Meta(description="The release that scores all of the job.")]


class Outcomes(_Entry):
    """Outcomes that came in at once, and how far they have been taken in; what is taken in stays when this expires."""

    object: Literal["outcomes"]


class CampaignPlanned(TypedDict):
    """What is announced of a campaign: that it is planned, or could not be; GET its address for the rest."""

    object: Literal["campaign"]
    id: str
    name: str
    status: Literal["planned", "failed"]
    created_at: Moment
    finished_at: Moment | None
    expires_at: Moment
    error: str | None
    links: dict[str, str]


Announced: TypeAlias = Job | CampaignPlanned
"""What is announced when a job has ended."""

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


def describe_job(job: Record, progress: Progress) -> Job:
    """A job that scores customers, as callers see it."""
    entry = _entry(job, progress, "/jobs", ("results", "errors", "cancel"))
    return {"object": "job", **entry, "model_version": job.model_version}


def describe_outcomes(job: Record, progress: Progress) -> Outcomes:
    """A job that takes in outcomes, as callers see it."""
    return {"object": "outcomes", **_entry(job, progress, "/outcomes", ("errors", "cancel"))}


def announced(job: Record, progress: Progress) -> Announced:
    """A job that has ended, as it is announced."""
    if job.kind != CAMPAIGN:
        return describe_job(job, progress)
    return {
        "object": "campaign",
        "id": job.id,
        "name": str(job.options.get("name", "")),
        "status": "planned" if job.status == COMPLETED else "failed",
        "created_at": job.created_at,
        "finished_at": job.finished_at,
        "expires_at": job.expires_at,
        "error": job.error,
        "links": {"self": f"/campaigns/{job.id}", "list": f"/campaigns/{job.id}/list"},
    }


def _entry(job: Record, progress: Progress, address: str, linked: Sequence[str]) -> _Entry:
    path = f"{address}/{job.id}"
    return {
        "id": job.id,
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
        "links": {"self": path, **{name: f"{path}/{name}" for name in linked}},
    }
