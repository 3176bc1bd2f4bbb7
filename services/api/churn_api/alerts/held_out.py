"""Who is held out of a running campaign: a customer who is told of is no longer one to compare with."""

import logging
from collections.abc import Iterator
from io import BytesIO

import polars as pl

from churn.campaigns import layout, started
from churn.errors import ObjectNotFound
from churn.store.interface import ObjectStore
from churn.tracking.outcome_schema import HOLD_OUT

log = logging.getLogger(__name__)


def held_out(store: ObjectStore) -> pl.Series:
    """The ids of customers whom running campaigns hold out; none where none runs. Raises StoreUnavailable."""
    return pl.concat([pl.Series("customer_id", [], pl.String), *_found(store)]).unique()


def _found(store: ObjectStore) -> Iterator[pl.Series]:
    for campaign in started.all_started(store):
        if campaign.closed is None:
            for entry in store.list(layout.contacts(campaign.id)):
                yield _of(store, entry.key)


def _of(store: ObjectStore, key: str) -> pl.Series:
    try:
        rows = pl.read_parquet(BytesIO(store.get(key).data), columns=["customer_id", "arm"])
    except ObjectNotFound:
        rows = pl.DataFrame(schema={"customer_id": pl.String, "arm": pl.String})  # its customers were erased
    except pl.exceptions.PolarsError as error:
        log.error("%s cannot be read: whom this campaign holds out may be alerted on: %s", key, error)
        rows = pl.DataFrame(schema={"customer_id": pl.String, "arm": pl.String})
    return rows.filter(pl.col("arm") == HOLD_OUT)["customer_id"]
