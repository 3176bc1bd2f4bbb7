"""Putting a release into shadow."""

from typing import NoReturn

from churn import release
from churn.clock import Clock
from churn.errors import NoRelease, ReleaseRefused
from churn.experiments import computed
from churn.experiments.errors import ExperimentConflict
from churn.experiments.experiment import Experiment, Origin
from churn.experiments.repository import ExperimentRepository
from churn.experiments.shadow import settle
from churn.experiments.verdict import MATTERS
from churn.release import Manifest, passed_gates
from churn.store.interface import ObjectStore

# Whoever asks knows what the gates say of it, or it has served before.
_WITHOUT_GATES: tuple[Origin, ...] = ("person", "former")

ENOUGH = 4_000
"""After so many outcomes a challenger that is still alike gives way to a newer one."""

LONGEST = 10_000
"""After so many one that is better gives way, too, and one that may be: it would not be promoted before long."""


def start(store: ObjectStore, challenger: str, origin: Origin, clock: Clock) -> Experiment:
    """Put a release into shadow beside the one in service; an experiment that runs is ended, unless it is the same.

    A program ends only what `holds_shadow` lets it.
    The release's files are not loaded here: a worker's child process does, within limits, before it scores anything.
    Raises NoRelease while nothing is in service, UnknownRelease, ExperimentConflict if the release cannot be compared
    with the one in service, and StoreUnavailable.
    """
    pointer = release.current(store)
    if pointer is None:
        raise NoRelease
    repository = ExperimentRepository(store, clock)
    _check(repository, challenger, pointer.version, origin)
    running = next(repository.running(), None)
    if running and (running.champion, running.challenger) == (pointer.version, challenger):
        return running
    if running and running.champion == pointer.version and origin not in _WITHOUT_GATES:
        _require_place(store, running, challenger)
    moment = clock()
    experiment = Experiment(
        id=repository.new_id(), champion=pointer.version, challenger=challenger, origin=origin, started_at=moment
    )
    repository.add(experiment)
    settle(repository)
    return repository.load(experiment.id)


def _check(repository: ExperimentRepository, challenger: str, champion: str, origin: Origin) -> None:
    if challenger == champion:
        _refuse(f"Release {challenger} is in service: compare another one with it.")
    manifest, serving = (_manifest(repository.store, version) for version in (challenger, champion))
    if manifest.schema_hash != serving.schema_hash:
        _refuse(
            f"Release {challenger} declares other customers, or another outcome, than {champion}, which is in service; "
            "its predictions cannot be compared with those that are tracked."
        )
    if origin in _WITHOUT_GATES:
        return
    if not passed_gates(manifest):
        _refuse(f"Release {challenger} did not pass its gates; a person may try it nevertheless (POST /experiments).")
    if challenger in repository.rolled_back():
        _refuse(f"Release {challenger} was rolled back from; a person may try it again (POST /experiments).")


def holds_shadow(store: ObjectStore, running: Experiment) -> bool:
    """Whether no program is to put another release in the place of the one in shadow. Raises StoreUnavailable.

    A person's experiment is ended by a person, and the watch over a promotion by what comes of it. A program's own has
    its place until it has had ENOUGH outcomes, as evidence begins anew with each challenger. One whose gain so far
    matters, whether that is certain yet or not, has it for LONGEST: to be promoted takes more than to be better.
    """
    if running.origin in _WITHOUT_GATES:
        return True
    figures = computed.load(store, running.id).figures
    verdict = figures["verdict"] if figures else None
    if verdict is None or verdict["state"] == "worse":
        return verdict is None
    gain = verdict["differences"]["log_loss"]
    return bool(verdict["outcomes"] < (LONGEST if gain and gain["value"] >= MATTERS else ENOUGH))


def _require_place(store: ObjectStore, running: Experiment, challenger: str) -> None:
    if holds_shadow(store, running):
        why = {"person": "which a person began", "former": "which watches over the last promotion"}
        _refuse(
            f"{running.id} runs, {why.get(running.origin, 'whose challenger has not had its outcomes yet')}. A person "
            f"may put {challenger} into shadow in its place (POST /experiments)."
        )


def _manifest(store: ObjectStore, version: str) -> Manifest:
    try:
        return release.manifest(store, version)
    except ReleaseRefused as error:
        raise ExperimentConflict(f"{error.message} It cannot be compared with.") from error


def _refuse(message: str) -> NoReturn:
    raise ExperimentConflict(message)
