"""The pointer: the one object that names the release in service, as `churn.release.promote` moves it."""

import json
from dataclasses import dataclass

from churn.errors import ObjectNotFound, ReleaseRefused
from churn.store.interface import ObjectStore

POINTER = "models/current.json"


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which release is in service, since when (ISO 8601), and why; `etag` is the pointer object's.

    The reason is empty where whoever moved the pointer gave none; `previous` is the version that it named before.
    """

    version: str
    manifest_sha256: str
    released_at: str
    etag: str
    reason: str = ""
    previous: str = ""


def current(store: ObjectStore) -> Pointer | None:
    """The pointer, or None while nothing is released. Raises ReleaseRefused if it is malformed."""
    try:
        stored = store.get(POINTER)
    except ObjectNotFound:
        return None
    try:
        data = json.loads(stored.data)
        moved = str(data["version"]), str(data["manifest_sha256"]), str(data["released_at"])
        return Pointer(*moved, stored.etag, str(data.get("reason") or ""), str(data.get("previous") or ""))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReleaseRefused("current", f"{POINTER} is malformed ({error!r})") from error
