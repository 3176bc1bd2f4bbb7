"""Erased customers: an object for each of them keeps what is on its way from bringing them back.

An erasure rewrites what it finds written. Whoever writes rows that it read before, as when small files are made one,
reads the `recent` erasures once it has written, and writes again `without` them, before it deletes what it read. So a
row that an erasure did not find is one whose writer finds the erasure.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from churn.errors import ObjectNotFound, PreconditionFailed
from churn.store.interface import ObjectStore
from churn.tracking.layout import ERASED

if TYPE_CHECKING:
    import polars as pl  # which the API's processes must not load

_JSON = "application/json"

# The clocks of two machines are never quite the same, and S3 dates its objects by whole seconds.
_LEEWAY = timedelta(minutes=1)


class Erasure(NamedTuple):
    """The latest erasure of a customer: asked for at `moment`; the id is forgotten when it is done."""

    customer_id: str | None
    moment: datetime
    etag: str

    @property
    def done(self) -> bool:
        """Whether nothing is held of the customer any more."""
        return self.customer_id is None


def digest(customer_id: str) -> str:
    """What stands for an id where it may not be kept."""
    return hashlib.sha256(customer_id.encode("utf-8", "surrogatepass")).hexdigest()


def key(customer_id: str) -> str:
    """Where the erasure of a customer is written down."""
    return f"{ERASED}{digest(customer_id)}.json"


def ask(store: ObjectStore, customer_id: str, moment: datetime) -> None:
    """Write down that a customer is to be erased, unless that is under way already."""
    data = json.dumps({"customer_id": customer_id, "moment": moment.isoformat()}).encode()
    with suppress(PreconditionFailed):  # somebody else has just asked
        try:
            found = load(store, key(customer_id))
        except ObjectNotFound:
            store.put(key(customer_id), data, content_type=_JSON, if_absent=True)
        else:
            if found.done:
                store.put(key(customer_id), data, content_type=_JSON, if_match=found.etag)


def load(store: ObjectStore, at: str) -> Erasure:
    """The erasure under this key. Raises ObjectNotFound."""
    stored = store.get(at)
    members = json.loads(stored.data)
    return Erasure(members.get("customer_id"), datetime.fromisoformat(members["moment"]), stored.etag)


def finish(store: ObjectStore, erasure: Erasure) -> None:
    """Note that nothing is held of a customer any more. Raises PreconditionFailed if somebody else has done so."""
    data = json.dumps({"moment": erasure.moment.isoformat()}).encode()
    store.put(key(erasure.customer_id or ""), data, content_type=_JSON, if_match=erasure.etag)


def recent(store: ObjectStore) -> dict[str, datetime]:
    """The customers who were erased lately, by the digest of their ids, each with the moment until which."""
    return {
        entry.key.removeprefix(ERASED).removesuffix(".json"): entry.modified.astimezone(UTC) + _LEEWAY
        for entry in store.list(ERASED)
    }


def without(table: "pl.DataFrame", erased: Mapping[str, datetime], moments: str = "scored_at") -> "pl.DataFrame":
    """The rows of a table of predictions, or of outcomes by "received_at", but for those of erased customers.

    What a customer did after his erasure is kept. The same table where none of its customers was erased.
    """
    if not erased:
        return table
    names = table["customer_id"].unique().drop_nulls().to_list()
    ends = {name: erased[known] for name in names if (known := digest(name)) in erased}
    if not ends:
        return table
    rows = zip(table["customer_id"], table[moments], strict=True)
    return table.filter([name not in ends or moment > ends[name] for name, moment in rows])
