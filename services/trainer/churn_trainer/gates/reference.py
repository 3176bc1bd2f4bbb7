"""The reference: the release that none may fall behind by more than a margin, whatever was released in between.

It is one object beside the pointer. A release becomes the reference where it is at least as good as the one before it
on the same customers, where that one can be compared with no longer, or where a person puts it into service. So quality
may rise step by step, but cannot slip by a little with every release.
"""

import json
from typing import NamedTuple

from churn import release
from churn.errors import ObjectNotFound
from churn.release import Pointer
from churn.store.interface import ObjectStore

KEY = "models/reference.json"


class Reference(NamedTuple):
    """Which release is the reference; the checksum is that of its manifest."""

    version: str
    manifest_sha256: str


class Succession(NamedTuple):
    """Whether a new release becomes the reference once it is in service, and in one sentence why."""

    becomes: bool
    reason: str


def read(store: ObjectStore) -> Reference | None:
    """The reference, or None where none is kept or its object is damaged: it protects nothing, and is written anew."""
    try:
        data = json.loads(store.get(KEY).data)
        return Reference(str(data["version"]), str(data["manifest_sha256"]))
    except (ObjectNotFound, ValueError, KeyError, TypeError):
        return None


def write(store: ObjectStore, pointer: Pointer, reason: str) -> None:
    """Make the release in service the reference."""
    body = {
        "version": pointer.version,
        "manifest_sha256": pointer.manifest_sha256,
        "since": pointer.released_at,
        "reason": reason,
    }
    store.put(KEY, json.dumps(body, indent=1).encode(), content_type="application/json")


def succeed(store: ObjectStore, pointer: Pointer) -> None:
    """Do what the manifest of the release that came into service says of the reference."""
    told = (release.manifest(store, pointer.version).model_extra or {}).get("reference")
    if isinstance(told, dict) and told.get("becomes") is True:
        write(store, pointer, str(told.get("reason", "")))
