"""/campaigns: plan, list, look, start, close, fetch the list, delete."""

from flask import Response, g, request

from churn.campaigns.plans import MAX_DAYS, MAX_HOLDOUT, MAX_HORIZON, MAX_NAME, MAX_OFFERS
from churn_api.answers import respond
from churn_api.auth.api_keys import JOBS
from churn_api.campaigns.answers import LIST_COLUMNS, CampaignAnswer, CampaignPage
from churn_api.campaigns.submission import MAX_NAME_LENGTH
from churn_api.errors import TrackingOff
from churn_api.http.endpoint import TEXT, Endpoints, Json
from churn_api.http.json_body import BODY_BYTES, read_json
from churn_api.jobs.ids import CAMPAIGN
from churn_api.limits.concurrency import Pace
from churn_api.service import service
from churn_api.views import job_endpoints

endpoints = Endpoints("Campaigns")

_MONEY: Json = {"type": "number", "minimum": 0}
_SHARE: Json = {"type": "number", "minimum": 0, "maximum": 1}
_SAVES: Json = {
    "oneOf": [
        {
            "type": "object",
            "required": ["rate", "source"],
            "additionalProperties": False,
            "properties": {"rate": _SHARE, "source": {"const": "assumed"}},
        },
        {
            "type": "object",
            "required": ["source"],
            "additionalProperties": False,
            "properties": {"source": {"const": "measured"}, "campaign": TEXT},
        },
    ]
}
_OFFER: Json = {
    "type": "object",
    "required": ["name", "saves"],
    "additionalProperties": False,
    "properties": {
        "name": TEXT | {"minLength": 1, "maxLength": MAX_NAME},
        "contact_cost": _MONEY | {"default": 0, "description": "Of each contact."},
        "minutes": _MONEY | {"default": 0, "description": "Of the team, for each contact."},
        "incentive": _MONEY | {"default": 0, "description": "What is paid to who takes the offer."},
        "accepts": _SHARE | {"default": 0, "description": "The share of the loyal who take it anyway."},
        "saves": _SAVES,
    },
}
_LIMIT: Json = {"type": ["number", "null"], "minimum": 0}
_OFFERS: Json = {"type": "array", "minItems": 1, "maxItems": MAX_OFFERS, "items": _OFFER}
_CHALLENGER: Json = {
    "type": ["object", "null"],
    "additionalProperties": False,
    "minProperties": 1,
    "description": "A second list that is tried on the campaign, of the same customers and within the same limits: by "
    "the scores of another release, with other offers, or both.",
    "properties": {
        "release": TEXT | {"description": "The version of a release that declares the same customers."},
        "offers": _OFFERS | {"description": "One that the plan has too may differ in its save rate alone."},
    },
}
PLAN: Json = {
    "type": "object",
    "required": ["offers"],
    "additionalProperties": False,
    "properties": {
        "offers": _OFFERS,
        "budget": _LIMIT,
        "minutes": _LIMIT,
        "margin": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.3},
        "horizon_months": {"type": "integer", "minimum": 1, "maximum": MAX_HORIZON, "default": 12},
        "discount": {"type": "number", "minimum": 0, "exclusiveMaximum": 1, "default": 0.1},
        "holdout": {"oneOf": [{"const": "auto"}, {"type": "number", "minimum": 0, "maximum": MAX_HOLDOUT}]},
        "not_within_days": {"type": "integer", "minimum": 0, "maximum": MAX_DAYS, "default": 60},
        "value": {
            "oneOf": [
                {"type": "null"},
                {"type": "object", "required": ["amount"], "properties": {"amount": _MONEY}},
                {"type": "object", "required": ["column"], "properties": {"column": TEXT}},
            ]
        },
        "challenger": _CHALLENGER,
    },
}
"""What a campaign is planned by, as OpenAPI has it; `churn.campaigns.plans` reads it."""

SOURCE: Json = {"type": "object", "required": ["job"], "additionalProperties": False, "properties": {"job": TEXT}}
_CAMPAIGN: Json = {
    "type": "object",
    "required": ["name", "source", "plan"],
    "additionalProperties": False,
    "properties": {"name": TEXT | {"minLength": 1, "maxLength": MAX_NAME_LENGTH}, "source": SOURCE, "plan": PLAN},
}
EXAMPLE: Json = {
    "source": {"job": "job_00000000000000000000000000"},
    "plan": {
        "offers": [
            {
                "name": "10 % off",
                "contact_cost": 4,
                "minutes": 6,
                "incentive": 60,
                "accepts": 0.4,
                "saves": {"rate": 0.3, "source": "assumed"},
            }
        ],
        "budget": 20000,
    },
}
TRACKING_OFF = (
    "Campaigns are not planned, because tracking is off: what becomes of those who are contacted and of those who are "
    "held out could not be compared. Set CHURN_TRACKING=on and ask again."
)


@endpoints.add(
    "POST /campaigns",
    JOBS,
    description="The customers are those of a completed job who have an id. Who has opted out, was treated within "
    "`not_within_days`, or is in a campaign that runs, is left out. Held out are those whom the campaign would contact "
    "and leaves alone, to see what it does. With a `challenger` in the plan two lists are tried: customers on whom "
    "they differ are drawn, half for what either says, and no others. The limits are never exceeded, even if everybody "
    "takes his offer. Money is in the currency of the customers' declaration. 409 where the job is none that a "
    "campaign can be made of, or tracking is off.",
    body={"application/json": {"schema": _CAMPAIGN, "example": {"name": "Spring"} | EXAMPLE}},
    most_bytes=BODY_BYTES,
    answer=CampaignAnswer,
    **job_endpoints.SUBMITTED,
)
def plan_campaign() -> Response:
    """Plan whom to contact with which offer."""
    if service().settings.tracking == "off":
        raise TrackingOff(TRACKING_OFF)
    parts, body = service().campaigns, read_json(request, BODY_BYTES)
    key = request.headers.get("Idempotency-Key")
    accepted = parts.submissions.accept(body, key, g.get("api_key_name"))
    response = respond(parts.service.get(accepted.job.id), 202)
    response.headers["Location"] = f"/campaigns/{accepted.job.id}"
    if accepted.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


@endpoints.add(
    "GET /campaigns",
    JOBS,
    pace=Pace.QUICK,
    query=job_endpoints.page(CAMPAIGN, "campaigns"),
    answer=CampaignPage,
)
def list_campaigns() -> Response:
    """Campaigns, newest first."""
    return respond(service().campaigns.service.page(job_endpoints.limit(), job_endpoints.after(CAMPAIGN, "a campaign")))


@endpoints.add(
    "GET /campaigns/<campaign_id>",
    JOBS,
    pace=Pace.QUICK,
    description="The figures of the plan are null until it is planned.",
    answer=CampaignAnswer,
)
def campaign(campaign_id: str) -> Response:
    """A campaign, with the figures of its plan."""
    return respond(service().campaigns.service.get(campaign_id))


@endpoints.add(
    "GET /campaigns/<campaign_id>/list",
    JOBS,
    description=f"A CSV with the columns {', '.join(LIST_COLUMNS)}. arm is treat, or hold_out for those who must not "
    "be contacted. Where two lists are tried, a last column, list, says by which the customer is treated or left "
    "alone: both, champion or challenger. 409 until the campaign is planned.",
    **job_endpoints.FILE,
)
def campaign_list(campaign_id: str) -> Response:
    """Whom to contact with which offer, and whom to leave alone."""
    found = service().campaigns.service.list_of(campaign_id, raw=job_endpoints.is_raw())
    return job_endpoints.send(found, campaign_id, "list")


@endpoints.add(
    "POST /campaigns/<campaign_id>/start",
    JOBS,
    pace=Pace.QUICK,
    description="From now on its customers count as treated or held out, and are in no other campaign. 409 where one "
    "of them, since the campaign was planned, has opted out, came to be in another one that runs, or was treated by "
    "another one within `not_within_days`: plan it again. A second start changes nothing.",
    answer=CampaignAnswer,
    failures=(409,),
)
def start_campaign(campaign_id: str) -> Response:
    """Say that the customers on the list are being contacted."""
    return respond(service().campaigns.service.start(campaign_id))


@endpoints.add(
    "POST /campaigns/<campaign_id>/close",
    JOBS,
    pace=Pace.QUICK,
    description="Its customers may be in other campaigns again. A second close changes nothing.",
    answer=CampaignAnswer,
    failures=(409,),
)
def close_campaign(campaign_id: str) -> Response:
    """Say that nobody else will be contacted."""
    return respond(service().campaigns.service.close(campaign_id))


@endpoints.add(
    "DELETE /campaigns/<campaign_id>",
    JOBS,
    pace=Pace.QUICK,
    description="One that is being planned is cancelled. 409 while it runs. Of one that was closed, it is kept for as "
    "long as it would have been who was treated and who was held out, and nothing else of the list: they are not "
    "treated again too early, and GET /quality leaves them out. What it measured is gone.",
    status=204,
    failures=(409,),
)
def delete_campaign(campaign_id: str) -> Response:
    """Delete a campaign that does not run."""
    service().campaigns.service.delete(campaign_id)
    return Response(status=204)
