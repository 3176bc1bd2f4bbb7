"""The same kind of model twice: as the pipeline that an analyst pickles, and as a release in a store."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from churn import release
from churn.customer.declaration import Customer
from churn.customer.fields import Number
from churn.model.background import Background
from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn.schema import built_in
from churn.store.interface import ObjectStore
from churn_trainer.data import sample

TELCO = built_in("telco")


def fit_pipeline(path: Path) -> None:
    """Fit the usual pipeline over the nineteen fields as they are, and pickle it to `path`."""
    table = pd.read_csv(io.BytesIO(sample.csv_bytes()))
    numbers = [name for name, field in TELCO.fields.items() if isinstance(field, Number)]
    categories = [name for name in TELCO.fields if name not in numbers]
    table["TotalCharges"] = pd.to_numeric(table["TotalCharges"], errors="coerce").fillna(0)
    encoder = make_column_transformer(
        (OneHotEncoder(drop="first", handle_unknown="ignore"), categories), (StandardScaler(), numbers)
    )
    pipeline = make_pipeline(encoder, LogisticRegression(max_iter=500))
    joblib.dump(pipeline.fit(table.drop(columns=["Churn", TELCO.id]), table["Churn"] == "Yes"), path)


def release_scorecard(store: ObjectStore) -> str:
    """Publish a logistic regression over the product's 45 columns; returns its version."""
    rows = list(csv.DictReader(io.StringIO(sample.csv_bytes().decode())))
    customers = [TELCO.reader.read(row).customer for row in rows]
    predictor = Predictor(_scorecard(rows, customers), Background(TELCO, customers[:200]), 0.5)
    version = release.claim(store, datetime.now(UTC))
    files = {
        "model.json": json.dumps(predictor.scorer.to_dict()).encode(),  # type: ignore[attr-defined]
        "background.json": release.background_file(TELCO, customers[:200]),
        "examples.json": release.worked_examples(predictor, customers[:5]),
    }
    about = {"model_name": "Logistic Regression", "kind": "scorecard", "timestamp": datetime.now(UTC), "threshold": 0.5}
    release.publish(store, version, about | {"metrics": {}, "data": {}, "libraries": {}}, files, TELCO)
    return version


def _scorecard(rows: list[dict[str, str]], customers: list[Customer]) -> Scorecard:
    columns = TELCO.features.matrix(TELCO.table_of(customers))
    scaler = StandardScaler().fit(columns)
    labels = np.array([row["Churn"] == "Yes" for row in rows])
    model = LogisticRegression(solver="liblinear").fit(scaler.transform(columns), labels)
    weights = model.coef_[0] / scaler.scale_
    intercept = float(model.intercept_[0] - weights @ scaler.mean_)
    names = TELCO.features.names
    averages = dict(zip(names, scaler.mean_, strict=True))
    return Scorecard(TELCO, intercept, dict(zip(names, weights, strict=True)), averages)
