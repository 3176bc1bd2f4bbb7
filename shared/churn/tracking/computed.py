"""The answers of GET /quality as they were last computed, and whether they still hold.

The API reads them here, which never computes one: for this it would have to load polars.
"""

import hashlib
import json
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from churn.campaigns.layout import CAMPAIGNS, says_who_was_treated
from churn.errors import ObjectNotFound
from churn.months import months_later
from churn.release import POINTER
from churn.store.interface import ObjectStore
from churn.tracking.layout import OUTCOMES, PREDICTIONS, QUALITY, REFUSED

DEFAULT_DAYS = 90

SETTLING_DAYS = 7
"""Days after a label window in which its outcomes come in: a prediction is not judged before."""

# An answer holds for a moment whatever comes in, since many ask at once, and never for long, since predictions mature.
_LEAST = timedelta(seconds=5)
_MOST = timedelta(minutes=10)


def matures_on(day: date, window: int) -> date:
    """When a prediction of this day can be judged, under a label window of so many months."""
    return months_later(day, window) + timedelta(days=SETTLING_DAYS)


class Computed(NamedTuple):
    """An answer, when it was computed, and what was in the store before."""

    answer: dict[str, Any]
    state: str

    def holds(self, store: ObjectStore, now: datetime) -> bool:
        """Whether it need not be computed again. Raises StoreUnavailable."""
        age = now - datetime.fromisoformat(self.answer["computed_at"])
        return age < _LEAST or (age < _MOST and self.state == state_of(store))


def key(days: int) -> str:
    """Where the answer for so many days is."""
    return f"{QUALITY}{days}.json"


def state_of(store: ObjectStore) -> str:
    """What the answers are made of, as a digest.

    It changes with any prediction, outcome, erasure or release, and with a campaign that is started or closed.
    """
    digest = hashlib.sha256()
    for prefix in (PREDICTIONS, OUTCOMES, REFUSED, POINTER, CAMPAIGNS):
        for entry in store.list(prefix):
            if prefix != CAMPAIGNS or says_who_was_treated(entry.key):
                digest.update(f"{entry.key} {entry.etag}\n".encode())
    return digest.hexdigest()


def load(store: ObjectStore, days: int) -> Computed | None:
    """The answer that was computed last, if there is one that can be read. Raises StoreUnavailable."""
    try:
        held = json.loads(store.get(key(days)).data)
        return Computed(held["answer"], held["state"])
    except (ObjectNotFound, ValueError, KeyError, TypeError):
        return None  # by a program that wrote it otherwise


def save(store: ObjectStore, days: int, computed: Computed) -> None:
    """Keep an answer. Raises StoreUnavailable."""
    store.put(key(days), json.dumps(computed._asdict()).encode(), content_type="application/json")
