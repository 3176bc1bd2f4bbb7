"""Made-up models for any declaration, and releases of them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from churn import release
from churn.customer.declaration import Customer
from churn.model.background import Background
from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn.schema import Schema
from churn.store.interface import ObjectStore


def made_up_predictor(schema: Schema, people: Sequence[Customer]) -> Predictor:
    """A scorecard with random weights, the same on every call, over these complete customers."""
    columns = schema.features.matrix(schema.table_of(people))
    names, averages = schema.features.names, columns.mean(axis=0)
    weights = np.random.default_rng(4).normal(size=len(names)) / (np.abs(averages) + 1)
    card = Scorecard(schema, 0.1, dict(zip(names, weights, strict=True)), dict(zip(names, averages, strict=True)))
    return Predictor(Scorecard.from_dict(schema, card.to_dict()), Background(schema, people), 0.5)


def published(store: ObjectStore, schema: Schema, people: Sequence[Customer]) -> str:
    """Publish the made-up predictor as a release, and put it into service; returns its version."""
    predictor = made_up_predictor(schema, people)
    assert isinstance(predictor.scorer, Scorecard)
    version = release.claim(store, datetime.now(UTC))
    files = {
        "model.json": json.dumps(predictor.scorer.to_dict()).encode(),
        "background.json": release.background_file(schema, people),
        "examples.json": release.worked_examples(predictor, people[:5]),
    }
    about = {
        "model_name": f"Made up for {schema.name}",
        "kind": "scorecard",
        "timestamp": datetime(2026, 11, 23, 14, 3, 1, tzinfo=UTC),
        "threshold": 0.5,
        "metrics": {},
        "data": {"source": "file", "sha256": "0" * 64, "rows": len(people)},
        "libraries": {},
    }
    release.publish(store, version, about, files, schema)
    release.promote(store, version, release.current(store))
    return version
