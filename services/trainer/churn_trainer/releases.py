"""Looking after releases: list, show, promote, roll back, prune. The pointer only moves by compare-and-swap."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from churn import release
from churn.errors import ObjectNotFound, ReleaseRefused, UnknownRelease
from churn.release import Manifest, Pointer
from churn.s3_client import own_endpoint
from churn.store import ObjectStore, parse_url
from churn_trainer import reference
from churn_trainer.errors import NothingOlder
from churn_trainer.settings import TrainerSettings

log = logging.getLogger(__name__)

CONFIG = "config/aws_config.json"

# Beside a release: what became of it, once its run was through.
SETTLED = "settled.json"

# What a job needs its release for; afterwards its results stand by themselves.
_FINISHED_JOBS = {"completed", "cancelled", "failed", "expired"}

# A version is claimed when all is trained and only files are left to write.
_LONGEST_RUN = timedelta(days=1)


class Listed(NamedTuple):
    """A published release; one that can't be read has no manifest, and says why in `refusal`."""

    version: str
    manifest: Manifest | None
    in_service: bool
    refusal: str = ""


def listed(store: ObjectStore) -> list[Listed]:
    """Every published release, the newest first, those that can't be read among them."""
    pointer = replaceable(store)
    return [
        _listed(store, version, pointer is not None and pointer.version == version)
        for version in sorted(release.versions(store), reverse=True)
    ]


def _listed(store: ObjectStore, version: str, in_service: bool) -> Listed:
    try:
        return Listed(version, release.manifest(store, version), in_service)
    except (ReleaseRefused, UnknownRelease) as error:  # damaged, or deleted since it was listed
        return Listed(version, None, in_service, error.message)


def replaceable(store: ObjectStore) -> Pointer | None:
    """The pointer as it is to be moved: a malformed one, which names no version, may be replaced as well."""
    try:
        return release.current(store)
    except ReleaseRefused:
        return Pointer("", "", "", store.head(release.POINTER).etag)


def promote(store: ObjectStore, settings: TrainerSettings, version: str) -> Pointer:
    """Put a version into service, whatever its gates said. Raises what `release.promote` raises."""
    return move(store, settings, version, replaceable(store))


def move(store: ObjectStore, settings: TrainerSettings, version: str, expected: Pointer | None) -> Pointer:
    """Move the pointer, if it is still the expected one, and keep config/aws_config.json true."""
    pointer = release.promote(store, version, expected)
    settle(store, version, "released")
    reference.succeed(store, pointer)
    write_config(store, settings, pointer)
    return pointer


def settle(store: ObjectStore, version: str, outcome: str) -> None:
    """Note beside a release that its run has come to its end; without it, the run broke off before that."""
    body = json.dumps({"outcome": outcome}).encode()
    store.put(f"{release.folder(version)}{SETTLED}", body, content_type="application/json")


def is_left(store: ObjectStore, found: Listed) -> bool:
    """Whether a release may serve and would be the newest, but a run that broke off never put it into service."""
    pointer = replaceable(store)
    if found.manifest is None or not passed_gates(found.manifest) or pointer is None:
        return False
    if found.version in (pointer.version, _previous(store)) or found.version < pointer.version:
        return False
    try:
        store.head(f"{release.folder(found.version)}{SETTLED}")
    except ObjectNotFound:
        return True
    return False


def rollback(store: ObjectStore, settings: TrainerSettings, version: str | None) -> Pointer:
    """Point to the named version, or to the newest one older than the current that passed its gates and loads.

    Raises NothingOlder where there is none.
    """
    if version is not None:
        return move(store, settings, version, replaceable(store))
    pointer = release.current(store)
    older = [one for one in sorted(release.versions(store), reverse=True) if pointer and one < pointer.version]
    for candidate in older:
        try:
            if passed_gates(release.manifest(store, candidate)):
                return move(store, settings, candidate, pointer)
        except ReleaseRefused:
            continue  # one that can't serve is no place to go back to
    raise NothingOlder(pointer.version if pointer else None)


def prune(store: ObjectStore, keep: int) -> list[str]:
    """Delete old releases and what a run that broke off left of one; returns their versions. The newest `keep` stay,
    the current, the one before it, the reference, and any that an unfinished job is pinned to."""
    versions = sorted(release.versions(store), reverse=True)
    kept = {*versions[:keep], *_in_service(store), *_pinned(store)}
    if measure := reference.read(store):
        kept.add(measure.version)
    doomed = [version for version in versions if version not in kept]
    doomed += _abandoned(store, datetime.now(UTC))
    for version in doomed:
        _delete(store, version)
    return doomed


def trained_from(store: ObjectStore, fingerprint: str) -> Listed | None:
    """The published release that was made from the same data, code and settings, if any; None while none is in service.

    One that a gate held back counts, and so does one that was rolled back from: training again would change neither.
    The one in service counts only while it can serve.
    """
    pointer = replaceable(store)
    if pointer is None or not pointer.version:
        return None
    for found in listed(store):
        if found.manifest and (found.manifest.model_extra or {}).get("fingerprint") == fingerprint:
            return found if not found.in_service or _can_serve(store, found.version) else None
    return None


def _can_serve(store: ObjectStore, version: str) -> bool:
    try:
        release.load(store, version)
    except ReleaseRefused:
        return False
    return True


def passed_gates(manifest: Manifest) -> bool:
    return bool((manifest.model_extra or {}).get("gates_passed", True))


def write_config(store: ObjectStore, settings: TrainerSettings, pointer: Pointer) -> None:
    """Where things are, for people and programs that know the first version's file."""
    address = parse_url(settings.store_url)
    body = {
        "store_url": settings.store_url,
        "bucket": address.place if address.kind == "s3" else None,
        "region": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        "endpoint_url": own_endpoint() if address.kind == "s3" else None,
        "current_version": pointer.version,
        "released_at": pointer.released_at,
        "keys": {
            "pointer": release.POINTER,
            "release": release.folder(pointer.version),
            "model": f"models/trained/micro_best_model_{pointer.version}.pkl",
            "model_info": f"models/trained/micro_best_model_info_{pointer.version}.json",
            "feature_scaler": "models/encoders/feature_scaler.pkl",
            "label_encoder": "models/encoders/label_encoder.pkl",
            "raw_data": "data/raw/telco_customer_churn.csv",
        },
    }
    store.put(CONFIG, json.dumps(body, indent=1).encode(), content_type="application/json")


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
            finished, version = job.get("status") in _FINISHED_JOBS, str(job.get("model_version"))
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
    store.delete([entry.key for entry in store.list(folder)])
    trained = f"models/trained/micro_best_model_{version}.pkl", f"models/trained/micro_best_model_info_{version}.json"
    store.delete(trained)
