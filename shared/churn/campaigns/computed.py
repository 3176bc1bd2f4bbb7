"""The results of campaigns as they were last computed, and whether they still hold.

The API reads them here, which never computes one: for this it would have to load polars.
"""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from churn.campaigns import layout
from churn.campaigns.started import Started
from churn.errors import ObjectNotFound
from churn.store.interface import ObjectStore
from churn.tracking.layout import OUTCOMES

# A result holds for a moment whatever comes in, since many ask at once, and until it is final never for longer than a
# day, on which it may ripen and its words say something else.
_LEAST = timedelta(seconds=5)


class Computed(NamedTuple):
    """A result, and what was in the store before it was computed."""

    answer: dict[str, Any]
    state: str

    def holds(self, store: ObjectStore, campaign: Started, now: datetime) -> bool:
        """Whether it need not be computed again. Raises StoreUnavailable."""
        computed_at = datetime.fromisoformat(self.answer["computed_at"])
        if (self.answer["status"] == "closed") != (campaign.closed is not None):
            return False
        if now - computed_at < _LEAST:
            return True
        is_of_its_time = self.answer["final"] is True or computed_at.date() == now.date()
        return is_of_its_time and self.state == state_of(store, campaign)


def state_of(store: ObjectStore, campaign: Started) -> str:
    """What a result is made of, as a digest: it changes with any outcome or erasure, and with the campaign's end."""
    digest = hashlib.sha256(f"{campaign.started} {campaign.closed}\n".encode())
    for prefix in (OUTCOMES, layout.contacts(campaign.id)):
        for entry in store.list(prefix):
            digest.update(f"{entry.key} {entry.etag}\n".encode())
    return digest.hexdigest()


def load(store: ObjectStore, campaign_id: str) -> Computed | None:
    """The result that was computed last, if there is one that can be read. Raises StoreUnavailable."""
    try:
        held = json.loads(store.get(layout.result(campaign_id)).data)
        _ = held["answer"]["computed_at"], held["answer"]["status"], held["answer"]["final"]
        return Computed(held["answer"], held["state"])
    except (ObjectNotFound, ValueError, KeyError, TypeError):
        return None  # by a program that wrote it otherwise


def save(store: ObjectStore, campaign_id: str, computed: Computed) -> None:
    """Keep a result. Raises StoreUnavailable."""
    store.put(layout.result(campaign_id), json.dumps(computed._asdict()).encode(), content_type="application/json")
