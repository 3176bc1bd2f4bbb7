"""The states of a release, recorded beside it: published, held back, released, replaced, with reason and moment.

The object is a history whose last entry is the current state. Manifest and pointer remain the truth: a run that is
killed between two writes leaves a history that is out of date, and `resume` completes it.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from churn import release
from churn.errors import ObjectNotFound, PreconditionFailed
from churn.store.interface import ObjectStore

NAME = "state.json"

PUBLISHED, HELD_BACK, RELEASED, REPLACED = "published", "held back", "released", "replaced"


class State(NamedTuple):
    """A state, its reason in words, and since when (ISO 8601 in UTC; empty if it was not recorded).

    `against` is the version that was in service when the release was judged, None if there was none.
    """

    name: str
    reason: str = ""
    at: str = ""
    against: str | None = None


def note(store: ObjectStore, version: str, name: str, reason: str, against: str | None = None) -> None:
    """Append a state to the history, unless it is the current one, for the same reason; writers lose no entry."""
    while True:
        etag, history = _read(store, version)
        if history and history[-1][:2] == (name, reason):
            return
        state = State(name, reason, datetime.now(UTC).isoformat(timespec="seconds"), against)
        body = json.dumps([entry._asdict() for entry in (*history, state)], indent=1, ensure_ascii=False).encode()
        try:
            store.put(_key(version), body, content_type="application/json", if_match=etag, if_absent=etag is None)
        except PreconditionFailed:
            continue
        return


def history(store: ObjectStore, version: str) -> list[State]:
    """Every recorded state, the oldest first; empty if the object is missing or damaged."""
    return _read(store, version)[1]


def last(store: ObjectStore, version: str) -> State | None:
    """The state that was recorded last, None if none was."""
    return next(reversed(history(store, version)), None)


def _key(version: str) -> str:
    return f"{release.folder(version)}{NAME}"


def _read(store: ObjectStore, version: str) -> tuple[str | None, list[State]]:
    try:
        stored = store.get(_key(version))
    except ObjectNotFound:
        return None, []
    try:
        return stored.etag, [_state(entry) for entry in json.loads(stored.data)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return stored.etag, []


def _state(data: Mapping[str, Any]) -> State:
    against = data.get("against")
    return State(str(data["name"]), str(data["reason"]), str(data["at"]), None if against is None else str(against))
