"""/outcomes: what became of customers comes in, as a few rows of JSON or as a table of any length."""

from datetime import UTC, datetime

from flask import Response, g, request

from churn.tracking.outcome_schema import CUSTOMER_ID, FIELDS, HOLD_OUT, MAX_CAMPAIGN_LENGTH, TREAT, OutcomeSchema
from churn_api.answers import respond
from churn_api.auth.api_keys import JOBS
from churn_api.errors import RequestTooLarge, TrackingOff
from churn_api.http.endpoint import TEXT, Endpoints, Json
from churn_api.http.json_body import is_json, list_in, read_json
from churn_api.http.uploads import Upload, read_upload
from churn_api.jobs.answers import Outcomes, OutcomesPage
from churn_api.jobs.csv.outcome_list import to_csv
from churn_api.jobs.ids import OUTCOMES
from churn_api.limits.concurrency import Pace
from churn_api.service import service
from churn_api.views import job_endpoints

endpoints = Endpoints("Outcomes")

MOST_ROWS = 1_000
_JSON_BYTES = 1 << 20
_ADVICE = " Send more outcomes as a CSV."

_DAY: Json = TEXT | {"format": "date"}
_ROW: Json = {
    "type": "object",
    "required": [CUSTOMER_ID],
    "properties": {
        CUSTOMER_ID: TEXT,
        "left_at": _DAY,
        "stayed_until": _DAY,
        "campaign": TEXT | {"maxLength": MAX_CAMPAIGN_LENGTH},
        "arm": TEXT | {"enum": [TREAT, HOLD_OUT]},
        "accepted": {"type": "boolean"},
        "cost": {"type": "number", "minimum": 0},
    },
}
_ROWS: Json = {"type": "array", "maxItems": MOST_ROWS, "items": _ROW}
_EXAMPLE = {
    "outcomes": [
        {"customerID": "7590-VHVEG", "left_at": "2026-11-03"},
        {"customerID": "5575-GNVDE", "stayed_until": "2026-11-03", "campaign": "spring", "accepted": True, "cost": 25},
    ]
}
_WRAPPED: Json = {"type": "object", "required": ["outcomes"], "properties": {"outcomes": _ROWS}}
_CSV = "customerID,left_at,stayed_until\n7590-VHVEG,2026-11-03,\n5575-GNVDE,,2026-11-03\n"
_BODY: Json = {
    "application/json": {"schema": {"oneOf": [_WRAPPED, _ROWS]}, "example": _EXAMPLE},
    **job_endpoints.upload(_CSV),
}


@endpoints.add(
    "POST /outcomes",
    JOBS,
    description=f"A row has {CUSTOMER_ID} and one of left_at, the day on which the customer left, and stayed_until, "
    "the last day on which he is known to have been a customer; a moment is read as its day in UTC. It may have the "
    f"campaign in which he was treated ({TREAT}) or held out ({HOLD_OUT}), as arm says, whether he accepted the offer, "
    "and its cost. Of rows that contradict each other the one that comes later counts; a row that comes again changes "
    f"nothing. Up to {MOST_ROWS:,} rows may come as JSON, any number as a table with the columns {CUSTOMER_ID}, "
    f"{', '.join(FIELDS)}. {job_endpoints.KINDS_OF_FILES}",
    body=_BODY,
    answer=Outcomes,
    **job_endpoints.SUBMITTED,
)
def submit_outcomes() -> Response:
    """Send what became of customers, in up to {settings.max_upload_mb} MB."""
    if service().settings.tracking == "off":
        raise TrackingOff
    schema = _schema()
    upload = _listed(schema) if is_json(request) else read_upload(request, service().settings.max_upload_mb)
    accepted = service().submissions.accept(
        upload.blocks,
        upload.filename,
        request.headers.get("Idempotency-Key"),
        "",
        schema,
        kind=OUTCOMES,
        caller=g.get("api_key_name"),
    )
    return job_endpoints.accepted(accepted, service().outcomes.show(accepted.job))


def _schema() -> OutcomeSchema:
    """What outcomes are today; the column of ids may also be called as in the table of customers."""
    return OutcomeSchema(datetime.now(UTC).date(), (service().schema.id,))


@endpoints.add("POST /outcomes/check", JOBS, **job_endpoints.LOOKED_AT)
def check_outcomes() -> Response:
    """Look at a file of outcomes before it is sent."""
    return job_endpoints.look(_schema())


def _listed(schema: OutcomeSchema) -> Upload:
    """What came as JSON, as the file that it might have been."""
    outcomes = list_in(read_json(request, _JSON_BYTES, _ADVICE), "outcomes")
    if len(outcomes) > MOST_ROWS:
        raise RequestTooLarge(f"There are more outcomes than the {MOST_ROWS:,} that JSON may have.{_ADVICE}")
    return Upload(None, iter([to_csv(outcomes, schema.column_names)]))


@endpoints.add(
    "GET /outcomes", JOBS, pace=Pace.QUICK, query=job_endpoints.page(OUTCOMES, "entries"), answer=OutcomesPage
)
def list_outcomes() -> Response:
    """Outcomes by the requests in which they came, newest first."""
    return respond(service().outcomes.page(job_endpoints.limit(), job_endpoints.after(OUTCOMES, "outcomes")))


@endpoints.add("GET /outcomes/<job_id>", JOBS, pace=Pace.QUICK, answer=Outcomes)
def outcomes(job_id: str) -> Response:
    """Outcomes that came in, and their progress."""
    return respond(service().outcomes.get(job_id))


@endpoints.add(
    "POST /outcomes/<job_id>/cancel",
    JOBS,
    pace=Pace.QUICK,
    description="None of the rows counts then. 409 from when on all of them have been read.",
    answer=Outcomes,
    status=202,
    failures=(409,),
)
def cancel_outcomes(job_id: str) -> Response:
    """Cancel outcomes that are being taken in."""
    return respond(service().outcomes.cancel(job_id), 202)


@endpoints.add(
    "DELETE /outcomes/<job_id>",
    JOBS,
    pace=Pace.QUICK,
    description="The outcomes that were taken in go on counting; a later row corrects one.",
    status=204,
    failures=(409,),
)
def delete_outcomes(job_id: str) -> Response:
    """Delete the file and the errors of outcomes that were taken in."""
    service().outcomes.delete(job_id)
    return Response(status=204)


@endpoints.add("GET /outcomes/<job_id>/errors", JOBS, description=job_endpoints.ERRORS, **job_endpoints.FILE)
def outcomes_errors(job_id: str) -> Response:
    """The refused rows, a line for each fault."""
    found = service().outcomes.download(job_id, "errors", raw=job_endpoints.is_raw())
    return job_endpoints.send(found, job_id, "errors")
