"""The files of the store's layout that carry no version: copies of those of the release in service.

A run writes its files under its version alone. The copies are made when the pointer moves, so that a release that is
held back changes nothing of the one in service; config/aws_config.json is written last and says whose copies they are.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress

from churn import release
from churn.errors import ObjectNotFound, ReleaseRefused
from churn.release import Pointer
from churn.store.address import parse_url
from churn.store.interface import ObjectStore
from churn.store.s3_client import own_endpoint
from churn_trainer.settings import TrainerSettings

CONFIG = "config/aws_config.json"

DASHBOARD = "telco_churn_dashboard.png"
HEATMAP = "correlation_heatmap.png"
REPORT = "exploration_report.json"

PROCESSED = "data/processed/"
_PARTS = tuple(f"{kind}_{part}.csv" for kind in "Xy" for part in ("train", "val", "test"))
PROCESSED_FILES = (*_PARTS, "feature_names.csv")


def model(version: str) -> str:
    return f"models/trained/micro_best_model_{version}.pkl"


def model_info(version: str) -> str:
    return f"models/trained/micro_best_model_info_{version}.json"


def scaler(version: str) -> str:
    return f"models/trained/micro_feature_scaler_{version}.pkl"


def encoder(version: str) -> str:
    return f"models/trained/micro_label_encoder_{version}.pkl"


def processed(version: str) -> str:
    """The folder of the columns and labels that the version was trained and tested on."""
    return f"{PROCESSED}{version}/"


def reports(version: str) -> Iterator[str]:
    """What tells of a run, under its version; nothing needs it."""
    yield f"outputs/experiments/micro_model_comparison_{version}.json"
    yield f"outputs/experiments/micro_final_test_results_{version}.json"
    yield f"outputs/plots/micro_model_comparison_{version}.png"


def copies(version: str) -> Iterator[tuple[str, str]]:
    """Each key without a version, and the key that it is a copy of."""
    yield "models/encoders/feature_scaler.pkl", scaler(version)
    yield "models/encoders/label_encoder.pkl", encoder(version)
    for name in PROCESSED_FILES:
        yield f"{PROCESSED}{name}", processed(version) + name
    for name in (DASHBOARD, HEATMAP):
        yield f"outputs/plots/{name}", release.folder(version) + name
    yield f"outputs/reports/{REPORT}", release.folder(version) + REPORT


def write(store: ObjectStore, settings: TrainerSettings, pointer: Pointer) -> None:
    """Make the copies those of the release in service; where the pointer moves meanwhile, those of the new one."""
    while True:
        for key, original in copies(pointer.version):
            # A release of an older program has no file of its own for each of them.
            with suppress(ObjectNotFound):
                store.concatenate(key, [original], content_type=release.content_type(key))
        write_config(store, settings, pointer)
        now = _current(store)
        if now is None or now.version == pointer.version:
            return
        pointer = now


def is_of(store: ObjectStore, pointer: Pointer) -> bool:
    """Whether the copies are those of the release that the pointer names."""
    try:
        config = json.loads(store.get(CONFIG).data)
    except (ObjectNotFound, ValueError):
        return False
    told = config if isinstance(config, dict) else {}
    return (told.get("current_version"), told.get("released_at")) == (pointer.version, pointer.released_at)


def write_config(store: ObjectStore, settings: TrainerSettings, pointer: Pointer) -> None:
    """Where things are, for people and programs that know the first version's file."""
    address = parse_url(settings.store_url)
    version = pointer.version
    versioned = {
        "model": model(version),
        "model_info": model_info(version),
        "feature_scaler": scaler(version),
        "label_encoder": encoder(version),
    }
    body = {
        "store_url": settings.store_url,
        "bucket": address.place if address.kind == "s3" else None,
        "region": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        "endpoint_url": own_endpoint() if address.kind == "s3" else None,
        "current_version": version,
        "released_at": pointer.released_at,
        "keys": {
            "pointer": release.POINTER,
            "release": release.folder(version),
            # A release of an older program has no scaler of its own.
            **{name: key if _is_there(store, key) else None for name, key in versioned.items()},
            "raw_data": "data/raw/telco_customer_churn.csv",
        },
    }
    store.put(CONFIG, json.dumps(body, indent=1).encode(), content_type="application/json")


def _is_there(store: ObjectStore, key: str) -> bool:
    try:
        store.head(key)
    except ObjectNotFound:
        return False
    return True


def _current(store: ObjectStore) -> Pointer | None:
    try:
        return release.current(store)
    except ReleaseRefused:
        return None
