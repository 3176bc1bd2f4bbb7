"""Dropping the rows of customers who were erased while a file was being written."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from io import BytesIO

import polars as pl

from churn.errors import ObjectNotFound, PreconditionFailed
from churn.store.interface import ObjectStore
from churn.tracking import erasure
from churn_api.tracking.parquet import PARQUET, metadata_of, to_bytes

Erased = Mapping[str, datetime]


def drop_erased_since(store: ObjectStore, keys: Iterable[str], known: Erased) -> None:
    """Drop the rows of customers from files that were just written, unless they were `known` as erased by then.

    Their erasures may have looked for files before these were there; whoever is erased from now on is found in them.
    """
    new = {name: moment for name, moment in erasure.recent(store).items() if known.get(name) != moment}
    if new:
        for key in keys:
            while not _dropped(store, key, new):
                pass


def _dropped(store: ObjectStore, key: str, erased: Erased) -> bool:
    """Whether it is done; False where an erasure has changed the file meanwhile."""
    with suppress(ObjectNotFound):
        stored = store.get(key)
        table = pl.read_parquet(BytesIO(stored.data))
        kept = erasure.without(table, erased)
        if not kept.height:
            store.delete([key])
        elif kept.height < table.height:
            data = to_bytes(kept, metadata_of(stored.data))
            try:
                store.put(key, data, content_type=PARQUET, if_match=stored.etag)
            except PreconditionFailed:
                return False
    return True
