"""/campaigns/opt-outs: the customers whom no campaign contacts."""

from flask import Response, request

from churn_api.answers import respond
from churn_api.auth.api_keys import JOBS
from churn_api.campaigns import opt_out_list
from churn_api.campaigns.answers import OptOutsAnswer
from churn_api.campaigns.opt_outs import MOST
from churn_api.http.endpoint import Endpoints, Json
from churn_api.http.json_body import is_json, list_in, read_json
from churn_api.http.uploads import read_upload
from churn_api.jobs.csv.result_files import CUSTOMER_ID
from churn_api.limits.concurrency import Pace
from churn_api.service import service
from churn_api.views import job_endpoints

endpoints = Endpoints("Campaigns")

_JSON_BYTES = 2 << 20

_IDS: Json = {"type": "array", "items": {"type": ["string", "integer"]}}
_BODY: Json = {
    "application/json": {
        "schema": {"oneOf": [{"type": "object", "required": ["customers"], "properties": {"customers": _IDS}}, _IDS]},
        "example": {"customers": ["7590-VHVEG", "5575-GNVDE"]},
    },
    **job_endpoints.upload(f"{CUSTOMER_ID}\n7590-VHVEG\n5575-GNVDE\n"),
}


@endpoints.add("GET /campaigns/opt-outs", JOBS, pace=Pace.BODIES, answer=OptOutsAnswer)
def opt_outs() -> Response:
    """How many customers no campaign contacts."""
    return respond(_answer())


@endpoints.add(
    "PUT /campaigns/opt-outs",
    JOBS,
    pace=Pace.BODIES,
    description=f"Replaces the list, by a table with the column {CUSTOMER_ID} or by JSON, of up to {MOST:,} customers. "
    "Campaigns that are planned from now on leave them out; one that was planned with any of them cannot be started. "
    "Those that run are not changed.",
    body=_BODY,
    answer=OptOutsAnswer,
)
def replace_opt_outs() -> Response:
    """Say which customers no campaign contacts."""
    limit_mb = service().settings.max_upload_mb
    if is_json(request):
        body = read_json(request, _JSON_BYTES, " Send more customers as a CSV.")
        ids = opt_out_list.of_list(list_in(body, "customers"))
    else:
        ids = opt_out_list.of_table(read_upload(request, limit_mb).blocks, service().schema.id, limit_mb)
    service().campaigns.opt_outs.replace(ids)
    return respond(_answer())


def _answer() -> OptOutsAnswer:
    found = service().campaigns.opt_outs.count()
    changed = found.changed_at.isoformat() if found.changed_at else None
    return OptOutsAnswer(customers=found.customers, changed_at=changed)
