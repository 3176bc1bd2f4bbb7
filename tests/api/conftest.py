"""A small real model, releases made of it, and the API over them: as a Flask client and as gunicorn's processes."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.conftest import answered, wait_for
from tests.telco import COLUMNS, TELCO, Customer, matrix, read, table_of

from churn import release
from churn.model.background import Background
from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn.store.interface import ObjectStore
from churn.store.opening import open_store
from churn.tracking.reference import Reference
from churn_api.app import create_app
from churn_api.service import Service
from churn_api.settings import ApiSettings
from churn_trainer.data import sample
from churn_trainer.evaluation.drift_reference import reference_of


class Model(NamedTuple):
    """The pipeline as fitted, and the same as serving knows it."""

    pipeline: Pipeline
    customers: list[Customer]
    predictor: Predictor


@pytest.fixture(scope="session")
def model() -> Model:
    """A logistic regression over the trainer's own sample."""
    rows = list(csv.DictReader(io.StringIO(sample.csv_bytes().decode())))[:1500]
    customers = [read(row).customer for row in rows]
    columns = matrix(table_of(customers))
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(solver="liblinear"))
    pipeline.fit(columns, [row["Churn"] == "Yes" for row in rows])
    scaler, regression = pipeline[0], pipeline[1]
    weights = regression.coef_[0] / scaler.scale_
    intercept = float(regression.intercept_[0] - weights @ scaler.mean_)
    scorecard = Scorecard(
        TELCO, intercept, dict(zip(COLUMNS, weights, strict=True)), dict(zip(COLUMNS, scaler.mean_, strict=True))
    )
    return Model(pipeline, customers, Predictor(scorecard, Background(TELCO, customers[:200]), 0.5))


Publish = Callable[..., str]


@pytest.fixture(scope="session")
def reference(model: Model) -> Reference:
    """What the model was fitted on, field by field."""
    table = table_of(model.customers)
    return reference_of(TELCO, table, model.predictor.scorer.probabilities(table))


@pytest.fixture(scope="session")
def publish(model: Model, reference: Reference) -> Publish:
    """A function that publishes a release into a store and returns its version; changes spoil or alter its parts."""

    def publish_one(
        store: ObjectStore, *, shift: float = 0.0, examples: bytes | None = None, promoted: bool = True, **manifest: Any
    ) -> str:
        scorer = model.predictor.scorer
        assert isinstance(scorer, Scorecard)
        card = scorer.to_dict() | {"intercept": scorer.intercept + shift}
        predictor = Predictor(Scorecard.from_dict(TELCO, card), model.predictor.background, 0.5)
        version = release.claim(store, datetime.now(UTC))
        files = {
            "model.json": json.dumps(card).encode(),
            "background.json": release.background_file(TELCO, model.customers[:200]),
            "examples.json": examples or release.worked_examples(predictor, model.customers[:5]),
            "card.html": b"<!doctype html><title>Model card</title>",
            "reference.json": reference.to_bytes(),
        }
        release.publish(store, version, MANIFEST | manifest, files, TELCO)
        if promoted:
            put_in_service(store, version)
        return version

    return publish_one


MANIFEST: dict[str, Any] = {
    "model_name": "Logistic Regression",
    "kind": "scorecard",
    "timestamp": datetime(2026, 11, 23, 14, 3, 1, tzinfo=UTC),
    "threshold": 0.5,
    "metrics": {"cv": {"roc_auc": {"mean": 0.85, "std": 0.01}}, "test": {"roc_auc": 0.85, "accuracy": 0.807}},
    "data": {"source": "sample", "sha256": "0" * 64, "rows": 1500},
    "libraries": {"scikit-learn": "1.9.1"},
}


@pytest.fixture(scope="session")
def point_to() -> Callable[[ObjectStore, str], None]:
    return put_in_service


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    return wait_for


def put_in_service(store: ObjectStore, version: str) -> None:
    """Move the pointer without the checks that promote makes: a test may want a broken release in service."""
    pointer = {
        "version": version,
        "manifest_sha256": release.manifest_sha256(store, version),
        "released_at": datetime.now(UTC).isoformat(),
    }
    store.put(release.POINTER, json.dumps(pointer).encode(), content_type="application/json")


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    """An empty store of this test's own."""
    store = open_store(f"file://{tmp_path}/store")
    store.ensure_bucket()
    return store


@pytest.fixture
def settings(tmp_path: Path, store: ObjectStore) -> ApiSettings:
    """Settings over this test's own store."""
    del store
    return ApiSettings(store_url=f"file://{tmp_path}/store")


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory, publish: Publish) -> Flask:
    """The API over one release, shared by tests that change nothing."""
    url = f"file://{tmp_path_factory.mktemp('shared')}/store"
    store = open_store(url)
    store.ensure_bucket()
    publish(store)
    return create_app(ApiSettings(store_url=url))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def service(app: Flask) -> Service:
    return app.extensions["churn"]  # type: ignore[no-any-return]


@pytest.fixture
def whole() -> dict[str, Any]:
    """A complete customer."""
    return {
        "customerID": "7590-VHVEG",
        "gender": "Female",
        "SeniorCitizen": 0,
        "Partner": "Yes",
        "Dependents": "No",
        "tenure": 1,
        "PhoneService": "No",
        "MultipleLines": "No phone service",
        "InternetService": "DSL",
        "OnlineSecurity": "No",
        "OnlineBackup": "Yes",
        "DeviceProtection": "No",
        "TechSupport": "No",
        "StreamingTV": "No",
        "StreamingMovies": "No",
        "Contract": "Month-to-month",
        "PaperlessBilling": "Yes",
        "PaymentMethod": "Electronic check",
        "MonthlyCharges": 29.85,
        "TotalCharges": 29.85,
    }


@pytest.fixture
def partial() -> dict[str, Any]:
    """Seven fields of a customer, as the first version's users sent them."""
    return {
        "gender": "Female",
        "SeniorCitizen": 0,
        "Partner": "Yes",
        "tenure": 24,
        "Contract": "One year",
        "MonthlyCharges": 65.50,
        "TotalCharges": "1572.00",
    }


class Server(NamedTuple):
    """gunicorn with the API, as containers run it."""

    url: str
    process: subprocess.Popen[bytes]
    folder: Path

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def wait(self, path: str, status: int, *, seconds: float = 40) -> requests.Response:
        """The answer at `path` once it has this status."""
        return wait_for(lambda: answered(f"{self.url}{path}", status), seconds=seconds)


@pytest.fixture
def serve(root: Path, tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Callable[..., Server]]:
    """A function that starts the API under gunicorn, with settings as in the environment."""
    with ExitStack() as stack:

        def start(**settings: str) -> Server:
            port, folder = free_port(), tmp_path / "processes"
            environment = {name: value for name, value in os.environ.items() if not name.startswith("CHURN_")}
            environment |= {
                "PYTHONPATH": f"{root}/shared{os.pathsep}{root}/services/api",
                "PROMETHEUS_MULTIPROC_DIR": str(folder),
                "CHURN_STORE_URL": f"file://{tmp_path}/store",
                "CHURN_RELEASE_POLL_SECONDS": "0.2",
            }
            command = [sys.executable, "-m", "gunicorn", "--config", f"{root}/services/api/gunicorn.conf.py"]
            process = subprocess.Popen(
                [*command, "--bind", f"127.0.0.1:{port}"],
                env=environment | settings,
                stderr=(tmp_path / "log").open("ab"),
            )
            stack.callback(stop, process)
            server = Server(f"http://127.0.0.1:{port}", process, folder)
            server.wait("/health/live", 200)
            return server

        yield start


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=40)


@pytest.fixture
def probabilities(model: Model) -> Callable[[list[dict[str, Any]]], list[float]]:
    """The churn probabilities of records by the scikit-learn pipeline itself."""

    def predict(records: list[dict[str, Any]]) -> list[float]:
        columns = matrix(table_of([read(record).customer for record in records]))
        return np.asarray(model.pipeline.predict_proba(columns))[:, 1].tolist()

    return predict


@pytest.fixture
def make_app(store: ObjectStore, publish: Publish) -> Callable[[ApiSettings], Flask]:
    """A function that makes the API over this test's own store, with one release in it."""

    def make(settings: ApiSettings) -> Flask:
        if release.current(store) is None:
            publish(store)
        return create_app(settings)

    return make
