"""Putting the challenger of an experiment into service, after which the former champion is watched."""

from churn import release
from churn.clock import Clock
from churn.errors import PreconditionFailed, ReleaseRefused, UnknownRelease
from churn.experiments.errors import ExperimentConflict
from churn.experiments.experiment import PROMOTED, RUNNING, Experiment
from churn.experiments.reconciliation import reconcile
from churn.experiments.repository import ExperimentRepository
from churn.store.interface import ObjectStore


def promote(store: ObjectStore, experiment_id: str, reason: str, clock: Clock) -> Experiment:
    """Put the challenger into service for this reason, a sentence, if the experiment's champion still is.

    Whoever promotes the same one a second time gets the same answer. Raises UnknownExperiment, ExperimentConflict if
    the experiment is over, another release is in service or this one cannot serve, and StoreUnavailable.
    """
    repository = ExperimentRepository(store, clock)
    experiment = repository.load(experiment_id)
    if experiment.status == PROMOTED:
        return experiment
    if experiment.status != RUNNING:
        raise ExperimentConflict(
            f"Experiment {experiment.id} is over: {experiment.reason} Start another one with {experiment.challenger}."
        )
    _move(store, experiment, f"{reason} ({experiment.id})")

    def step(found: Experiment) -> Experiment:
        if found.status == PROMOTED:
            return found
        # Also if somebody has ended it since: the pointer has moved.
        return found.having(status=PROMOTED, ended_at=clock(), reason=reason)

    promoted = repository.change(experiment.id, step).record
    reconcile(repository)
    return promoted


def _move(store: ObjectStore, experiment: Experiment, reason: str) -> None:
    """Move the pointer from the champion to the challenger, unless somebody just has."""
    pointer = release.current(store)
    if pointer is not None and pointer.version == experiment.challenger:
        return
    if pointer is None or pointer.version != experiment.champion:
        raise _replaced(experiment)
    try:
        release.promote(store, experiment.challenger, pointer, reason)
    except PreconditionFailed:
        moved = release.current(store)
        if moved is None or moved.version != experiment.challenger:
            raise _replaced(experiment) from None
    except (ReleaseRefused, UnknownRelease) as error:
        raise ExperimentConflict(f"{experiment.challenger} stays out of service: {error.public_message}") from error


def _replaced(experiment: Experiment) -> ExperimentConflict:
    return ExperimentConflict(
        f"{experiment.champion} is no longer in service, which {experiment.challenger} was compared with. Start "
        "another experiment."
    )
