"""What /model_info tells of the release in service."""

from typing import Any

from churn_api.cache.cache import Cache
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
    """The cache's mode, whether Redis answers, and for which answers it is asked.

    These are all answers, those that are averaged over absent fields, or none.
    """
    redis = "off" if cache.shared is None else ("up" if cache.shared.up else "down")
    return {"mode": cache.mode, "redis": redis, "asks_for": cache.asks_for(serving)}
