"""The experiments in the store: adding, finding, listing and changing them."""

import logging
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from churn import ulid
from churn.clock import Clock, now
from churn.errors import ObjectNotFound
from churn.experiments import layout
from churn.experiments.errors import UnknownExperiment, UnreadableExperiment
from churn.experiments.experiment import ENDED, PROMOTED, RUNNING, Experiment, Status
from churn.overlap import overlapped
from churn.store import compare_and_swap
from churn.store.compare_and_swap import JSON, Change
from churn.store.interface import ObjectStore

log = logging.getLogger(__name__)

PATTERN = layout.ID + ulid.PATTERN
"""The ids, as a regular expression for Python and JSON Schema alike."""

_is_id = re.compile(PATTERN).fullmatch
_READ_AT_ONCE = 8


class ExperimentRepository:
    """The experiments of a store. Every change of a record is a compare-and-swap."""

    def __init__(self, store: ObjectStore, clock: Clock = now) -> None:
        self.store = store
        self.clock = clock

    def new_id(self) -> str:
        """A new id, which sorts behind all others, also where a clock that was ahead has made one."""
        others = [found for found in layout.ids(self.store) if _is_id(found)]
        behind = [ulid.created(max(others).removeprefix(layout.ID)) + timedelta(milliseconds=1)] if others else []
        return layout.ID + ulid.new(max([self.clock(), *behind]))

    def add(self, experiment: Experiment) -> None:
        """Write the record of a new experiment."""
        self.store.put(layout.record(experiment.id), experiment.to_bytes(), content_type=JSON, if_absent=True)

    def load(self, experiment_id: str) -> Experiment:
        """The experiment as it is now. Raises UnknownExperiment and UnreadableExperiment."""
        return self._stored(experiment_id)[0]

    def all(self) -> Iterator[Experiment]:
        """The experiments, the newest first; one whose record cannot be read is passed over."""
        calls = (partial(self._seen, experiment_id) for experiment_id in reversed(list(layout.ids(self.store))))
        return (experiment for experiment in overlapped(calls, _READ_AT_ONCE) if experiment is not None)

    def running(self) -> Iterator[Experiment]:
        """Those that run, the newest first: one, unless others are about to be ended."""
        return (experiment for experiment in self.all() if experiment.status == RUNNING)

    def change(self, experiment_id: str, step: Callable[[Experiment], Experiment]) -> Change[Experiment]:
        """Apply `step` to the current record, again if it changes meanwhile; the same object means no change.

        Raises UnknownExperiment, UnreadableExperiment, and whatever `step` raises.
        """
        key = layout.record(experiment_id)
        return compare_and_swap.change(self.store, key, partial(self._stored, experiment_id), step, Experiment.to_bytes)

    def close(self, experiment_id: str, reason: str, status: Status = ENDED) -> Experiment:
        """Write down that an experiment no longer runs, and why; one that runs no longer stays as it is.

        Raises UnknownExperiment, UnreadableExperiment and StoreUnavailable.
        """

        def step(found: Experiment) -> Experiment:
            if found.status != RUNNING:
                return found
            return found.having(status=status, ended_at=self.clock(), reason=reason)

        return self.change(experiment_id, step).record

    def rolled_back(self) -> set[str]:
        """The versions of the releases that were gone back from: no program tries one again, so nothing oscillates."""
        former = (experiment for experiment in self.all() if experiment.origin == "former")
        return {experiment.champion for experiment in former if experiment.status == PROMOTED}

    def _stored(self, experiment_id: str) -> tuple[Experiment, str]:
        if not _is_id(experiment_id):
            raise UnknownExperiment(experiment_id)
        key = layout.record(experiment_id)
        try:
            found = self.store.get(key)
        except ObjectNotFound as error:
            raise UnknownExperiment(experiment_id) from error
        return Experiment.from_bytes(found.data, key), found.etag

    def _seen(self, experiment_id: str) -> Experiment | None:
        try:
            return self.load(experiment_id)
        except UnknownExperiment:
            return None
        except UnreadableExperiment as error:
            log.error("%s The experiment is passed over.", error.message)
            return None
