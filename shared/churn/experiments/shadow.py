"""The release in shadow: models/shadow.json names it, as the records of the experiments say.

The records are the truth: the newest running experiment is the one that runs. Whatever was cut off between a record
and the object is finished by the next `settle`.
"""

import json
from contextlib import suppress
from typing import NamedTuple

from churn import release
from churn.errors import ObjectNotFound, PreconditionFailed, UnknownRelease
from churn.experiments.errors import UnknownExperiment, UnreadableExperiment
from churn.experiments.experiment import FAILED, Experiment
from churn.experiments.layout import SHADOW
from churn.experiments.repository import ExperimentRepository
from churn.store.compare_and_swap import JSON
from churn.store.interface import ObjectStore

# What the object holds while no release is in shadow, once one was.
_NOTHING = b"{}"

# Others that start and end experiments at the same time make it look again; so many do not.
_TRIES = 20


class InShadow(NamedTuple):
    """What the object names: an experiment, its challenger's version, and the checksum of this one's manifest."""

    experiment: str
    version: str
    manifest_sha256: str


def settle(repository: ExperimentRepository) -> Experiment | None:
    """Have the object name the newest running experiment, and end those that it replaces; returns it, if one runs.

    Raises StoreUnavailable, and PreconditionFailed if others keep changing the object.
    """
    for _ in range(_TRIES):
        etag, named = _stored(repository.store)
        running = list(repository.running())
        for older in running[1:]:
            repository.close(older.id, f"Replaced by {running[0].challenger} ({running[0].id}).")
        if not running:
            if named is None or not _is_over(repository, named.experiment):
                return None
            # Not deleted, which no store does under a condition, and which the trainer's role must not.
            with suppress(PreconditionFailed):
                repository.store.put(SHADOW, _NOTHING, content_type=JSON, if_match=etag)
                return None
        elif (named and named.experiment == running[0].id) or _put_named(repository, running[0], etag):
            return running[0]
    raise PreconditionFailed(SHADOW)


def in_shadow(store: ObjectStore) -> InShadow | None:
    """What the object names; None while nothing is in shadow, or the object is damaged. Raises StoreUnavailable."""
    return _stored(store)[1]


def _stored(store: ObjectStore) -> tuple[str | None, InShadow | None]:
    """The object's etag and what it names."""
    try:
        stored = store.get(SHADOW)
    except ObjectNotFound:
        return None, None
    try:
        held = json.loads(stored.data)
        return stored.etag, InShadow(*(str(held[name]) for name in InShadow._fields))
    except (ValueError, KeyError, TypeError):
        return stored.etag, None


def _is_over(repository: ExperimentRepository, named: str) -> bool:
    """Whether an experiment certainly runs no longer: not if a newer program wrote its record, or it is damaged."""
    try:
        return repository.load(named).ended_at is not None
    except UnknownExperiment:
        return True
    except UnreadableExperiment:
        return False


def _put_named(repository: ExperimentRepository, experiment: Experiment, etag: str | None) -> bool:
    """Have the object name the experiment; returns whether it does, which it does not if others change it meanwhile.

    If the release is gone, the experiment is closed instead, as one that has failed.
    """
    try:
        sha256 = release.manifest_sha256(repository.store, experiment.challenger)
    except UnknownRelease:
        repository.close(experiment.id, f"Release {experiment.challenger} was deleted.", FAILED)
        return False
    named = InShadow(experiment.id, experiment.challenger, sha256)
    data = json.dumps(named._asdict() | {"since": experiment.started_at.isoformat(timespec="seconds")}).encode()
    with suppress(PreconditionFailed):
        repository.store.put(SHADOW, data, content_type=JSON, if_match=etag, if_absent=etag is None)
        return True
    return False
