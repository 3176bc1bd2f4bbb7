"""Putting a run's results into the store, in the layout that users know, and its release beside them."""

import hashlib
import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import joblib
import numpy as np
from sklearn.preprocessing import LabelEncoder

from churn import release
from churn.store import ObjectStore
from churn_trainer import card, plots
from churn_trainer.card import Trained
from churn_trainer.card_html import page
from churn_trainer.prepare import Prepared, processed_files
from churn_trainer.settings import TrainerSettings

DASHBOARD = "telco_churn_dashboard.png"
HEATMAP = "correlation_heatmap.png"
COMPARISON = "model_comparison.png"


def processed(prepared: Prepared, store: ObjectStore) -> None:
    for name, chunks in processed_files(prepared):
        store.write(f"data/processed/{name}", chunks, content_type="text/csv")


def exploration(report: dict[str, Any], pictures: dict[str, bytes], store: ObjectStore) -> None:
    put(store, "outputs/reports/exploration_report.json", _json(report))
    for name, picture in pictures.items():
        put(store, f"outputs/plots/{name}", picture)


def results(
    trained: Trained, pictures: dict[str, bytes], settings: TrainerSettings, store: ObjectStore, moment: datetime
) -> str:
    """Publish everything under a version named after the moment; returns the version. Nothing is released by it."""
    version = release.claim(store, moment)
    manifest = card.manifest(trained, moment, settings.selection)
    design = f"{settings.cv_repeats} × {settings.cv_folds}-fold cross-validation"
    comparison = plots.model_comparison(manifest["comparison"]["candidates"], design)
    for key, data in _classic(trained, manifest, version):
        put(store, key, data)
    put(store, f"outputs/plots/micro_model_comparison_{version}.png", comparison)
    whole = {"version": version, **manifest}
    files = {
        **trained.served.files,
        **pictures,
        COMPARISON: comparison,
        "card.json": _json(whole),
        "card.html": page(whole).encode(),
    }
    release.publish(store, version, manifest, files)
    return version


def put(store: ObjectStore, key: str, data: bytes) -> None:
    store.put(key, data, content_type=release.content_type(key))


def _classic(trained: Trained, manifest: dict[str, Any], version: str) -> Iterator[tuple[str, bytes]]:
    """The files of the layout that carry the version or describe the model; nothing in the product loads them."""
    model = pickled(trained.champion.model)
    scaler = pickled(trained.prepared.scaler)
    encoder = pickled(LabelEncoder().fit(np.array(["No", "Yes"])))
    comparison = manifest["comparison"] | {"costs": card.costs(trained), "drivers": trained.drivers}
    yield f"models/trained/micro_best_model_{version}.pkl", model
    yield "models/encoders/feature_scaler.pkl", scaler
    yield "models/encoders/label_encoder.pkl", encoder
    about = {
        "version": version,
        "how_to_use": "Scale the 45 columns with feature_scaler.pkl, then call predict_proba of the model.",
        "sha256": {"model": _sha256(model), "feature_scaler": _sha256(scaler), "label_encoder": _sha256(encoder)},
    }
    told = ("model_name", "timestamp", "parameters", "threshold", "fitted_on", "metrics", "data", "libraries")
    info = about | {name: manifest[name] for name in told}
    yield f"models/trained/micro_best_model_info_{version}.json", _json(info)
    yield f"outputs/experiments/micro_model_comparison_{version}.json", _json({"version": version} | comparison)
    tested = ("model_name", "calibration", "recalibration", "score_distribution", "thresholds", "fairness", "gates")
    metrics = {name: manifest["metrics"][name] for name in ("test", "test_intervals")}
    final = {"version": version} | metrics | {name: manifest[name] for name in tested}
    yield f"outputs/experiments/micro_final_test_results_{version}.json", _json(final)


def pickled(value: Any) -> bytes:
    data = io.BytesIO()
    joblib.dump(value, data)
    return data.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, default=_plain, ensure_ascii=False).encode()


def _plain(value: Any) -> Any:
    """What JSON has no form for: moments, and NumPy's numbers from a grid."""
    return value.isoformat() if isinstance(value, datetime) else value.item()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
