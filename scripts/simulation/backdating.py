"""Moving a campaign back to the month in which it is simulated: the product stamps it with the moment of the call.

Nobody can tell today what becomes of customers tomorrow, so whoever lives through months in minutes has to do this.
"""

import json
from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Literal

from churn.campaigns import layout
from churn.errors import PreconditionFailed
from churn.store.interface import ObjectStore

# The worker writes into the same record, though seldom.
_TRIES = 20


def backdate(store: ObjectStore, campaign_id: str, moment: Literal["started_at", "closed_at"], day: date) -> None:
    """Move the start or the end of a campaign to the noon of a day, in UTC."""
    key = layout.record(campaign_id)
    for _ in range(_TRIES):
        held = store.get(key)
        record = json.loads(held.data) | {moment: datetime.combine(day, time(12), UTC).isoformat()}
        with suppress(PreconditionFailed):
            store.put(key, json.dumps(record).encode(), content_type="application/json", if_match=held.etag)
            return
    raise PreconditionFailed(key)
