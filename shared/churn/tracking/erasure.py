"""Erased customers: an object for each of them keeps what is on its way from bringing them back.

An erasure rewrites what it finds written. Whoever writes rows that it read before, as when small files are made one,
reads the `recent` erasures once it has written, and writes again `without` them, before it deletes what it read. So a
row that an erasure did not find is one whose writer finds the erasure.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from churn.errors import ObjectNotFound, PreconditionFailed
from churn.store.interface import ObjectStore
from churn.tracking.layout import ERASED, ERASING, ERASING_FORMERLY

if TYPE_CHECKING:
    import polars as pl  # which the API's processes must not load

_JSON = "application/json"

# A process that cannot reach the store keeps rows until it is stopped.
_KEPT = timedelta(days=30)

# The clocks of two machines are never quite the same, and S3 dates its objects by whole seconds.
_LEEWAY = timedelta(minutes=1)


TRACKED, JOBS, CAMPAIGNS, TABLES, ALERTS = PARTS = ("tracked", "jobs", "campaigns", "tables", "alerts")
"""What a customer is erased from, each for itself."""


class Erasure(NamedTuple):
    """An erasure that is under way: of the customer with this id, asked for at `moment`."""

    customer_id: str
    moment: datetime
    parts: frozenset[str]
    """All that are to be done: those that whoever asked for it knows, and those that are known here."""
    done: frozenset[str] = frozenset()
    unreadable: tuple[str, ...] = ()
    """The keys of files that could not be read, in which the customer may be: they keep their parts from being done."""
    asked: str = ""
    """Another word with each request, so that what is done for one of them does not pass for what the next asks for."""
    was_done: bool = False
    """Whether all was done for an earlier request, since when it was asked for again."""
    key: str = ""
    etag: str = ""

    @property
    def left(self) -> frozenset[str]:
        """The parts that are to be done yet and are known here."""
        return (self.parts - self.done).intersection(PARTS)


def digest(customer_id: str) -> str:
    """What stands for an id where it may not be kept."""
    return hashlib.sha256(customer_id.encode("utf-8", "surrogatepass")).hexdigest()


def ask(store: ObjectStore, customer_id: str, moment: datetime) -> None:
    """Write down that a customer is to be erased; where that is under way already, what came in since is so as well.

    A worker may have been through a part by now, without a note of it yet: all parts are to be done anew.
    """
    store.put(f"{ERASED}{digest(customer_id)}.json", b"{}", content_type=_JSON)
    held = find(store, customer_id)
    first, key = held.moment if held else moment, f"{ERASING}{digest(customer_id)}.json"
    was_done = held is not None and held.was_done
    _write(store, Erasure(customer_id, first, frozenset(PARTS), asked=uuid4().hex, was_done=was_done, key=key))


def find(store: ObjectStore, customer_id: str) -> Erasure | None:
    """The customer's erasure, while he may still be held somewhere."""
    for folder in (ERASING, ERASING_FORMERLY):
        with suppress(ObjectNotFound):
            return _read(store, f"{folder}{digest(customer_id)}.json")
    return None


def is_any_under_way(store: ObjectStore) -> bool:
    """Whether anybody is to be erased."""
    return any(any(store.list(folder, limit=1)) for folder in (ERASING, ERASING_FORMERLY))


def under_way(store: ObjectStore) -> list[Erasure]:
    """Who is to be erased."""
    found = []
    for folder in (ERASING, ERASING_FORMERLY):
        for entry in store.list(folder):
            with suppress(ObjectNotFound):  # done meanwhile
                found.append(_read(store, entry.key))
    return found


def end(store: ObjectStore, erasure: Erasure, done: Iterable[str], unreadable: Iterable[str] = ()) -> bool:
    """Forget the id if with these parts all are done, and else note them; returns whether nothing is held any more.

    An erasure that was asked for again meanwhile is done again.
    """
    after = erasure._replace(done=erasure.done.union(done), unreadable=tuple(sorted(unreadable)))
    with suppress(ObjectNotFound, PreconditionFailed):
        if after.parts > after.done:
            if after != erasure:
                _write(store, after)
        elif (held := _read(store, erasure.key)).etag == erasure.etag:
            store.delete([erasure.key])
            return True
        else:
            _write(store, held._replace(was_done=True))
    return False


def _read(store: ObjectStore, key: str) -> Erasure:
    stored = store.get(key)
    members = json.loads(stored.data)
    return Erasure(
        members["customer_id"],
        datetime.fromisoformat(members["moment"]),
        frozenset(members.get("parts", ())).union(PARTS),
        frozenset(members.get("done", ())),
        tuple(members.get("unreadable", ())),
        members.get("asked", ""),
        members.get("was_done", False),
        key,
        stored.etag,
    )


def _write(store: ObjectStore, erasure: Erasure) -> None:
    """Raises PreconditionFailed where the erasure is no longer as it was read."""
    members = {
        "customer_id": erasure.customer_id,
        "moment": erasure.moment.isoformat(),
        "parts": sorted(erasure.parts),
        "done": sorted(erasure.done),
        "unreadable": erasure.unreadable,
        "asked": erasure.asked,
        "was_done": erasure.was_done,
    }
    store.put(erasure.key, json.dumps(members).encode(), content_type=_JSON, if_match=erasure.etag or None)


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
