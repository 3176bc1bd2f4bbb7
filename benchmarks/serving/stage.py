"""What the measurements need: a model as a pipeline and as releases, and files of requests."""

import csv
import io
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from benchmarks.serving.pipeline import build
from churn import release
from churn.customer.declaration import Customer
from churn.model.background import Background
from churn.model.onnx_model import OnnxModel
from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn.schema import built_in
from churn.store.opening import open_store
from churn_trainer.data import sample
from churn_trainer.training.onnx_export import to_onnx

TELCO = built_in("telco")

# DISTINCT is more customers than a process remembers, so none of them is remembered when it is sent again.
DISTINCT, REPEATED, BATCH = 20_000, 50, 1_000

# Customers who come back: more than two processes remember, but few enough to be sent again within a measurement.
RETURNING = 5_000


class Stage(NamedTuple):
    """The pickled pipeline, the URLs of the stores with each kind of release, and the files of requests."""

    pipeline: Path
    scorecard: str
    forest: str
    distinct: Path
    repeated: Path
    returning: Path
    partial: Path
    batch: Path


def prepare(folder: Path) -> Stage:
    """Fit the models on the trainer's sample, publish them, and write the requests, all into `folder`."""
    rows = list(csv.DictReader(io.StringIO(sample.csv_bytes().decode())))
    table = pd.DataFrame([{name: kept(name, row[name]) for name in TELCO.fields} for row in rows])
    leaving = [row["Churn"] == "Yes" for row in rows]
    pipeline = build(LogisticRegression(solver="liblinear")).fit(table, leaving)
    joblib.dump(pipeline, folder / "pipeline.pkl")
    customers = [TELCO.reader.read(row).customer for row in rows]
    background = customers[:200]
    return Stage(
        folder / "pipeline.pkl",
        publish(folder / "scorecard", *scorecard(pipeline), background),
        publish(folder / "forest", *forest(customers, leaving, background), background),
        *bodies(folder, rows),
    )


def kept(name: str, cell: str) -> Any:
    """A field's cell as the value that JSON has for it."""
    if name in ("tenure", "SeniorCitizen"):
        return int(cell)
    return float(cell.strip() or 0) if name in ("MonthlyCharges", "TotalCharges") else cell


def scorecard(pipeline: Any) -> tuple[str, Any, dict[str, bytes]]:
    """The pipeline as a scorecard: the kind of model, the scorer and the release's files.

    Its weights are the pipeline's, under the product's names of the columns.
    """
    _, encoder, scaler, model = (step for _, step in pipeline.steps)
    ours = {name.casefold(): name for name in TELCO.features.names} | {"seniorcitizen_1": "SeniorCitizen_Yes"}
    ours |= {f"tenuregroup_{years}": f"TenureGroup_{years} Years" for years in ("1-2", "2-4", "4+")}
    names = [ours[name.casefold()] for name in encoder.get_feature_names_out()]
    weights = model.coef_[0] / scaler.scale_
    intercept = float(model.intercept_[0] - weights @ scaler.mean_)
    averages = dict(zip(names, scaler.mean_, strict=True))
    card = Scorecard(TELCO, intercept, dict(zip(names, weights, strict=True)), averages)
    return "scorecard", card, {"model.json": json.dumps(card.to_dict()).encode()}


def forest(
    customers: list[Customer], leaving: list[bool], background: list[Customer]
) -> tuple[str, Any, dict[str, bytes]]:
    """A random forest over the same columns: the kind of model, the scorer and the release's files."""
    columns = TELCO.features.matrix(TELCO.table_of(customers))
    scaler = StandardScaler().fit(columns)
    model = RandomForestClassifier(50, max_depth=10, random_state=1).fit(scaler.transform(columns), leaving)
    graph, scaling = to_onnx(model), {"means": scaler.mean_.tolist(), "scales": scaler.scale_.tolist()}
    served = OnnxModel(graph, scaling["means"], scaling["scales"], Background(TELCO, background))
    return "onnx", served, {"model.onnx": graph, "model.json": json.dumps(scaling).encode()}


def publish(folder: Path, kind: str, scorer: Any, files: dict[str, bytes], background: list[Customer]) -> str:
    """Make a store with a release in service; returns the store's URL."""
    store = open_store(folder.as_uri())
    store.ensure_bucket()
    version = release.claim(store, datetime.now(UTC))
    predictor = Predictor(scorer, Background(TELCO, background), 0.5)
    files |= {
        "background.json": release.background_file(TELCO, background),
        "examples.json": release.worked_examples(predictor, background[:5]),
    }
    about = {"model_name": kind, "kind": kind, "timestamp": datetime.now(UTC), "threshold": 0.5}
    release.publish(store, version, about | {"metrics": {}, "data": {}, "libraries": {}}, files, TELCO)
    release.promote(store, version, None)
    return folder.as_uri()


def bodies(folder: Path, rows: list[dict[str, str]]) -> tuple[Path, Path, Path, Path, Path]:
    """Write the requests' bodies to files; returns those of `Stage` from `distinct` on."""
    chance = random.Random(5)
    every = [customer(row, chance) for row in chance.choices(rows, k=DISTINCT)]
    returning = every[:RETURNING]
    partial = [{name: record[name] for name, field in TELCO.fields.items() if field.required} for record in returning]
    return (
        lines(folder / "distinct", every),
        lines(folder / "repeated", every[:REPEATED]),
        lines(folder / "returning", returning),
        lines(folder / "partial", partial),
        lines(folder / "batch", [{"customers": every[start : start + BATCH]} for start in range(0, 10_000, BATCH)]),
    )


def customer(row: dict[str, str], chance: random.Random) -> dict[str, Any]:
    """A row of the sample as a customer, with random charges."""
    record = {TELCO.id: row[TELCO.id]} | {name: kept(name, row[name]) for name in TELCO.fields}
    record["MonthlyCharges"] = round(chance.uniform(18, 118), 2)
    record["TotalCharges"] = round(record["tenure"] * record["MonthlyCharges"], 2)
    return record


def lines(path: Path, values: list[Any]) -> Path:
    """Write each value as a line of JSON; returns the path."""
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path
