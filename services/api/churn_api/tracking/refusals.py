"""How many rows the API has read and refused, and why: sums by month, in which each object handed over counts once."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from churn.errors import ObjectNotFound
from churn.store.interface import ObjectStore
from churn.tracking.layout import REFUSED, month_of
from churn_api.jobs.stored_json import decoded_as
from churn_api.tracking.incoming import Refusals

# Whoever has read an object hands it in again within this time, or never.
_REMEMBERED = timedelta(hours=2)


class Month(Refusals):
    """The sums of a month, and the names of what was counted lately, each with the moment of counting."""

    counted: dict[str, datetime] = msgspec.field(default_factory=dict)


def key(moment: datetime) -> str:
    """Where the sums of a month are."""
    return f"{REFUSED}{month_of(moment)}live.json"


def count(store: ObjectStore, month: str, found: Mapping[str, Refusals], moment: datetime) -> None:
    """Add what was found under each name to the sums under the key `month`, unless it has been added.

    Raises PreconditionFailed if somebody else adds at the same moment, UnreadableObject.
    """
    sums, etag = _load(store, month)
    new = [name for name in found if name not in sums.counted]
    if not new:
        return
    for name in new:
        sums.add(found[name])
    sums.counted = {name: at for name, at in sums.counted.items() if moment - at < _REMEMBERED}
    sums.counted |= dict.fromkeys(new, moment)
    data = msgspec.json.encode(sums)
    store.put(month, data, content_type="application/json", if_match=etag, if_absent=etag is None)


def _load(store: ObjectStore, month: str) -> tuple[Month, str | None]:
    try:
        stored = store.get(month)
    except ObjectNotFound:
        return Month(), None
    return decoded_as(stored.data, Month, month), stored.etag
