"""Writing a run's results to the store: the release, and the files of the layout beside it."""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import joblib
import numpy as np
from sklearn.preprocessing import LabelEncoder

from churn import release
from churn.store.interface import ObjectStore
from churn.tracking.reference import REFERENCE
from churn_trainer.data.prepare import processed_files
from churn_trainer.exploration import plots
from churn_trainer.publishing import card, layout, states
from churn_trainer.publishing.card import Trained
from churn_trainer.publishing.card_html import page
from churn_trainer.settings import TrainerSettings

COMPARISON = "model_comparison.png"


def explored(report: dict[str, Any], pictures: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a release that describe its table, by name: the report as JSON, and the pictures as PNG."""
    return {**pictures, layout.REPORT: _json(report)}


def results(
    trained: Trained,
    explored: Mapping[str, bytes],
    settings: TrainerSettings,
    store: ObjectStore,
    moment: datetime,
    against: str | None = None,
) -> str:
    """Write everything under a new version, named after the moment in UTC, and return the version.

    This puts nothing into service and changes nothing that exists. `explored` are the files of `explored`, `against` is
    the version in service that the new one was judged against, None if there was none.
    """
    version = release.claim(store, moment)
    manifest = card.manifest(trained, moment, settings.selection)
    design = f"{settings.cv_repeats} × {settings.cv_folds}-fold cross-validation"
    comparison = plots.model_comparison(manifest["comparison"]["candidates"], design)
    for name, chunks in processed_files(trained.prepared):
        store.write(layout.processed(version) + name, chunks, content_type="text/csv")
    for key, data in _classic(trained, manifest, version):
        _put(store, key, data)
    _put(store, f"outputs/plots/micro_model_comparison_{version}.png", comparison)
    whole = {"version": version, **manifest}
    files = {
        **trained.served.files,
        **explored,
        REFERENCE: trained.reference.to_bytes(),
        COMPARISON: comparison,
        "card.json": _json(whole),
        "card.html": page(whole).encode(),
    }
    states.note(store, version, states.PUBLISHED, "trained; its run is not through", against)
    release.publish(store, version, manifest, files, trained.prepared.table.schema)
    return version


def _put(store: ObjectStore, key: str, data: bytes) -> None:
    store.put(key, data, content_type=release.content_type(key))


def _classic(trained: Trained, manifest: dict[str, Any], version: str) -> Iterator[tuple[str, bytes]]:
    """The keys and contents of the layout's files that carry the version; nothing in the product loads them."""
    files = {
        "model": (layout.model(version), pickled(trained.champion.model)),
        "feature_scaler": (layout.scaler(version), pickled(trained.prepared.scaler)),
        "label_encoder": (layout.encoder(version), pickled(LabelEncoder().fit(np.array(["No", "Yes"])))),
    }
    yield from files.values()
    comparison = manifest["comparison"] | {"costs": card.costs(trained), "drivers": trained.drivers}
    columns = len(trained.prepared.columns)
    about = {
        "version": version,
        "how_to_use": f"Scale the {columns} columns with the feature_scaler, then call predict_proba of the model.",
        "keys": {name: key for name, (key, _) in files.items()},
        "sha256": {name: _sha256(data) for name, (_, data) in files.items()},
    }
    copied = ("model_name", "timestamp", "parameters", "threshold", "fitted_on", "metrics", "data", "libraries")
    info = about | {name: manifest[name] for name in copied}
    yield layout.model_info(version), _json(info)
    yield f"outputs/experiments/micro_model_comparison_{version}.json", _json({"version": version} | comparison)
    tested = ("model_name", "calibration", "recalibration", "score_distribution", "thresholds", "fairness", "gates")
    metrics = {name: manifest["metrics"][name] for name in ("test", "test_intervals")}
    final = {"version": version} | metrics | {name: manifest[name] for name in tested}
    yield f"outputs/experiments/micro_final_test_results_{version}.json", _json(final)


def pickled(value: Any) -> bytes:
    """The value as joblib writes it to a file."""
    data = io.BytesIO()
    joblib.dump(value, data)
    return data.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, default=_plain, ensure_ascii=False).encode()


def _plain(value: Any) -> Any:
    """JSON's form of the values that it does not know: moments, and NumPy's numbers from a grid."""
    return value.isoformat() if isinstance(value, datetime) else value.item()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
