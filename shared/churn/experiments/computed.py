"""The figures of experiments as a worker last computed them.

The API reads them here, which never computes one: for this it would have to load polars.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from churn.errors import ObjectNotFound
from churn.experiments import layout
from churn.experiments.figures import Document
from churn.store import compare_and_swap
from churn.store.compare_and_swap import JSON
from churn.store.interface import ObjectStore

FRESH = timedelta(minutes=5)
"""For so long figures are not computed again: scoring takes seconds, and outcomes take weeks."""

LONGEST = timedelta(minutes=5)
"""A try that was begun longer ago has died with its worker: two releases take two minutes at most, and reading less."""

_KILLED = "its worker was killed, or restarted"


class Computed(NamedTuple):
    """Figures, if there are any yet, and the tries since that have failed, with the reason of the last one.

    `begun` is when the try began that is under way.
    """

    figures: dict[str, Any] | None = None
    tries: int = 0
    failure: str = ""
    begun: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether nothing need be computed at this moment."""
        return (
            self.figures is not None
            and not self.tries
            and timedelta(0) <= now - datetime.fromisoformat(self.figures["computed_at"]) < FRESH
        )

    def is_under_way(self, now: datetime) -> bool:
        """Whether a worker computes figures at this moment; the clocks of two may differ a little."""
        return self.begun is not None and abs(now - self.begun) < LONGEST

    def failed(self, reason: str) -> "Computed":
        """The same after the try that is under way has failed."""
        return Computed(self.figures, self.tries + 1, reason)


def load(store: ObjectStore, experiment_id: str) -> Computed:
    """What was computed last; nothing where nothing was, or can be read. Raises StoreUnavailable."""
    return _stored(store, experiment_id)[0]


def begin(store: ObjectStore, experiment_id: str, now: datetime) -> Computed | None:
    """Begin a try; None while another worker is at one, or figures hold. Raises StoreUnavailable.

    Begun before anything is computed, since what takes too much memory may kill this process too: one that was begun
    long ago has failed.
    """

    def step(held: Computed) -> Computed:
        if held.holds(now) or held.is_under_way(now):
            return held
        return (held.failed(_KILLED) if held.begun else held)._replace(begun=now)

    changed = _change(store, experiment_id, step)
    return changed.record if changed.made else None


def end(store: ObjectStore, experiment_id: str, attempt: Computed, failure: str | None = None) -> None:
    """End a try without figures, for this reason if it has failed, unless another was begun since.

    Raises StoreUnavailable.
    """

    def step(held: Computed) -> Computed:
        if held.begun != attempt.begun:
            return held
        return held._replace(begun=None) if failure is None else held.failed(failure)

    _change(store, experiment_id, step)


def save(store: ObjectStore, experiment_id: str, computed: Computed) -> None:
    """Keep figures. Raises StoreUnavailable."""
    store.put(layout.figures(experiment_id), _to_bytes(computed), content_type=JSON)


def _change(
    store: ObjectStore, experiment_id: str, step: Callable[[Computed], Computed]
) -> compare_and_swap.Change[Computed]:
    key = layout.figures(experiment_id)
    return compare_and_swap.change(store, key, partial(_stored, store, experiment_id), step, _to_bytes)


def _stored(store: ObjectStore, experiment_id: str) -> tuple[Computed, str | None]:
    try:
        found = store.get(layout.figures(experiment_id))
    except ObjectNotFound:
        return Computed(), None
    try:
        return _from_bytes(found.data), found.etag
    except ValueError:  # of another program, or damaged
        return Computed(), found.etag


def _to_bytes(computed: Computed) -> bytes:
    return json.dumps(computed._asdict(), default=datetime.isoformat).encode()


def _from_bytes(data: bytes) -> Computed:
    """Raises ValueError unless the object has the shape in which it is kept."""
    document = Document.model_validate_json(data)
    return Computed(json.loads(data)["figures"], document.tries, document.failure, document.begun)
