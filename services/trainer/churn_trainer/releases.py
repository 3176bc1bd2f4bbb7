"""Looking after releases: list, show, promote, roll back, prune. The pointer only moves by compare-and-swap."""

import json
import os
from typing import Any

from churn import release
from churn.errors import ObjectNotFound, ReleaseRefused
from churn.release import Manifest, Pointer
from churn.s3_client import own_endpoint
from churn.store import ObjectStore, parse_url
from churn_trainer.errors import NothingOlder
from churn_trainer.settings import TrainerSettings

CONFIG = "config/aws_config.json"

# What a job needs its release for; afterwards its results stand by themselves.
_FINISHED_JOBS = {"completed", "cancelled", "failed", "expired"}


def listed(store: ObjectStore) -> list[tuple[Manifest, bool]]:
    """Every published release, the newest first, and whether it is the one in service."""
    pointer = release.current(store)
    newest_first = sorted(release.versions(store), reverse=True)
    return [(release.manifest(store, one), pointer is not None and pointer.version == one) for one in newest_first]


def promote(store: ObjectStore, settings: TrainerSettings, version: str) -> Pointer:
    """Put a version into service, whatever its gates said. Raises what `release.promote` raises."""
    return move(store, settings, version, release.current(store))


def move(store: ObjectStore, settings: TrainerSettings, version: str, expected: Pointer | None) -> Pointer:
    """Move the pointer, if it is still the expected one, and keep config/aws_config.json true."""
    pointer = release.promote(store, version, expected)
    write_config(store, settings, pointer)
    return pointer


def rollback(store: ObjectStore, settings: TrainerSettings, version: str | None) -> Pointer:
    """Point to the named version, or to the newest one older than the current that passed its gates and loads.

    Raises NothingOlder where there is none.
    """
    pointer = release.current(store)
    if version is not None:
        return move(store, settings, version, pointer)
    older = [one for one in sorted(release.versions(store), reverse=True) if pointer and one < pointer.version]
    for candidate in older:
        try:
            if passed_gates(release.manifest(store, candidate)):
                return move(store, settings, candidate, pointer)
        except ReleaseRefused:
            continue  # one that can't serve is no place to go back to
    raise NothingOlder(pointer.version if pointer else None)


def prune(store: ObjectStore, keep: int) -> list[str]:
    """Delete old releases; returns their versions. The newest `keep` stay, the current, the one before it, and any that
    an unfinished job is pinned to."""
    versions = sorted(release.versions(store), reverse=True)
    kept = {*versions[:keep], *_in_service(store), *_pinned(store)}
    doomed = [version for version in versions if version not in kept]
    for version in doomed:
        _delete(store, version)
    return doomed


def trained_from(store: ObjectStore, fingerprint: str) -> str | None:
    """The published version that was made from the same data, code and settings, if any; None while none is in service.

    One that a gate held back counts, and so does one that was rolled back from: training again would change neither.
    """
    if release.current(store) is None:
        return None
    for manifest, _ in listed(store):
        if (manifest.model_extra or {}).get("fingerprint") == fingerprint:
            return manifest.version
    return None


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
    """The current release and the one that was in service before it."""
    try:
        body: dict[str, Any] = json.loads(store.get(release.POINTER).data)
    except ObjectNotFound:
        return set()
    older = [version for version in release.versions(store) if version < body["version"]]
    return {body["version"], *filter(None, [body.get("previous")]), *sorted(older)[-1:]}


def _pinned(store: ObjectStore) -> set[str]:
    """The versions that jobs on their way need."""
    pinned = set()
    for name in store.folders("jobs/"):
        try:
            job = json.loads(store.get(f"jobs/{name}/job.json").data)
        except ObjectNotFound:
            continue  # a folder of something else, or a job that was just deleted
        if job.get("status") not in _FINISHED_JOBS:
            pinned.add(str(job.get("model_version")))
    return pinned


def _delete(store: ObjectStore, version: str) -> None:
    """The manifest first: without it the release is gone for everyone, however far the rest gets."""
    folder = release.folder(version)
    store.delete([f"{folder}manifest.json"])
    store.delete([entry.key for entry in store.list(folder)])
    trained = f"models/trained/micro_best_model_{version}.pkl", f"models/trained/micro_best_model_info_{version}.json"
    store.delete(trained)
