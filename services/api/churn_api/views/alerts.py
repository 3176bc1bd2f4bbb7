"""/alerts: by which rules customers are alerted on, and the digests that came of them."""

from datetime import UTC, datetime

from flask import Response, request

from churn.alerts.rules import BOUNDS, DEFAULTS, NAMES
from churn_api.alerts.record import COLUMNS
from churn_api.alerts.service import AlertsAnswer
from churn_api.answers import respond
from churn_api.auth.api_keys import JOBS
from churn_api.errors import InvalidBody
from churn_api.http.endpoint import TEXT, Endpoints, Json, described
from churn_api.http.json_body import BODY_BYTES, kind_of, read_json
from churn_api.limits.concurrency import Pace
from churn_api.service import service
from churn_api.views import downloads, job_endpoints

endpoints = Endpoints("Alerts")

_MEMBERS: Json = {
    "enabled": {"type": "boolean", "default": DEFAULTS.enabled},
    **{
        name: {
            "type": "integer" if bounds.is_whole else "number",
            "minimum": bounds.low,
            "maximum": bounds.high,
            "default": getattr(DEFAULTS, name),
        }
        for name, bounds in BOUNDS.items()
    },
}
_RULES: Json = {"type": "object", "additionalProperties": False, "properties": _MEMBERS}
_EXAMPLE = {name: getattr(DEFAULTS, name) for name in NAMES}


@endpoints.add(
    "GET /alerts",
    JOBS,
    pace=Pace.QUICK,
    description="After each scoring job a worker looks who has come to be at risk: at `enter` or above, who was not "
    "until then, by `rise` more than in the mean of his own last four weeks. Whoever was alerted on within the "
    "cool-down, or is held out of a running campaign, is left out, and of the others the `budget` customers with the "
    "most money at risk are one digest. Whom the budget leaves out is looked at again after the next job. Single "
    "predictions lead to no alert, and nor does a job as of more than seven days ago, which is only remembered.",
    answer=AlertsAnswer,
)
def alerts() -> Response:
    """Rules in force, the last digests, and who is newly at risk."""
    return respond(service().alerts.answer())


@endpoints.add(
    "PUT /alerts/rules",
    JOBS,
    pace=Pace.QUICK,
    description="The rules as a whole: one that is left out gets its default. They hold from the next job on.",
    body={"application/json": {"schema": _RULES, "example": _EXAMPLE}},
    most_bytes=BODY_BYTES,
    answer=AlertsAnswer,
)
def change_alert_rules() -> Response:
    """Put rules of alerts in force."""
    members = read_json(request, BODY_BYTES)
    if not isinstance(members, dict):
        raise InvalidBody(f"The body must be a JSON object with the rules; got {kind_of(members)}.")
    service().alerts.change_rules(members, datetime.now(UTC))
    return respond(service().alerts.answer())


@endpoints.add(
    "GET /alerts/<digest_id>/list",
    JOBS,
    pace=Pace.BODIES,
    description=f"A CSV with the columns {', '.join(COLUMNS)}, those with the most money at risk first. An apostrophe "
    "is put before an id that a spreadsheet would run.",
    query={"excel": job_endpoints.FILE["query"]["excel"]},
    answer={"text/csv": {"schema": TEXT}},
    headers={"Content-Disposition": described("The file's name, after the digest.")},
    revalidated=True,
    ranged=True,
)
def alert_list(digest_id: str) -> Response:
    """The customers of a digest."""
    found = service().alerts.list_of(digest_id)
    return downloads.send(request, found, f"{digest_id}.csv", excel=job_endpoints.flag("excel"))
