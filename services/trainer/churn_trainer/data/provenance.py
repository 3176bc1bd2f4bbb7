"""Where the store's table came from, written beside it, so that a sample stays one whichever program reads it later."""

import json

from churn.errors import ObjectNotFound
from churn.store.interface import ObjectStore
from churn_trainer.data import sample

KEY = "data/raw/SOURCE.json"


def note(store: ObjectStore, kind: str, sha256: str) -> None:
    """Write down of which kind (file, store, download or sample) the table with this checksum is."""
    body = json.dumps({"source": kind, "sha256": sha256}).encode()
    store.put(KEY, body, content_type="application/json")


def is_sample(store: ObjectStore, sha256: str, start: bytes) -> bool:
    """Whether the table with this checksum and these first bytes is a sample: it is written down, or its ids say so,
    as those of every sample do, also of programs that wrote nothing down."""
    return _noted(store) == ("sample", sha256) or sample.has_its_ids(start)


def _noted(store: ObjectStore) -> tuple[str, str] | None:
    try:
        told = json.loads(store.get(KEY).data)
        return str(told["source"]), str(told["sha256"])
    except (ObjectNotFound, ValueError, TypeError, KeyError):
        return None
