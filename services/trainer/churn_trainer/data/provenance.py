"""A note beside the store's table that says where it came from, so that every later run knows a sample as a sample."""

import json

from churn.errors import ObjectNotFound
from churn.store.interface import ObjectStore
from churn_trainer.data import sample

KEY = "data/raw/SOURCE.json"


def note(store: ObjectStore, kind: str, sha256: str) -> None:
    """Record that the table with this checksum came from `kind`: file, store, download or sample."""
    body = json.dumps({"source": kind, "sha256": sha256}).encode()
    store.put(KEY, body, content_type="application/json")


def is_sample(store: ObjectStore, sha256: str, start: bytes) -> bool:
    """Whether the table with this checksum and these first bytes is a sample.

    Either it is recorded as one, or its ids look like a sample's: earlier versions of the trainer recorded nothing.
    """
    return _noted(store) == ("sample", sha256) or sample.has_its_ids(start)


def _noted(store: ObjectStore) -> tuple[str, str] | None:
    try:
        recorded = json.loads(store.get(KEY).data)
        return str(recorded["source"]), str(recorded["sha256"])
    except (ObjectNotFound, ValueError, TypeError, KeyError):
        return None
