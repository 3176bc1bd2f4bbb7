"""What /model_info tells of the release in service."""

from typing import Annotated, Any, Literal, TypeAlias, TypedDict, cast

from msgspec import Meta

from churn_api.answers import Moment, Probability
from churn_api.cache.cache import Cache
from churn_api.releases.watcher import Serving

_WEIGHTED = (
    "The sum of each field's weighted columns, less the same sum for the average customer; the effects add up to the "
    "log-odds exactly."
)
EXACT = (
    f"{_WEIGHTED} What services and tenure explain of the charges counts for these, and only the rest for the charges."
)
TERMS = (
    "The sum of each field's terms, those of two fields by half for each, less the same sum for the average customer; "
    "the effects add up to the log-odds exactly."
)
MEASURED = (
    "Measured: the log-odds less their mean when this field alone takes the values it has in the background sample "
    "(centred individual conditional expectation); such effects need not add up to the log-odds."
)

Facts: TypeAlias = dict[str, Any]


class ModelInfo(TypedDict):
    """What is told of the release in service, beside whatever else its manifest says."""

    version: str
    model_name: str
    kind: Literal["scorecard", "terms", "onnx"]
    timestamp: Annotated[Moment, Meta(description="When it was trained.")]
    released_at: Moment
    threshold: Probability
    columns: Annotated[list[str], Meta(description="What the model sees, as /schema lists it.")]
    metrics: Annotated[Facts, Meta(description="Cross-validated with spread (cv), and once on the test split (test).")]
    data: Annotated[Facts, Meta(description="Where the data is from, its checksum and its rows.")]
    libraries: dict[str, str]
    files: Annotated[Facts, Meta(description="What /releases/{version}/files/{name} offers.")]
    reasons: Annotated[Facts, Meta(description="How reasons are made, and whether they add up.")]
    cache: Annotated[Facts, Meta(description="The mode, whether Redis answers, and which answers it is asked for.")]


def model_info(serving: Serving, cache: Cache) -> ModelInfo:
    """The manifest, when it was released, how its reasons are made, and when the cache is asked."""
    manifest, scorer = serving.manifest, serving.release.predictor.scorer
    redis = "off" if cache.shared is None else ("up" if cache.shared.up else "down")
    told = manifest.model_dump(mode="json") | {
        "timestamp": manifest.timestamp.isoformat(),
        "released_at": serving.pointer.released_at,
        "reasons": {
            "method": _method(serving),
            "additive": scorer.additive,
            "average_log_odds": scorer.average_log_odds,
        },
        "cache": {"mode": cache.mode, "redis": redis, "asks_for": cache.asks_for(serving)},
    }
    return cast("ModelInfo", told)


def _method(serving: Serving) -> str:
    if not serving.release.predictor.scorer.additive:
        return MEASURED
    if serving.manifest.kind == "terms":
        return TERMS
    return EXACT if serving.release.schema.services else _WEIGHTED
