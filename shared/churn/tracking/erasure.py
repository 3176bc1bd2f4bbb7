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

from churn.errors import ObjectNotFound
from churn.store.interface import ObjectStore
from churn.tracking.layout import ERASED, ERASING

if TYPE_CHECKING:
    import polars as pl  # which the API's processes must not load

_JSON = "application/json"

# A process that cannot reach the store keeps rows until it is stopped.
_KEPT = timedelta(days=30)

# The clocks of two machines are never quite the same, and S3 dates its objects by whole seconds.
_LEEWAY = timedelta(minutes=1)


class Erasure(NamedTuple):
    """An erasure that is under way: of the customer with this id, asked for at `moment`."""

    customer_id: str
    moment: datetime


def digest(customer_id: str) -> str:
    """What stands for an id where it may not be kept."""
    return hashlib.sha256(customer_id.encode("utf-8", "surrogatepass")).hexdigest()


def ask(store: ObjectStore, customer_id: str, moment: datetime) -> None:
    """Write down that a customer is to be erased; where that is under way already, what came in since is so as well."""
    name = digest(customer_id)
    store.put(f"{ERASED}{name}.json", b"{}", content_type=_JSON)
    if not is_under_way(store, customer_id):
        data = json.dumps({"customer_id": customer_id, "moment": moment.isoformat()}).encode()
        store.put(f"{ERASING}{name}.json", data, content_type=_JSON)


def is_under_way(store: ObjectStore, customer_id: str) -> bool:
    """Whether the customer is to be erased, and may still be held somewhere."""
    key = f"{ERASING}{digest(customer_id)}.json"
    return any(entry.key == key for entry in store.list(key))


def under_way(store: ObjectStore) -> list[Erasure]:
    """Who is to be erased."""
    found = []
    for entry in store.list(ERASING):
        with suppress(ObjectNotFound):  # done meanwhile
            members = json.loads(store.get(entry.key).data)
            found.append(Erasure(members["customer_id"], datetime.fromisoformat(members["moment"])))
    return found


def finish(store: ObjectStore, customer_id: str) -> None:
    """Forget the id, since nothing is held of the customer any more."""
    store.delete([f"{ERASING}{digest(customer_id)}.json"])


def forget(store: ObjectStore, now: datetime) -> None:
    """Forget erasures that were so long ago that nothing can be on its way any more."""
    store.delete([entry.key for entry in store.list(ERASED) if now - entry.modified > _KEPT])


def recent(store: ObjectStore) -> dict[str, datetime]:
    """The customers who were erased lately, by the digest of their ids, each with the moment until which."""
    return {
        entry.key.removeprefix(ERASED).removesuffix(".json"): entry.modified.astimezone(UTC) + _LEEWAY
        for entry in store.list(ERASED)
    }


def without(table: "pl.DataFrame", erased: Mapping[str, datetime]) -> "pl.DataFrame":
    """The rows of a table of predictions or of outcomes but for those of erased customers.

    What a customer did after his erasure is kept. The same table where none of its customers was erased.
    """
    if not erased:
        return table
    names = table["customer_id"].unique().drop_nulls().to_list()
    ends = {name: erased[known] for name in names if (known := digest(name)) in erased}
    if not ends:
        return table
    moments = table["scored_at" if "scored_at" in table.columns else "received_at"]
    until = table["customer_id"].replace_strict(ends, default=None, return_dtype=moments.dtype)
    return table.filter(until.is_null() | (moments > until))
