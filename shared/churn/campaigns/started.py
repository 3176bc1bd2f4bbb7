"""The campaigns that have begun, as their records say: what tracking and results need to know of them."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from churn.campaigns import layout
from churn.errors import ObjectNotFound
from churn.months import months_later
from churn.store.interface import ObjectStore

log = logging.getLogger(__name__)


class Started(NamedTuple):
    """A campaign that has begun: moments are in UTC, the label window is in months."""

    id: str
    name: str
    started: datetime
    closed: datetime | None
    window: int
    record: dict[str, Any]
    """All members of its record."""

    @property
    def begins(self) -> date:
        """The day on which it was started."""
        return self.started.date()

    @property
    def ends(self) -> date:
        """The last day on which leaving counts: the label window after the start."""
        return months_later(self.begins, self.window)


def load(store: ObjectStore, campaign_id: str) -> Started | None:
    """The campaign of this id; None if there is none that was started. Raises StoreUnavailable."""
    try:
        held = json.loads(store.get(layout.record(campaign_id)).data)
        if held.get("started_at") is None:
            return None
        return Started(
            campaign_id,
            str(held["name"]),
            _moment(held["started_at"]),
            _moment(held["closed_at"]) if held.get("closed_at") else None,
            int(held["label_window_months"]),
            held,
        )
    except ObjectNotFound:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.error("%s is passed over, since it is no campaign's record: %r", layout.record(campaign_id), error)
        return None


def all_started(store: ObjectStore) -> Iterator[Started]:
    """The campaigns that were started, the oldest id first. Raises StoreUnavailable."""
    found = (load(store, campaign_id) for campaign_id in layout.ids(store))
    return (campaign for campaign in found if campaign is not None)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
