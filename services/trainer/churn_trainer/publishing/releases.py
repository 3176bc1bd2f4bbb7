"""Managing releases: list, show, promote, roll back. The pointer moves only by compare-and-swap."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from churn import release
from churn.errors import ReleaseRefused, StoreUnavailable, UnknownRelease
from churn.experiments.experiment import PROMOTED
from churn.experiments.reconciliation import reconcile
from churn.experiments.repository import ExperimentRepository
from churn.release import Manifest, Pointer, passed_gates
from churn.store.interface import ObjectStore
from churn_trainer.errors import NothingOlder
from churn_trainer.gates import reference
from churn_trainer.publishing import layout, states
from churn_trainer.publishing.states import State
from churn_trainer.settings import TrainerSettings

log = logging.getLogger(__name__)


class Listed(NamedTuple):
    """A published release and its state; one that cannot be read has no manifest, and `refusal` says why."""

    version: str
    manifest: Manifest | None
    in_service: bool
    state: State
    refusal: str = ""


def listed(store: ObjectStore) -> list[Listed]:
    """Every published release, the newest first, those that cannot be read included."""
    pointer = replaceable(store)
    return [_listed(store, version, pointer) for version in sorted(release.versions(store), reverse=True)]


def _listed(store: ObjectStore, version: str, pointer: Pointer | None) -> Listed:
    in_service = pointer is not None and pointer.version == version
    try:
        manifest = release.manifest(store, version)
    except (ReleaseRefused, UnknownRelease) as error:  # damaged, or deleted since it was listed
        return Listed(version, None, in_service, State(""), error.message)
    state = _state(manifest, states.last(store, version), pointer)
    if state.name == states.PUBLISHED and (reason := declares_others(store, manifest.schema_hash, pointer)):
        state = State(states.HELD_BACK, reason, state.at, state.against)
    return Listed(version, manifest, in_service, state)


def _state(manifest: Manifest, written: State | None, pointer: Pointer | None) -> State:
    """The state by the manifest and the pointer: the recorded one, unless that was not brought up to date."""
    current = pointer.version if pointer else ""
    if manifest.version == current:
        return _in_service_since(written, pointer)
    served = pointer is not None and pointer.reason and manifest.version == pointer.previous
    if served and (written is None or written.name != states.REPLACED):
        return State(states.REPLACED, f"{current} is in service")
    if not passed_gates(manifest) and (written is None or written.name == states.PUBLISHED):
        return State(states.HELD_BACK, shut_gates(manifest))
    if written is None:
        # An earlier version of the trainer recorded no states: a release older than the current one was replaced.
        return State(states.REPLACED if manifest.version < current else states.PUBLISHED)
    if written.name == states.RELEASED:
        return State(states.REPLACED, f"{current} is in service" if current else "nothing is in service")
    if written.name == states.PUBLISHED and current and written.against != current:
        return State(states.HELD_BACK, f"{current} was put into service before it, which it was not judged against")
    return written


def _in_service_since(written: State | None, pointer: Pointer | None) -> State:
    """As it was recorded, unless the command was killed before that, or it was no command: a promoted experiment."""
    reason = pointer.reason if pointer else ""
    if written and written.name == states.RELEASED and reason in ("", written.reason):
        return written
    return State(states.RELEASED, reason or "the pointer names it", pointer.released_at if pointer else "")


def shut_gates(manifest: Manifest) -> str:
    """The gates that a release did not pass, with their figures, as one line."""
    gates = (manifest.model_extra or {}).get("gates", [])
    return "; ".join(f"{gate['name']}: {gate['detail']}" for gate in gates if not gate["passed"])


def replaceable(store: ObjectStore) -> Pointer | None:
    """The current pointer, to be replaced by a new one; None if there is none.

    A malformed pointer can be replaced too: it has an etag, but an empty version.
    """
    try:
        return release.current(store)
    except ReleaseRefused:
        return Pointer("", "", "", store.head(release.POINTER).etag)


def promote(store: ObjectStore, settings: TrainerSettings, version: str) -> Pointer:
    """Put a version into service, whether or not it passed its gates. Raises what `release.promote` raises."""
    return move(store, settings, version, replaceable(store), "promoted by name")


def move(store: ObjectStore, settings: TrainerSettings, version: str, expected: Pointer | None, reason: str) -> Pointer:
    """Move the pointer from `expected` to a version, and have the states of both, copies and experiments follow it.

    Raises what `release.promote` raises, PreconditionFailed among it if the pointer is no longer the expected one. Once
    the pointer has moved, a failing store is only logged, and the next start does the rest.
    """
    pointer = release.promote(store, version, expected, reason)
    try:
        states.note(store, version, states.RELEASED, reason)
        if expected is not None and expected.version not in ("", version):
            states.note(store, expected.version, states.REPLACED, f"{version} is in service")
        follow(store, settings, pointer)
        reconcile(ExperimentRepository(store))
    except StoreUnavailable as error:
        # The version is in service, so this is no failure: a rollback that is tried again would go back one more.
        log.warning("the next start writes the rest", extra={"version": version, "reason": error.message})
    return pointer


def follow(store: ObjectStore, settings: TrainerSettings, pointer: Pointer) -> None:
    """Update the reference and the layout's copies to the release that the pointer names."""
    with suppress(ReleaseRefused, UnknownRelease):  # a damaged manifest says nothing about the reference
        reference.succeed(store, pointer)
    layout.write(store, settings, pointer)


def rollback(store: ObjectStore, settings: TrainerSettings, version: str | None) -> Pointer:
    """Put the named version into service, or else the first of `before` that loads.

    All of them passed their gates and declare the same customers, because whoever asks sends their fields. Raises
    NothingOlder if there is none, and what `release.promote` raises.
    """
    if version is not None:
        return move(store, settings, version, replaceable(store), "rolled back to by name")
    pointer = release.current(store)
    if pointer is None:
        raise NothingOlder(None)
    for candidate in before(store, pointer):
        try:
            return move(store, settings, candidate, pointer, f"rolled back from {pointer.version}")
        except (ReleaseRefused, UnknownRelease) as error:  # it could not serve either
            log.warning("passed over", extra={"version": candidate, "reason": error.message})
    raise NothingOlder(pointer.version)


def before(store: ObjectStore, pointer: Pointer) -> Iterator[str]:
    """The releases that a rollback may go back to: of those that are older, the newest first, those that have served.

    A challenger that never did may have been judged worse; and none is returned to that was gone back from. From a
    challenger that was promoted it goes back to its champion first, which may be the newer one.
    """
    declared = _schema_hash(store, pointer.version)
    repository = ExperimentRepository(store)
    # What a worker promoted is recorded beside the release by the next start of the trainer only.
    promoted = {experiment.challenger for experiment in repository.all() if experiment.status == PROMOTED}
    gone_back_from = repository.rolled_back()
    older = [version for version in sorted(release.versions(store), reverse=True) if version < pointer.version]
    champion = [pointer.previous] if pointer.version in promoted else []
    for version in dict.fromkeys([*filter(None, champion), *older]):
        if version in gone_back_from:
            continue
        with suppress(ReleaseRefused, UnknownRelease):  # it could not serve either
            manifest = release.manifest(store, version)
            served = version in (pointer.previous, *promoted) or _has_served(store, manifest)
            # While nobody knows what the one in service declares, because its manifest is damaged, it may be the same.
            if served and passed_gates(manifest) and declared in (None, manifest.schema_hash):
                yield version


def _has_served(store: ObjectStore, manifest: Manifest) -> bool:
    """By its recorded states; an earlier version of the trainer recorded none, and knew no release that waits."""
    history = states.history(store, manifest.version)
    return (not history and not is_online(manifest)) or any(
        state.name in (states.RELEASED, states.REPLACED) for state in history
    )


def _schema_hash(store: ObjectStore, version: str) -> str | None:
    try:
        return release.manifest(store, version).schema_hash
    except (ReleaseRefused, UnknownRelease):
        return None


def is_online(manifest: Manifest) -> bool:
    """Whether the release is one of the online challenger."""
    return (manifest.model_extra or {}).get("origin") == "online"


def can_serve(store: ObjectStore, version: str) -> bool:
    """Whether the release loads: its files have their checksums and its worked examples come out the same."""
    try:
        release.load(store, version)
    except (ReleaseRefused, UnknownRelease):
        return False
    return True


def is_in_service(store: ObjectStore, version: str) -> bool:
    """Whether the pointer names this version."""
    pointer = replaceable(store)
    return pointer is not None and pointer.version == version


def can_serve_now(store: ObjectStore) -> bool:
    """Whether there is a release in service and it loads."""
    pointer = replaceable(store)
    return pointer is not None and bool(pointer.version) and can_serve(store, pointer.version)


def declares_others(store: ObjectStore, schema_hash: str, pointer: Pointer | None) -> str:
    """Why a release with this schema's hash may not replace by itself what the pointer names; empty if it may.

    It may not where that one can serve and declares other customers or another outcome, because whoever asks it sends
    its fields, and goes by what its probability is of.
    """
    if pointer is None or not pointer.version:
        return ""
    try:
        serving = release.load(store, pointer.version)
    except (ReleaseRefused, UnknownRelease):
        return ""
    if serving.schema.hash == schema_hash:
        return ""
    return f"it declares other customers, or another outcome, than {pointer.version}, which is in service"
