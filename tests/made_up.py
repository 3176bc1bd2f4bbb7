"""Made-up models for any declaration, and releases of them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from churn import release
from churn.customer.declaration import Customer
from churn.model.background import Background
from churn.model.bins import bin_count
from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn.model.terms import SlopeTerm, TableTerm, Terms
from churn.schema import Schema
from churn.store.interface import ObjectStore
from churn.tracking.reference import REFERENCE, Reference


def made_up_predictor(schema: Schema, people: Sequence[Customer], size: float = 1.0) -> Predictor:
    """A scorecard with random weights of this size, the same on every call, over these complete customers."""
    columns = schema.features.matrix(schema.table_of(people))
    names, averages = schema.features.names, columns.mean(axis=0)
    weights = size * np.random.default_rng(4).normal(size=len(names)) / (np.abs(averages) + 1)
    card = Scorecard(schema, 0.1, dict(zip(names, weights, strict=True)), dict(zip(names, averages, strict=True)))
    return Predictor(Scorecard.from_dict(schema, card.to_dict()), Background(schema, people), 0.5)


def made_up_terms(schema: Schema, people: Sequence[Customer]) -> Predictor:
    """Random tables of each field and of the first two together, and random slopes of each number, over these people.

    They are the same on every call.
    """
    chance = np.random.default_rng(5)
    cuts = {name: tuple(map(float, field.bands[1:-1])) for name, field in schema.numbers.items()}

    def table(*fields: str) -> TableTerm:
        held = tuple(cuts.get(name, ()) for name in fields)
        shape = [bin_count(schema, name, each) for name, each in zip(fields, held, strict=True)]
        return TableTerm(fields, held, chance.normal(size=shape))

    tables = [*map(table, schema.fields), table(*list(schema.fields)[:2])]
    slopes = [SlopeTerm(name, "log", float(chance.normal() / 5)) for name in schema.numbers]
    terms = Terms(schema, 0.1, tables, slopes)
    averages = terms.sums(schema.table_of(people)) / len(people)
    return Predictor(terms.measured_from(averages), Background(schema, people), 0.5)


def published(
    store: ObjectStore,
    people: Sequence[Customer],
    predictor: Predictor,
    *,
    promoted: bool = True,
    reference: Reference | None = None,
    moment: datetime | None = None,
    **manifest: Any,
) -> str:
    """Publish a made-up predictor over these people as a release, and put it into service; returns its version.

    `reference` is what it keeps to notice drift by, `moment` that of its version if it is not now, and `manifest` are
    its members that are to be others.
    """
    schema, scorer = predictor.schema, predictor.scorer
    assert isinstance(scorer, Scorecard | Terms)
    version = release.claim(store, moment or datetime.now(UTC))
    files = {
        "model.json": json.dumps(scorer.to_dict()).encode(),
        "background.json": release.background_file(schema, list(people)),
        "examples.json": release.worked_examples(predictor, list(people[:5])),
    }
    if reference is not None:
        files[REFERENCE] = reference.to_bytes()
    about = {
        "model_name": f"Made up for {schema.name}",
        "kind": "terms" if isinstance(scorer, Terms) else "scorecard",
        "timestamp": datetime(2026, 11, 23, 14, 3, 1, tzinfo=UTC),
        "threshold": 0.5,
        "metrics": {},
        "data": {"source": "file", "sha256": "0" * 64, "rows": len(people)},
        "libraries": {},
    }
    release.publish(store, version, about | manifest, files, schema)
    if promoted:
        release.promote(store, version, release.current(store))
    return version
