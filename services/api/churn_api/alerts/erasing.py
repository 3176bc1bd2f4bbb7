"""Erasing customers from what is kept of alerts."""

import logging
from collections.abc import Collection
from io import BytesIO

import msgspec
import polars as pl

from churn.alerts import layout
from churn.errors import ObjectNotFound
from churn.store.interface import ObjectStore
from churn_api.alerts import record as records
from churn_api.alerts.digest_files import write_digest
from churn_api.alerts.record import Record
from churn_api.alerts.rows import PARQUET, packed
from churn_api.jobs.errors import UnreadableObject

log = logging.getLogger(__name__)


def erase_from_alerts(store: ObjectStore, names: Collection[str]) -> None:
    """Drop these customers from the state and from all digests. Nobody may be evaluating. Raises StoreUnavailable.

    First of all the record is changed, so that who has begun to evaluate, and was taken for dead, cannot bring anybody
    back.
    """
    if not any(store.list(layout.ROOT, limit=1)):
        return
    try:
        records.change(store, _begun)
    except UnreadableObject as error:  # nobody can evaluate with it either
        log.error("%s Delete it: alerts begin anew then.", error.message)
    keys = [entry.key for entry in store.list(layout.ROOT)]
    for key in keys:
        if key.startswith(layout.STATE):
            _erase_from_state(store, key, names)
        elif (digest_id := layout.digest_of(key)) is not None:
            _erase_from_digest(store, digest_id, names)
    # A list without its digest is of an evaluation that was cut off between the two.
    whole = {layout.digest_list(digest_id) for key in keys if (digest_id := layout.digest_of(key)) is not None}
    store.delete(key for key in keys if key.endswith(".csv") and key not in whole)


def _begun(record: Record) -> Record:
    # Also one that names nothing yet: the first evaluation is made of it.
    return msgspec.structs.replace(record, version=record.version + 1)


def _erase_from_state(store: ObjectStore, key: str, names: Collection[str]) -> None:
    try:
        state = pl.read_parquet(BytesIO(store.get(key).data))
        held = state["customer_id"].is_in(list(names))
    except ObjectNotFound:
        return
    except pl.exceptions.PolarsError as error:
        log.error("%s cannot be read, and is deleted: it could hold an erased customer: %s", key, error)
        store.delete([key])
        return
    if held.any():
        store.put(key, packed(state.filter(~held)), content_type=PARQUET)


def _erase_from_digest(store: ObjectStore, digest_id: str, names: Collection[str]) -> None:
    try:
        customers = records.customers(store, digest_id)
    except UnreadableObject as error:
        log.error("%s It is deleted, since it could hold an erased customer.", error.message)
        store.delete([layout.digest(digest_id), layout.digest_list(digest_id)])
        return
    kept = [customer for customer in customers if customer.customerID not in names]
    if len(kept) < len(customers):
        write_digest(store, digest_id, kept)
