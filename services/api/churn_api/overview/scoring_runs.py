"""The last run that scored customers, and how it differs from the run before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from churn.store.interface import ObjectStore
from churn.tracking import daily
from churn.tracking.daily import Group, Run, Sums
from churn_api.overview.answers import LastRun

Json = dict[str, Any]


def last_run(store: ObjectStore) -> LastRun | None:
    """The run of the last day that there are sums of, if any. Raises StoreUnavailable."""
    runs = [run for name in daily.keys(store)[-2:] if (run := daily.load(store, name))]
    if not runs:
        return None
    try:
        return msgspec.convert(_shown(runs[-1], runs[-2] if len(runs) > 1 else None), LastRun)
    except (LookupError, TypeError, ValueError):
        return None  # by a program that wrote it otherwise


def _shown(run: Run, before: Run | None) -> Json:
    return {
        "job": run["job"],
        "filename": run["filename"],
        "scored_at": run["at"],
        "model_version": run["release"],
        "refused": run["refused"],
        "horizon_months": daily.HORIZON_MONTHS,
        "currency": run["currency"],
        "monthly_value": run["monthly_value"],
        "without_value": run["without_value"],
        "total": _sums(run["total"]),
        "bands": [{"band": group["value"], **_sums(group)} for group in run["bands"]],
        "segments": [
            {"field": segment["field"], "title": segment["title"], "groups": _groups(segment["groups"])}
            for segment in run["segments"]
        ],
        "change": _change(run, before) if before else None,
    }


def _groups(groups: Sequence[Group]) -> list[Json]:
    return [{"value": group["value"], "label": group["label"], **_sums(group)} for group in groups]


def _sums(sums: Sums) -> Json:
    names = ("customers", "at_risk", "money")
    return {name: sums[name] for name in names} | {"mean_probability": _mean(sums)}  # type: ignore[literal-required]


def _mean(sums: Sums) -> float:
    # Sums of many probabilities are rounded.
    return min(sums["probability"] / sums["customers"], 1.0) if sums["customers"] else 0.0


def _change(run: Run, before: Run) -> Json:
    is_comparable = run["currency"] == before["currency"]
    total, earlier = run["total"], before["total"]
    bands = {group["value"]: group for group in before["bands"]}
    return {
        "since": before["at"],
        "job": before["job"],
        "filename": before["filename"],
        "customers": total["customers"] - earlier["customers"],
        "at_risk": total["at_risk"] - earlier["at_risk"],
        "mean_probability": _mean(total) - _mean(earlier),
        "money": _less(total, earlier) if is_comparable else None,
        "bands": [
            {
                "band": group["value"],
                "customers": group["customers"] - bands[group["value"]]["customers"],
                "money": _less(group, bands[group["value"]]) if is_comparable else None,
            }
            for group in run["bands"]
        ],
        "words": _words(run, before),
    }


def _less(sums: Mapping[str, Any], earlier: Mapping[str, Any]) -> float | None:
    if sums["money"] is None or earlier["money"] is None:
        return None
    return float(sums["money"] - earlier["money"])


def _words(run: Run, before: Run) -> str:
    day = datetime.fromisoformat(before["at"]).date().isoformat()
    words = (
        f"The sums of this run less those of {day} ({described(before['total']['customers'], before['filename'])}). "
        "Customers who came, who are no longer in the file and whose risk has changed all count; who moved is not told."
    )
    if run["release"] != before["release"]:
        words += " Another release scored them, so a part of the change may be the model's."
    return words


def described(customers: int, filename: str | None) -> str:
    """The customers of a run in words: "7,043 customers of customers.csv"."""
    counted = f"{customers:,} {'customer' if customers == 1 else 'customers'}"
    return f"{counted} of {filename}" if filename else counted
