"""Looking after releases: list, show, promote, roll back, prune. The pointer only moves by compare-and-swap."""

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

# A version is claimed when all is trained and only files are left to write.
_LONGEST_RUN = timedelta(days=1)

# Of the release in service, where whoever put it there was killed before writing it down.
_NAMED = State(states.RELEASED, "the pointer names it")


class Listed(NamedTuple):
    """A published release and its state; one that can't be read has no manifest, and says why in `refusal`."""

    version: str
    manifest: Manifest | None
    in_service: bool
    state: State
    refusal: str = ""


def listed(store: ObjectStore) -> list[Listed]:
    """Every published release, the newest first, those that can't be read among them."""
    pointer = replaceable(store)
    return [_listed(store, version, pointer) for version in sorted(release.versions(store), reverse=True)]


def _listed(store: ObjectStore, version: str, pointer: Pointer | None) -> Listed:
    in_service = pointer is not None and pointer.version == version
    try:
        manifest = release.manifest(store, version)
    except (ReleaseRefused, UnknownRelease) as error:  # damaged, or deleted since it was listed
        return Listed(version, None, in_service, State(""), error.message)
    return Listed(version, manifest, in_service, _state(manifest, states.last(store, version), pointer))


def _state(manifest: Manifest, written: State | None, pointer: Pointer | None) -> State:
    """The state that manifest and pointer say: the one that was written down, unless that is behind."""
    current = pointer.version if pointer else ""
    if manifest.version == current:
        return written if written and written.name == states.RELEASED else _NAMED
    if not passed_gates(manifest) and (written is None or written.name == states.PUBLISHED):
        return State(states.HELD_BACK, shut_gates(manifest))
    if written is None:
        # Of a program that wrote no states: what is older than the release in service has had its time.
        return State(states.REPLACED if manifest.version < current else states.PUBLISHED)
    if written.name == states.RELEASED:
        return State(states.REPLACED, f"{current} is in service" if current else "nothing is in service")
    if written.name == states.PUBLISHED and current and written.against != current:
        return State(states.HELD_BACK, f"{current} was put into service before it, which it was not judged against")
    return written


def shut_gates(manifest: Manifest) -> str:
    """Which gates a release did not pass, with their figures."""
    gates = (manifest.model_extra or {}).get("gates", [])
    return "; ".join(f"{gate['name']}: {gate['detail']}" for gate in gates if not gate["passed"])


def replaceable(store: ObjectStore) -> Pointer | None:
    """The pointer as it is to be moved: a malformed one, which names no version, may be replaced as well."""
    try:
        return release.current(store)
    except ReleaseRefused:
        return Pointer("", "", "", store.head(release.POINTER).etag)


def promote(store: ObjectStore, settings: TrainerSettings, version: str) -> Pointer:
    """Put a version into service, whatever its gates said. Raises what `release.promote` raises."""
    return move(store, settings, version, replaceable(store), "promoted by name")


def move(store: ObjectStore, settings: TrainerSettings, version: str, expected: Pointer | None, reason: str) -> Pointer:
    """Move the pointer, if it is still the expected one; write down what that means for both releases, and make the
    copies of the layout follow. What the store fails to take of the rest is left to the next start."""
    pointer = release.promote(store, version, expected)
    try:
        states.note(store, version, states.RELEASED, reason)
        if expected is not None and expected.version not in ("", version):
            states.note(store, expected.version, states.REPLACED, f"{version} is in service")
        follow(store, settings, pointer)
    except StoreUnavailable as error:
        # It is in service: whoever tried again would go back by one release more.
        log.warning("the next start writes the rest", extra={"version": version, "reason": error.message})
    return pointer


def follow(store: ObjectStore, settings: TrainerSettings, pointer: Pointer) -> None:
    """Make the reference and the copies of the layout follow the pointer."""
    with suppress(ReleaseRefused, UnknownRelease):  # a damaged one says nothing of the reference
        reference.succeed(store, pointer)
    layout.write(store, settings, pointer)


def rollback(store: ObjectStore, settings: TrainerSettings, version: str | None) -> Pointer:
    """Point to the named version, or to the newest one older than the current that passed its gates and loads.

    Raises NothingOlder where there is none.
    """
    if version is not None:
        return move(store, settings, version, replaceable(store), "rolled back to by name")
    pointer = release.current(store)
    if pointer is None:
        raise NothingOlder(None)
    for candidate in sorted(release.versions(store), reverse=True):
        try:
            if candidate < pointer.version and passed_gates(release.manifest(store, candidate)):
                return move(store, settings, candidate, pointer, f"rolled back from {pointer.version}")
        except (ReleaseRefused, UnknownRelease) as error:  # one that can't serve is no place to go back to
            log.warning("passed over", extra={"version": candidate, "reason": error.message})
    raise NothingOlder(pointer.version)


def prune(store: ObjectStore, keep: int) -> list[str]:
    """Delete old releases and what a run that broke off left of one; returns their versions. The newest `keep` stay,
    the current, the one before it, the reference, and any that an unfinished job is pinned to."""
    versions = sorted(release.versions(store), reverse=True)
    kept = {*versions[:keep], *_in_service(store), *_pinned(store)}
    if measure := reference.read(store):
        kept.add(measure.version)
    doomed = [version for version in versions if version not in kept]
    abandoned = list(_abandoned(store, datetime.now(UTC)))
    for version in (*doomed, *abandoned):
        _delete(store, version)
    # What is told of a release outlives it; of one that never was nobody wants to know.
    store.delete(key for version in abandoned for key in layout.reports(version))
    return [*doomed, *abandoned]


def can_serve(store: ObjectStore, version: str) -> bool:
    try:
        release.load(store, version)
    except (ReleaseRefused, UnknownRelease):
        return False
    return True


def is_in_service(store: ObjectStore, version: str) -> bool:
    pointer = replaceable(store)
    return pointer is not None and pointer.version == version


def can_serve_now(store: ObjectStore) -> bool:
    """Whether there is a release in service, and it can serve."""
    pointer = replaceable(store)
    return pointer is not None and bool(pointer.version) and can_serve(store, pointer.version)


def passed_gates(manifest: Manifest) -> bool:
    return bool((manifest.model_extra or {}).get("gates_passed", True))


def _in_service(store: ObjectStore) -> set[str]:
    """The current release and the one that was in service before it. Raises ReleaseRefused for a malformed pointer:
    while nobody knows what is in service, nothing may go."""
    pointer = release.current(store)
    if pointer is None:
        return set()
    older = [version for version in release.versions(store) if version < pointer.version]
    return {pointer.version, *filter(None, [_previous(store)]), *sorted(older)[-1:]}


def _previous(store: ObjectStore) -> str | None:
    """The release that was in service before the current one, as the pointer has it."""
    try:
        previous = json.loads(store.get(release.POINTER).data).get("previous")
    except (ObjectNotFound, ValueError, AttributeError):
        return None
    return str(previous) if previous else None


def _pinned(store: ObjectStore) -> set[str]:
    """The versions that jobs on their way need."""
    pinned = set()
    for name in store.folders("jobs/"):
        try:
            job = json.loads(store.get(f"jobs/{name}/job.json").data)
            # A newer program may know further states, but not leave out the moment.
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
    """Versions that were claimed by a run that never published them, and can no longer be at it."""
    published = set(release.versions(store))
    for version in store.folders(release.ROOT):
        with suppress(ValueError):  # a folder of something else
            claimed = datetime.strptime(version, release.VERSION_FORMAT).replace(tzinfo=UTC)
            if version not in published and moment - claimed > _LONGEST_RUN:
                yield version


def _delete(store: ObjectStore, version: str) -> None:
    """The manifest first: without it the release is gone for everyone, however far the rest gets."""
    folder = release.folder(version)
    store.delete([f"{folder}manifest.json"])
    for prefix in (folder, layout.processed(version)):
        store.delete([entry.key for entry in store.list(prefix)])
    store.delete(name(version) for name in (layout.model, layout.model_info, layout.scaler, layout.encoder))
