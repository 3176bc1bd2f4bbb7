"""The shapes of what is answered, declared once: they are encoded as they stand, and OpenAPI is made from them."""

import hashlib
from typing import Annotated, Any, Literal, TypeAlias, TypedDict

import msgspec
from flask import Request, Response
from msgspec import Meta, Struct

from churn.errors import FieldError
from churn.model.predictor import RISK_BANDS

Probability: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Moment: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Answer: TypeAlias = Annotated[
    str, Meta(description="Yes from the release's threshold on.", extra_json_schema={"enum": ["No", "Yes"]})
]
Band: TypeAlias = Annotated[
    str,
    Meta(
        description="low below 0.3, medium below 0.6, else high.", extra_json_schema={"enum": ["low", "medium", "high"]}
    ),
]

encode = msgspec.json.Encoder().encode


class RiskBand(Struct, frozen=True):
    """A band of risk: churn probabilities from `low` on and below `high`, in the last band 1 as well."""

    band: Band
    low: Probability
    high: Probability


def risk_bands() -> list[RiskBand]:
    """All of them, the lowest first."""
    lows = [0.0, *(end for _, end in RISK_BANDS)]
    return [RiskBand(band, low, end) for low, (band, end) in zip(lows, RISK_BANDS, strict=False)]


class ReasonAnswer(Struct, frozen=True):
    """What one field of the customer adds to the log-odds of churn, against the average customer."""

    field: str
    value: Annotated[str | float | None, Meta(description="As the data set spells it; null where nobody stated it.")]
    effect: Annotated[float, Meta(description="In log-odds; grouped to the fields.")]
    direction: Annotated[str, Meta(extra_json_schema={"enum": ["lowers", "raises"]})]
    text: Annotated[str, Meta(description="Words an agent can say aloud.")]


class RecommendationAnswer(Struct, frozen=True):
    """A change that goes with a lower churn probability: an association in the data, not a promised effect."""

    field: str
    to: str
    text: str
    churn_probability_after: Probability


class ModelAnswer(Struct, frozen=True):
    """The release that answered, with its quality on customers it was never fitted on."""

    model_name: str
    version: str
    accuracy: float | None
    roc_auc: float | None
    timestamp: Annotated[str, Meta(description="When it was trained.", extra_json_schema={"format": "date-time"})]


class PredictionAnswer(Struct, frozen=True):
    """The answer for one customer."""

    success: Literal[True]
    customerID: str | None  # noqa: N815  # the data set's name for it
    prediction: Answer
    churn_probability: Probability
    no_churn_probability: Probability
    confidence: Annotated[Probability, Meta(description="The larger of the two probabilities.")]
    risk_band: Band
    assumed: Annotated[
        tuple[str, ...], Meta(description="The absent fields that were averaged over a sample of real customers.")
    ]
    probability_range: Annotated[
        tuple[float, float] | None, Meta(description="The middle 80 % over what is assumed; null if nothing is.")
    ]
    cached: Annotated[bool, Meta(description="Whether this answer came from a cache.")]
    timestamp: Moment
    reasons: Annotated[list[ReasonAnswer], Meta(description="The largest effects first.")]
    recommendations: Annotated[list[RecommendationAnswer], Meta(description="The largest gain first.")]
    model_info: ModelAnswer


class RowAnswer(Struct, frozen=True, omit_defaults=True):
    """The answer for one customer among many; reasons and recommendations where they were asked for."""

    index: Annotated[int, Meta(description="The customer's place in the request, from 0.", ge=0)]
    success: Literal[True]
    customerID: str | None  # noqa: N815  # the data set's name for it
    prediction: Answer
    churn_probability: Probability
    no_churn_probability: Probability
    confidence: Probability
    risk_band: Band
    assumed: tuple[str, ...]
    probability_range: tuple[float, float] | None
    cached: bool
    reasons: list[ReasonAnswer] | msgspec.UnsetType = msgspec.UNSET
    recommendations: list[RecommendationAnswer] | msgspec.UnsetType = msgspec.UNSET


class RefusedRowAnswer(Struct, frozen=True):
    """A customer among many with fields at fault; the others are answered all the same."""

    index: Annotated[int, Meta(ge=0)]
    success: Literal[False]
    error: Annotated[str, Meta(description="How many fields are at fault, and how many of them are listed.")]
    errors: list[FieldError]


class BatchAnswer(Struct, frozen=True):
    """The answers for many customers, in the order of the request."""

    success: Literal[True]
    count: Annotated[int, Meta(description="The rows received, good and bad.", ge=0)]
    failed: Annotated[int, Meta(description="The rows refused.", ge=0)]
    predictions: list[Any]
    timestamp: Moment
    model_info: ModelAnswer


class HealthAnswer(Struct, frozen=True):
    """How the service is, over all its processes."""

    status: Annotated[str, Meta(extra_json_schema={"enum": ["healthy", "degraded"]})]
    uptime_seconds: float
    error_rate: Annotated[
        float, Meta(ge=0, le=1, description="Failed (5xx) to all prediction requests of the last five minutes.")
    ]
    predictions_served: int
    average_response_time_ms: Annotated[float, Meta(description="Of prediction requests.")]
    checks: Annotated[dict[str, str], Meta(description="model, cache, queue and store: ok, failing or off.")]


class ReleaseAnswer(Struct, frozen=True):
    """A release, in service or not."""

    version: str
    model_name: str
    timestamp: Annotated[str, Meta(description="When it was trained.", extra_json_schema={"format": "date-time"})]
    released_at: Annotated[str | None, Meta(description="When it went into service, of the one that is.")]
    current: bool
    metrics: dict[str, Any]


class ReleasesAnswer(Struct, frozen=True):
    """Every release that the store holds, newest first."""

    data: list[ReleaseAnswer]


class StateAnswer(Struct, frozen=True, omit_defaults=True):
    """Whether the process lives, or is ready, and then with which release."""

    status: str
    version: str | msgspec.UnsetType = msgspec.UNSET


class Error(TypedDict):
    """The one body of every failure."""

    success: Literal[False]
    error: Annotated[str, Meta(description="What is wrong, and what to do about it.")]
    error_type: Annotated[str, Meta(examples=["ValidationError"])]
    errors: Annotated[list[FieldError], Meta(description="Empty where no field is at fault.")]
    request_id: str
    timestamp: Moment


def respond(answer: Any, status: int = 200) -> Response:
    """The answer as JSON."""
    return Response(encode(answer), status, content_type="application/json")


def revalidated(request: Request, response: Response, state: object = None) -> Response:
    """The response with an ETag, or 304 without a body if the request shows that the client has it already.

    Shared caches must not keep it, since it may be for the owner of an API key only. `state` replaces the body as the
    source of the ETag where bodies differ between processes although nothing has changed.
    """
    if state is None:
        response.add_etag()
    else:
        response.set_etag(hashlib.sha256(repr(state).encode()).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response
