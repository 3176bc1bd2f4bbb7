"""/campaigns/preview and /campaigns/<id>/result: what a campaign would bring, and what came of it."""

from flask import Response, request

from churn_api.answers import respond
from churn_api.auth.api_keys import JOBS
from churn_api.campaigns.preview_answers import CampaignPreview
from churn_api.campaigns.sample import MOST_ROWS
from churn_api.errors import TrackingOff
from churn_api.http.endpoint import Endpoints, Json
from churn_api.http.json_body import BODY_BYTES, read_json
from churn_api.limits.concurrency import Pace
from churn_api.quality.campaign_answers import CampaignResult
from churn_api.service import service
from churn_api.views.campaigns import EXAMPLE, PLAN, SOURCE, TRACKING_OFF

endpoints = Endpoints("Campaigns")

_ASKED: Json = {
    "type": "object",
    "required": ["source", "plan"],
    "additionalProperties": False,
    "properties": {"source": SOURCE, "plan": PLAN},
}


@endpoints.add(
    "POST /campaigns/preview",
    JOBS,
    pace=Pace.BODIES,
    description=f"The figures that GET /campaigns/<id> would show, computed at once on a sample of up to "
    f"{MOST_ROWS:,} rows that are spread over the job's file, and scaled up. Nothing is kept. The first preview of a "
    "job reads the sample; others that change offers, budget or minutes alone are answered from memory.",
    body={"application/json": {"schema": _ASKED, "example": EXAMPLE}},
    most_bytes=BODY_BYTES,
    answer=CampaignPreview,
    failures=(409,),
)
def preview_campaign() -> Response:
    """Try a plan before a campaign is planned."""
    if service().settings.tracking == "off":
        raise TrackingOff(TRACKING_OFF)
    parts = service().campaigns
    asked = parts.submissions.read(read_json(request, BODY_BYTES), [], ("source", "plan"))
    return respond(parts.previews.preview(asked))


@endpoints.add(
    "GET /campaigns/<campaign_id>/result",
    JOBS,
    description="From the start on, by intention to treat: whoever leaves within the label window after the start "
    "counts in the arm that he was drawn for, whatever became of the call: called (treat) or not called (hold_out). "
    "Outcomes are those of POST /outcomes, left_at and stayed_until of both arms; what they say of acceptance and cost "
    "counts where they name the campaign by its id or its name. Computed by a worker "
    "once a day, and when outcomes have come in; while none has computed it, that is a 503. 409 before the start.",
    answer=CampaignResult,
    failures=(409, 503),
)
def campaign_result(campaign_id: str) -> Response:
    """What came of a campaign, with intervals and in words."""
    return respond(service().campaigns.results.answer(campaign_id))
