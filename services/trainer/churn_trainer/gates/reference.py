"""The reference: the release that no later one may be worse than by more than a margin.

Judging each release against the one before it would let quality slip by a little every time. The reference is kept in
an object beside the pointer. A release becomes the reference if it is at least as good as the reference on the same
customers, if the reference can no longer be compared with, or if a person puts the release into service.
"""

import json
from typing import NamedTuple

from churn import release
from churn.errors import ObjectNotFound
from churn.release import Pointer
from churn.store.interface import ObjectStore

KEY = "models/reference.json"


class Reference(NamedTuple):
    """Which release is the reference, with the SHA-256 of its manifest."""

    version: str
    manifest_sha256: str


class Succession(NamedTuple):
    """Whether a new release becomes the reference once it is in service, and the reason as a sentence."""

    becomes: bool
    reason: str


def read(store: ObjectStore) -> Reference | None:
    """The reference, or None if there is none or its object is damaged; the next release then becomes the reference."""
    try:
        data = json.loads(store.get(KEY).data)
        return Reference(str(data["version"]), str(data["manifest_sha256"]))
    except (ObjectNotFound, ValueError, KeyError, TypeError):
        return None


def write(store: ObjectStore, pointer: Pointer, reason: str) -> None:
    """Make the release that the pointer names the reference; `reason` is a sentence."""
    body = {
        "version": pointer.version,
        "manifest_sha256": pointer.manifest_sha256,
        "since": pointer.released_at,
        "reason": reason,
    }
    store.put(KEY, json.dumps(body, indent=1).encode(), content_type="application/json")


def succeed(store: ObjectStore, pointer: Pointer) -> None:
    """Make the release that the pointer names the reference, if its manifest says so."""
    succession = (release.manifest(store, pointer.version).model_extra or {}).get("reference")
    if isinstance(succession, dict) and succession.get("becomes") is True:
        write(store, pointer, str(succession.get("reason", "")))
