"""What every look at the experiments does first: it finishes what was cut off, and follows what others have done."""

import logging
from contextlib import suppress

from churn import release
from churn.errors import ChurnError, NoRelease, ObjectNotFound, ReleaseRefused, UnknownRelease
from churn.experiments.errors import ExperimentConflict
from churn.experiments.experiment import FAILED, PROMOTED, Experiment
from churn.experiments.repository import ExperimentRepository
from churn.experiments.shadow import settle
from churn.experiments.starting import start
from churn.pointer import Pointer

log = logging.getLogger(__name__)

_FORMER_REFUSED: tuple[type[ChurnError], ...] = (ExperimentConflict, UnknownRelease, NoRelease, ReleaseRefused)


def reconcile(repository: ExperimentRepository) -> Experiment | None:
    """Bring records and the object of the release in shadow up to date; returns the experiment that runs, if one does.

    An experiment whose challenger was put into service is promoted, however that happened; one whose champion was
    replaced by another release is ended; and the former champion of the last promotion is watched. Nothing is known of
    these while the pointer cannot be read. Raises StoreUnavailable.
    """
    running = settle(repository)
    try:
        pointer = release.current(repository.store)
    except ReleaseRefused as error:
        log.error("%s Experiments stay as they are until it can be read.", error.message)
        return running
    if running and _close_if_over(repository, running, pointer):
        running = settle(repository)
    return running or _watch_former(repository, pointer)


def _close_if_over(repository: ExperimentRepository, running: Experiment, pointer: Pointer | None) -> bool:
    """Close the experiment if there is nothing to compare any more; returns whether it did."""
    if pointer is not None and pointer.version == running.champion:
        return _close_if_deleted(repository, running)
    if pointer is not None and pointer.version == running.challenger:
        repository.close(running.id, pointer.reason or "It was put into service by hand.", PROMOTED)
    else:
        version = pointer.version if pointer else "Nothing"
        repository.close(running.id, f"{version} is in service, and no longer {running.champion}.")
    return True


def _close_if_deleted(repository: ExperimentRepository, running: Experiment) -> bool:
    try:
        repository.store.head(release.manifest_key(running.challenger))
    except ObjectNotFound:
        repository.close(running.id, f"Release {running.challenger} was deleted.", FAILED)
        return True
    return False


def _watch_former(repository: ExperimentRepository, pointer: Pointer | None) -> Experiment | None:
    """Start an experiment with the former champion if a promotion is the last that happened; returns it, if it runs."""
    last = next(repository.all(), None)
    if last is None or last.status != PROMOTED or last.origin == "former":
        return None
    if pointer is None or pointer.version != last.challenger:
        return None
    with suppress(*_FORMER_REFUSED):  # it was deleted: nobody can go back to it
        return start(repository.store, last.champion, "former", repository.clock)
    return None
