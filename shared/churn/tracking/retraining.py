"""Whether a new training is due."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from churn.months import days_of
from churn.release import moment_of
from churn.tracking.computed import matures_on
from churn.tracking.releases import About
from churn.training.requests import COOL_DOWN, Request, earliest

# The outcomes of so many customers that no training has seen, and so many for each that the release was trained on,
# teach something new. One who was predicted every month tells no more than one.
_NEW_CUSTOMERS = 2_000
_NEW_SHARE = 0.2

# What was trained longer ago has not seen what has changed since; the alert ChurnModelOld says so too.
OLD = timedelta(days=30)


class Past(NamedTuple):
    """The trainings there were."""

    trained: date
    """When the release in service was trained."""

    asked: tuple[date, ...]
    """When a training was asked for, whatever came of it."""

    learned: tuple[date, ...]
    """Of these, when one made a release that is newer than the one in service, if only by hours."""

    @property
    def last(self) -> date:
        """The last one that made a release, which may be in service or not."""
        return max((self.trained, *self.learned))

    @property
    def earliest(self) -> date:
        """The first day on which a training may be asked for again."""
        return max(self.last + COOL_DOWN, earliest(self.asked) or date.min)


def past(in_service: About, requests: Sequence[Request], today: date) -> Past:
    """The trainings that the version of the release in service and these requests, up to today's, tell of."""
    requests = [request for request in requests if request.day <= today]
    trained = moment_of(in_service.version).date()
    return Past(
        trained,
        tuple(request.day for request in requests),
        tuple(request.day for request in requests if (request.release or "") > in_service.version),
    )


def retraining(
    in_service: About | None,
    entries: Sequence[Mapping[str, Any]],
    trainings: Past | None,
    customers: int,
    today: date,
    *,
    shadow_is_held: bool = False,
) -> dict[str, Any]:
    """The `retraining` of GET /quality: whether it is due, why, and from when on if not at once.

    `customers` is of how many the outcome is known of a prediction of the release in service that matured after the
    last training. `shadow_is_held` is whether an experiment runs that no training is to end by replacing it.
    """
    entry = next((entry for entry in entries if entry["in_service"]), None)
    if not (in_service and entry and trainings):
        return {"due": False, "reasons": [], "next": None}
    reasons = list(_reasons(in_service, entry, trainings, customers))
    # Without outcomes since, the same would come of it.
    age = today - trainings.last
    if age > OLD and customers and not shadow_is_held:
        reasons.append(
            f"The last release was trained {age.days:,} days ago, and knows nothing of what has changed since."
        )
    waits = bool(reasons) and today < trainings.earliest
    return {
        "due": bool(reasons) and not waits,
        "reasons": reasons,
        "next": trainings.earliest.isoformat() if waits else None,
    }


def _reasons(about: About, entry: Mapping[str, Any], trainings: Past, customers: int) -> Iterator[str]:
    """What has become of predictions. Drift alone is none: it is no damage yet.

    What a training has learned of, whose release waits for its verdict or was held back, is none either: trained again
    at once it would be the same, and begin to wait anew. One that was made before it rang has not learned of it.
    """
    verdict = entry["verdict"]
    learned = max(trainings.learned, default=date.min)
    if verdict["state"] == "alarm" and matures_on(days_of(verdict["since"])[1], about.window) > learned:
        yield verdict["words"]
        if fields := [field["title"] for field in (entry["drift"] or _NO_DRIFT)["fields"] if field["state"] == "alarm"]:
            yield f"The customers who are scored are unlike those whom it was trained on, too: {', '.join(fields)}."
    if customers >= max(_NEW_CUSTOMERS, _NEW_SHARE * (about.rows or 0)):
        yield f"The outcomes of {customers:,} customers are known that no release was trained on."


_NO_DRIFT: dict[str, list[dict[str, str]]] = {"fields": []}
