"""Whether a new training is due."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from churn.release import VERSION_FORMAT
from churn.tracking.releases import About

# The outcomes of so many customers that the release has not seen, and so many for each that it was trained on, teach
# something new. One who was predicted every month tells no more than one.
_NEW_CUSTOMERS = 2_000
_NEW_SHARE = 0.2

# A release that is older has not seen what has changed since; the alert ChurnModelOld says so too.
OLD = timedelta(days=30)

# No training before a release is so old.
_COOL_DOWN = timedelta(days=7)


def retraining(
    in_service: About | None, entries: Sequence[Mapping[str, Any]], customers: int, today: date
) -> dict[str, Any]:
    """The `retraining` of GET /quality: whether it is due, why, and from when on if not at once.

    `customers` is of how many the outcome is known of a prediction of the release in service.
    """
    entry = next((entry for entry in entries if entry["in_service"]), None)
    if not (in_service and entry):
        return {"due": False, "reasons": [], "next": None}
    trained = datetime.strptime(in_service.version, VERSION_FORMAT).replace(tzinfo=UTC).date()
    reasons = list(_reasons(in_service, entry["verdict"], customers, today - trained))
    waits = bool(reasons) and today < trained + _COOL_DOWN
    return {
        "due": bool(reasons) and not waits,
        "reasons": reasons,
        "next": (trained + _COOL_DOWN).isoformat() if waits else None,
    }


def _reasons(about: About, verdict: Mapping[str, Any], customers: int, age: timedelta) -> Iterator[str]:
    """Drift alone is none: it is no damage yet."""
    if verdict["state"] == "alarm":
        yield verdict["words"]
    if customers >= max(_NEW_CUSTOMERS, _NEW_SHARE * (about.rows or 0)):
        yield f"The outcomes of {customers:,} customers are known that the release in service was not trained on."
    if age > OLD:
        yield f"The release in service was trained {age.days:,} days ago, and knows nothing of what has changed since."
