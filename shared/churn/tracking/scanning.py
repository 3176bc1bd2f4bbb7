"""Reading the Parquet files of the tracked tables; one that is none of them stops no answer."""

import logging
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import polars as pl

from churn.store.interface import ObjectStore

log = logging.getLogger(__name__)


def scan(store: ObjectStore, key: str, columns: Mapping[str, Any]) -> pl.LazyFrame:
    """The file of this key, which is held in memory: a few bytes a row.

    Without rows, and with an error in the log, if its footer cannot be read or lacks one of these columns. Raises
    ObjectNotFound and StoreUnavailable.
    """
    data = BytesIO(store.get(key).data)
    try:
        lacking = columns.keys() - pl.read_parquet_schema(data)
        reason = f"it has no {', '.join(sorted(lacking))}" if lacking else ""
    except pl.exceptions.PolarsError as error:
        reason = str(error)
    if reason:
        log.error("%s is passed over. Delete it, or replace it by a copy: %s", key, reason)
        return pl.LazyFrame(schema=columns)
    data.seek(0)
    return pl.scan_parquet(data)
