"""Changing a record in the store so that concurrent writers lose no update."""

from collections.abc import Callable
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

from churn.errors import PreconditionFailed
from churn.store.interface import ObjectStore

JSON = "application/json"

# A record has few writers at a time, so losing this often in a row means that something else is wrong.
_TRIES = 50

T = TypeVar("T")


class Change(NamedTuple, Generic[T]):
    """A record after a change; `made` is False if there was nothing to change."""

    record: T
    made: bool


def change(
    store: ObjectStore,
    key: str,
    read: Callable[[], tuple[T, str | None]],
    step: Callable[[T], T],
    encode: Callable[[T], bytes],
) -> Change[T]:
    """Apply `step` to the current record, again if it changes meanwhile; the same object means no change.

    `read` gives the record with its etag, which is None where there is no object yet. Raises whatever it and `step`
    raise, and PreconditionFailed if others keep changing the record.
    """
    for _ in range(_TRIES):
        record, etag = read()
        changed = step(record)
        if changed is record:
            return Change(record, made=False)
        with suppress(PreconditionFailed):
            store.put(key, encode(changed), content_type=JSON, if_match=etag, if_absent=etag is None)
            return Change(changed, made=True)
    raise PreconditionFailed(key)
