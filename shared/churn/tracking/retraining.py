"""Whether a new training is due."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from churn.release import VERSION_FORMAT
from churn.tracking.releases import About

# So many outcomes that the release has not seen, and so many for each row that it was trained on, teach something new.
_NEW_OUTCOMES = 2_000
_NEW_SHARE = 0.2

# No training before a release is so old.
_COOL_DOWN = timedelta(days=7)


def retraining(in_service: About | None, entries: Sequence[Mapping[str, Any]], today: date) -> dict[str, Any]:
    """The `retraining` of GET /quality: whether it is due, why, and from when on if not at once."""
    entry = next((entry for entry in entries if entry["in_service"]), None)
    reasons = list(_reasons(in_service, entry)) if in_service and entry else []
    if not (in_service and reasons):
        return {"due": False, "reasons": reasons, "next": None}
    trained = datetime.strptime(in_service.version, VERSION_FORMAT).replace(tzinfo=UTC).date()
    due = today >= trained + _COOL_DOWN
    return {"due": due, "reasons": reasons, "next": None if due else (trained + _COOL_DOWN).isoformat()}


def _reasons(about: About, entry: Mapping[str, Any]) -> Iterator[str]:
    """Drift alone is none: it is no damage yet."""
    if entry["verdict"]["state"] == "alarm":
        yield entry["verdict"]["words"]
    enough = max(_NEW_OUTCOMES, _NEW_SHARE * (about.rows or 0))
    if entry["matched"] >= enough:
        yield f"{entry['matched']:,} outcomes are known that the release in service was not trained on."
