"""The keys of a release's files in the store, and the copies without a version that the release in service has.

A run writes its files only under its version. The copies are made when the pointer moves, so that a release that is
held back does not touch those of the one in service. config/aws_config.json is written last and names their version.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress

from churn import release
from churn.errors import BrokenDeclaration, ObjectNotFound, ReleaseRefused
from churn.release import Pointer
from churn.schema import built_in, load_schema
from churn.store.address import parse_url
from churn.store.interface import ObjectStore
from churn.store.s3_client import own_endpoint
from churn_trainer.data.sources import key_of
from churn_trainer.settings import TrainerSettings

CONFIG = "config/aws_config.json"

DASHBOARD = "telco_churn_dashboard.png"
HEATMAP = "correlation_heatmap.png"
REPORT = "exploration_report.json"

PROCESSED = "data/processed/"
_PARTS = tuple(f"{kind}_{part}.csv" for kind in "Xy" for part in ("train", "val", "test"))
PROCESSED_FILES = (*_PARTS, "feature_names.csv")


def model(version: str) -> str:
    """The key of the pickled estimator."""
    return f"models/trained/micro_best_model_{version}.pkl"


def model_info(version: str) -> str:
    """The key of the JSON that describes the pickled estimator."""
    return f"models/trained/micro_best_model_info_{version}.json"


def scaler(version: str) -> str:
    """The key of the pickled StandardScaler of the columns."""
    return f"models/trained/micro_feature_scaler_{version}.pkl"


def encoder(version: str) -> str:
    """The key of the pickled LabelEncoder of No and Yes."""
    return f"models/trained/micro_label_encoder_{version}.pkl"


def processed(version: str) -> str:
    """The folder of the columns and labels that the version was trained and tested on."""
    return f"{PROCESSED}{version}/"


def reports(version: str) -> Iterator[str]:
    """The keys of a run's reports, which the product only writes."""
    yield f"outputs/experiments/micro_model_comparison_{version}.json"
    yield f"outputs/experiments/micro_final_test_results_{version}.json"
    yield f"outputs/plots/micro_model_comparison_{version}.png"


def copies(version: str) -> Iterator[tuple[str, str]]:
    """Each key without a version, with the key of the version's file that it is a copy of."""
    yield "models/encoders/feature_scaler.pkl", scaler(version)
    yield "models/encoders/label_encoder.pkl", encoder(version)
    for name in PROCESSED_FILES:
        yield f"{PROCESSED}{name}", processed(version) + name
    for name in (DASHBOARD, HEATMAP):
        yield f"outputs/plots/{name}", release.folder(version) + name
    yield f"outputs/reports/{REPORT}", release.folder(version) + REPORT


def write(store: ObjectStore, settings: TrainerSettings, pointer: Pointer) -> None:
    """Copy the files of the release that the pointer names, then write the config; start over if the pointer moves."""
    while True:
        for key, original in copies(pointer.version):
            # A release of an older version of the trainer does not have all of these files.
            with suppress(ObjectNotFound):
                store.concatenate(key, [original], content_type=release.content_type(key))
        write_config(store, settings, pointer)
        now = _current(store)
        if now is None or now.version == pointer.version:
            return
        pointer = now


def is_of(store: ObjectStore, pointer: Pointer) -> bool:
    """Whether the copies are those of the release that the pointer names, by what config/aws_config.json says."""
    try:
        config = json.loads(store.get(CONFIG).data)
    except (ObjectNotFound, ValueError):
        return False
    fields = config if isinstance(config, dict) else {}
    return (fields.get("current_version"), fields.get("released_at")) == (pointer.version, pointer.released_at)


def write_config(store: ObjectStore, settings: TrainerSettings, pointer: Pointer) -> None:
    """Write config/aws_config.json, which says where everything is, for programs that read it in the first version."""
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
            # A release of an older version of the trainer has no scaler under its version.
            **{name: key if _is_there(store, key) else None for name, key in versioned.items()},
            "raw_data": _raw_data(store, version),
        },
    }
    store.put(CONFIG, json.dumps(body, indent=1).encode(), content_type="application/json")


def _raw_data(store: ObjectStore, version: str) -> str:
    """The key of the table that a release was trained on, by the declaration that it carries."""
    try:
        text = store.get(f"{release.folder(version)}{release.DECLARATION}").data.decode()
        return key_of(load_schema(text, release.DECLARATION))
    except (ObjectNotFound, UnicodeDecodeError, BrokenDeclaration):  # older than declarations, or damaged
        return key_of(built_in("telco"))


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
