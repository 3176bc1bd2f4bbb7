"""Managing releases: list, show, promote, roll back, prune. The pointer moves only by compare-and-swap."""

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from churn import release
from churn.errors import ObjectNotFound, ReleaseRefused, StoreUnavailable, UnknownRelease
from churn.job_states import FINISHED
from churn.release import Manifest, Pointer
from churn.store.interface import ObjectStore
from churn_trainer.errors import NothingOlder
from churn_trainer.gates import reference
from churn_trainer.publishing import layout, states
from churn_trainer.publishing.states import State
from churn_trainer.settings import TrainerSettings

log = logging.getLogger(__name__)

# A run claims its version after training, when only files are left to write, so a claim this old was abandoned.
_LONGEST_RUN = timedelta(days=1)

# The state of a release in service when the command that put it there was killed before recording it.
_NAMED = State(states.RELEASED, "the pointer names it")


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
        return written if written and written.name == states.RELEASED else _NAMED
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
    """Move the pointer from `expected` to a version, record both releases' states, and update the layout's copies.

    Raises what `release.promote` raises, PreconditionFailed among it if the pointer is no longer the expected one. Once
    the pointer has moved, a failing store is only logged, and the next start does the rest.
    """
    pointer = release.promote(store, version, expected)
    try:
        states.note(store, version, states.RELEASED, reason)
        if expected is not None and expected.version not in ("", version):
            states.note(store, expected.version, states.REPLACED, f"{version} is in service")
        follow(store, settings, pointer)
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
    """Put the named version into service, or else the newest one before the current that may follow it and loads.

    It may if it passed its gates and declares the same customers, because whoever asks sends their fields. Raises
    NothingOlder if there is none, and what `release.promote` raises.
    """
    if version is not None:
        return move(store, settings, version, replaceable(store), "rolled back to by name")
    pointer = release.current(store)
    if pointer is None:
        raise NothingOlder(None)
    for candidate in _before(store, pointer):
        try:
            return move(store, settings, candidate, pointer, f"rolled back from {pointer.version}")
        except (ReleaseRefused, UnknownRelease) as error:  # it could not serve either
            log.warning("passed over", extra={"version": candidate, "reason": error.message})
    raise NothingOlder(pointer.version)


def _before(store: ObjectStore, pointer: Pointer) -> Iterator[str]:
    """The releases that a rollback may go back to, the newest first.

    While nobody knows what the one in service declares, because its manifest is damaged, those that have served.
    """
    declared = _schema_hash(store, pointer.version)
    for version in sorted(release.versions(store), reverse=True):
        if version < pointer.version:
            with suppress(ReleaseRefused, UnknownRelease):  # it could not serve either
                manifest = release.manifest(store, version)
                served = any(state.name == states.RELEASED for state in states.history(store, version))
                if passed_gates(manifest) and (manifest.schema_hash == declared if declared else served):
                    yield version


def _schema_hash(store: ObjectStore, version: str) -> str | None:
    try:
        return release.manifest(store, version).schema_hash
    except (ReleaseRefused, UnknownRelease):
        return None


def prune(store: ObjectStore, keep: int) -> list[str]:
    """Delete old releases and the remains of interrupted runs; returns their versions.

    Kept are the newest `keep` releases, the current one, the one that was in service before it, the one that a
    rollback would go back to, the reference, and any that an unfinished job is pinned to. Raises ReleaseRefused for a
    malformed pointer.
    """
    versions = sorted(release.versions(store), reverse=True)
    kept = {*versions[:keep], *_in_service(store), *_pinned(store)}
    if measure := reference.read(store):
        kept.add(measure.version)
    doomed = [version for version in versions if version not in kept]
    abandoned = list(_abandoned(store, datetime.now(UTC)))
    for version in (*doomed, *abandoned):
        _delete(store, version)
    # Reports of a release stay when it is deleted; those of a run that never published one go with its remains.
    store.delete(key for version in abandoned for key in layout.reports(version))
    return [*doomed, *abandoned]


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


def passed_gates(manifest: Manifest) -> bool:
    """Whether the release passed every gate; true for a manifest from before there were gates."""
    return bool((manifest.model_extra or {}).get("gates_passed", True))


def _in_service(store: ObjectStore) -> set[str]:
    """The current release, the one that was in service before it, and the one that a rollback would go back to.

    Raises ReleaseRefused for a malformed pointer, because nothing may be deleted while the current release is unknown.
    """
    pointer = release.current(store)
    if pointer is None:
        return set()
    back = next((version for version in _before(store, pointer) if can_serve(store, version)), None)
    return {pointer.version, *filter(None, [_previous(store), back])}


def _previous(store: ObjectStore) -> str | None:
    """The release that was in service before the current one, by the pointer."""
    try:
        previous = json.loads(store.get(release.POINTER).data).get("previous")
    except (ObjectNotFound, ValueError, AttributeError):
        return None
    return str(previous) if previous else None


def _pinned(store: ObjectStore) -> set[str]:
    """The versions that unfinished jobs are pinned to."""
    pinned = set()
    for name in store.folders("jobs/"):
        try:
            job = json.loads(store.get(f"jobs/{name}/job.json").data)
            # A newer version of the API may have further states, but always sets the moment of the end.
            finished = job.get("status") in FINISHED or job.get("finished_at") is not None
            version = str(job.get("model_version"))
        except ObjectNotFound:
            continue  # a folder of something else, or a job that was just deleted
        except (ValueError, AttributeError):
            log.warning("a job's record is damaged; nothing is kept for it", extra={"job": name})
            continue
        if not finished:
            pinned.add(version)
    return pinned


def _abandoned(store: ObjectStore, moment: datetime) -> Iterator[str]:
    """Versions that a run claimed more than a day ago and never published."""
    published = set(release.versions(store))
    for version in store.folders(release.ROOT):
        with suppress(ValueError):  # a folder of something else
            claimed = datetime.strptime(version, release.VERSION_FORMAT).replace(tzinfo=UTC)
            if version not in published and moment - claimed > _LONGEST_RUN:
                yield version


def _delete(store: ObjectStore, version: str) -> None:
    """Delete a release, its manifest first: without it the release is gone for everyone, even if the rest fails."""
    folder = release.folder(version)
    store.delete([f"{folder}manifest.json"])
    for prefix in (folder, layout.processed(version)):
        store.delete([entry.key for entry in store.list(prefix)])
    store.delete(name(version) for name in (layout.model, layout.model_info, layout.scaler, layout.encoder))
