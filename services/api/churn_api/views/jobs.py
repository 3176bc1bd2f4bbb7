"""/jobs: submit, list, look, cancel, delete, and fetch results and errors."""

from datetime import UTC, datetime

from flask import Response, g, request

from churn.schema import Schema
from churn_api.answers import respond
from churn_api.auth.api_keys import JOBS
from churn_api.http.endpoint import Endpoints, Json
from churn_api.http.uploads import read_upload
from churn_api.jobs.answers import Job, JobPage
from churn_api.jobs.csv.result_files import RESULT_COLUMNS
from churn_api.jobs.ids import JOB
from churn_api.jobs.options import JobOptions
from churn_api.limits.concurrency import Pace
from churn_api.openapi import examples
from churn_api.service import service
from churn_api.views import job_endpoints

endpoints = Endpoints("Jobs")


def _upload(schema: Schema) -> Json:
    return job_endpoints.upload(examples.table(schema))


@endpoints.add(
    "POST /jobs",
    JOBS,
    description="A header row with the fields' names in any order, matched without case, blanks and underscores; "
    "the id and the outcome may be there, other columns are ignored and named in `ignored_columns`. "
    f"{job_endpoints.KINDS_OF_FILES}",
    query=JobOptions,
    body=_upload,
    answer=Job,
    **job_endpoints.SUBMITTED,
)
def submit_job() -> Response:
    """Submit a CSV of up to {settings.max_upload_mb} MB."""
    release = service().releases.serving.release
    query = request.args.to_dict(flat=False)
    options = JobOptions.from_query(query)
    settings = service().settings
    options.check(datetime.now(UTC).date(), settings.tracking_days if settings.tracking == "on" else None)
    upload = read_upload(request, settings.max_upload_mb)
    accepted = service().submissions.accept(
        upload.blocks,
        upload.filename,
        request.headers.get("Idempotency-Key"),
        release.version,
        release.schema,
        caller=g.get("api_key_name"),
        options=options,
        query=query,
    )
    return job_endpoints.accepted(accepted, service().jobs.show(accepted.job))


@endpoints.add("POST /jobs/check", JOBS, **job_endpoints.LOOKED_AT)
def check_file() -> Response:
    """Look at a file before it is sent."""
    return job_endpoints.look(service().schema)


@endpoints.add("GET /jobs", JOBS, pace=Pace.QUICK, query=job_endpoints.page(JOB, "jobs"), answer=JobPage)
def jobs() -> Response:
    """Jobs, newest first."""
    return respond(service().jobs.page(job_endpoints.limit(), job_endpoints.after(JOB, "a job")))


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


@endpoints.add(
    "GET /jobs/<job_id>/results",
    JOBS,
    description=f"A CSV with the columns {', '.join(RESULT_COLUMNS)}, unless the job's options say otherwise. assumed "
    "is the number of fields that were averaged, because the row did not tell them. 409 until the job is finished.",
    **job_endpoints.FILE,
)
def job_results(job_id: str) -> Response:
    """The accepted rows' predictions, in input order."""
    found = service().jobs.download(job_id, "results", raw=job_endpoints.is_raw())
    return job_endpoints.send(found, job_id, "results")


@endpoints.add("GET /jobs/<job_id>/errors", JOBS, description=job_endpoints.ERRORS, **job_endpoints.FILE)
def job_errors(job_id: str) -> Response:
    """The refused rows, a line for each fault."""
    found = service().jobs.download(job_id, "errors", raw=job_endpoints.is_raw())
    return job_endpoints.send(found, job_id, "errors")
