"""/quality: what became of predictions."""

from flask import Response, request

from churn.customer.echo import echo
from churn.errors import FieldError, ValidationError
from churn.tracking.computed import DEFAULT_DAYS
from churn_api.answers import respond
from churn_api.http.endpoint import ANY_KEY, Endpoints, Json, described
from churn_api.quality.answers import QualityAnswer
from churn_api.service import service

endpoints = Endpoints("Model")

_DAYS: Json = {"type": "integer", "minimum": 1, "default": DEFAULT_DAYS}


@endpoints.add(
    "GET /quality",
    ANY_KEY,
    description="Computed by a worker, at most every few seconds; while none has computed it, the answer is a 503.",
    query={
        "days": described(
            "Looked at are predictions that matured within so many days, up to CHURN_TRACKING_DAYS, and those that "
            "have yet to.",
            _DAYS,
        )
    },
    answer=QualityAnswer,
    failures=(503,),
)
def quality() -> Response:
    """What became of predictions, by release and month, and whether anything has changed."""
    return respond(service().quality.answer(_days(service().settings.tracking_days)))


def _days(most: int) -> int:
    text = request.args.get("days", str(min(DEFAULT_DAYS, most)))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
        message = f"days must be a whole number from 1 to {most} (CHURN_TRACKING_DAYS); got {echo(text)}."
        raise ValidationError([FieldError("days", "out_of_range", message)])
    return int(text)
