"""What /model_info tells of the release in service."""

from typing import Any

from churn_api.predictions.cache import Cache
from churn_api.releases.watcher import Serving

EXACT = (
    "The sum of each field's weighted columns, less the same sum for the average customer; the effects add up to the "
    "log-odds exactly. What services and tenure explain of the charges counts for these, and only the rest for the "
    "charges."
)
MEASURED = (
    "Measured: the log-odds less their mean when this field alone takes the values it has in the background sample "
    "(centred individual conditional expectation); such effects need not add up to the log-odds."
)


def model_info(serving: Serving, cache: Cache) -> dict[str, Any]:
    """The manifest, when it was released, how its reasons are made, and when the cache is asked."""
    manifest, scorer = serving.manifest, serving.release.predictor.scorer
    return manifest.model_dump(mode="json") | {
        "timestamp": manifest.timestamp.isoformat(),
        "released_at": serving.pointer.released_at,
        "reasons": {
            "method": EXACT if scorer.additive else MEASURED,
            "additive": scorer.additive,
            "average_log_odds": scorer.average_log_odds,
        },
        "cache": _policy(serving, cache),
    }


def _policy(serving: Serving, cache: Cache) -> dict[str, Any]:
    """The cache's mode, and in seconds what computing an answer costs and what asking Redis for one costs."""
    shared = cache.shared
    asked = shared is not None and shared.up
    return {
        "mode": cache.mode,
        "redis": "off" if shared is None else ("up" if shared.up else "down"),
        "computing_seconds": serving.costs._asdict(),
        "asking_seconds": {"one": shared.price, "among_many": shared.bulk_price} if shared and asked else None,
        "asks_for": cache.asked_kinds(serving.costs),
    }
