"""Deleting releases that nothing needs any more, and what runs that broke off have left."""

import json
import logging
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from churn import release
from churn.errors import ObjectNotFound, ReleaseRefused, UnknownRelease
from churn.experiments.repository import ExperimentRepository
from churn.job_states import FINISHED
from churn.store.interface import ObjectStore
from churn_trainer.gates import reference
from churn_trainer.publishing import layout, releases

log = logging.getLogger(__name__)

# A run claims its version after training, when only files are left to write, so a claim this old was abandoned.
_LONGEST_RUN = timedelta(days=1)


def prune(store: ObjectStore, keep: int) -> list[str]:
    """Delete old releases and the remains of interrupted runs; returns their versions.

    Kept are the newest `keep` releases of trainings and as many of the online challenger, and those that `_needed` has.
    Raises ReleaseRefused for a malformed pointer.
    """
    needed = _needed(store)
    versions = sorted(release.versions(store), reverse=True)
    online = _of_online(store, versions)
    trained = [version for version in versions if version not in online]
    doomed = [version for version in (*trained[keep:], *online[keep:]) if version not in needed]
    abandoned = list(_abandoned(store, versions, datetime.now(UTC)))
    for version in (*doomed, *abandoned):
        _delete(store, version)
    # Reports of a release stay when it is deleted; those of a run that never published one go with its remains.
    store.delete(key for version in abandoned for key in layout.reports(version))
    return [*doomed, *abandoned]


def _needed(store: ObjectStore) -> set[str]:
    """The releases that something needs, however old they are.

    The current one, the one that was in service before it, the one that a rollback would go back to, the reference,
    those of the experiment that runs, and any that an unfinished job is pinned to. Raises ReleaseRefused for a
    malformed pointer.
    """
    needed = {*_in_service(store), *_compared(store), *_pinned(store)}
    if measure := reference.read(store):
        needed.add(measure.version)
    return needed


def _of_online(store: ObjectStore, versions: Iterable[str]) -> list[str]:
    """Those of the releases that are the online challenger's, in their order."""
    found = []
    for version in versions:
        with suppress(ReleaseRefused, UnknownRelease):  # one that cannot be read is pruned with those of trainings
            if releases.is_online(release.manifest(store, version)):
                found.append(version)
    return found


def _compared(store: ObjectStore) -> set[str]:
    """The champion and the challenger of each experiment that runs: to either of them may be gone back."""
    running = ExperimentRepository(store).running()
    return {version for experiment in running for version in (experiment.champion, experiment.challenger)}


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


def _abandoned(store: ObjectStore, published: Container[str], moment: datetime) -> Iterator[str]:
    """Versions that a run claimed more than a day ago and never published."""
    for version in store.folders(release.ROOT):
        with suppress(ValueError):  # a folder of something else
            claimed = release.moment_of(version)
            if version not in published and moment - claimed > _LONGEST_RUN:
                yield version


def _delete(store: ObjectStore, version: str) -> None:
    """Delete a release, its manifest first: without it the release is gone for everyone, even if the rest fails."""
    store.delete([release.manifest_key(version)])
    for prefix in (release.folder(version), layout.processed(version)):
        store.delete([entry.key for entry in store.list(prefix)])
    store.delete(name(version) for name in (layout.model, layout.model_info, layout.scaler, layout.encoder))


def _in_service(store: ObjectStore) -> set[str]:
    """The current release, the one that was in service before it, and the one that a rollback would go back to.

    Raises ReleaseRefused for a malformed pointer, because nothing may be deleted while the current release is unknown.
    """
    pointer = release.current(store)
    if pointer is None:
        return set()
    back = next((version for version in releases.before(store, pointer) if releases.can_serve(store, version)), None)
    return {pointer.version, *filter(None, [pointer.previous, back])}
