"""Erasing customers from campaigns, whose tables of chosen customers are erased like those that are tracked."""

from collections.abc import Collection
from contextlib import suppress

import numpy as np

from churn.campaigns import layout
from churn.errors import ObjectNotFound, PreconditionFailed
from churn.store.interface import ObjectStore
from churn_api.campaigns import paths
from churn_api.campaigns.answers import LIST_COLUMNS
from churn_api.jobs.csv.output import defused
from churn_api.jobs.csv.result_files import CSV, CUSTOMER_ID
from churn_api.jobs.digests import are_in, digests, from_bytes, to_bytes
from churn_api.tracking.csv_rows import RowDropper, drop_rows

_PLACE = LIST_COLUMNS.index(CUSTOMER_ID)
_BINARY = "application/octet-stream"


def erase_from_campaigns(store: ObjectStore, names: Collection[str]) -> None:
    """Drop these customers from the lists and the members of all campaigns, and from those who have opted out."""
    written = {*names, *map(defused, names)}
    for campaign_id in list(layout.ids(store)):
        was_there = _has_record(store, campaign_id)
        for raw in (False, True):
            drop_rows(store, layout.listing(campaign_id, raw=raw), _PLACE, written)
        for arm in paths.ARMS:
            while not _drop_members(store, paths.members(campaign_id, arm), names):
                pass
        if was_there and not _has_record(store, campaign_id):
            # Deleted meanwhile: nobody else knows of what was just written.
            store.delete([entry.key for entry in store.list(layout.folder(campaign_id))])
    while not _drop_opt_outs(store, names):
        pass


def _has_record(store: ObjectStore, campaign_id: str) -> bool:
    return any(store.list(layout.record(campaign_id), limit=1))


def _drop_members(store: ObjectStore, key: str, names: Collection[str]) -> bool:
    """Whether it is done; False where somebody has changed the object meanwhile."""
    with suppress(ObjectNotFound):
        stored = store.get(key)
        held = from_bytes(stored.data)
        dropped = are_in(held, np.unique(digests(names)))
        if dropped.any():
            return _is_put(store, key, to_bytes(held[~dropped]), stored.etag, _BINARY)
    return True


def _drop_opt_outs(store: ObjectStore, names: Collection[str]) -> bool:
    """The same for the list of those who have opted out, which somebody may replace at any moment."""
    with suppress(ObjectNotFound):
        stored = store.get(paths.OPT_OUTS)
        dropper = RowDropper(0, names)
        left = b"".join(dropper.passing([stored.data]))
        if dropper.dropped:
            return _is_put(store, paths.OPT_OUTS, left, stored.etag, CSV)
    return True


def _is_put(store: ObjectStore, key: str, data: bytes, etag: str, kind: str) -> bool:
    try:
        store.put(key, data, content_type=kind, if_match=etag)
    except PreconditionFailed:
        return False
    return True
