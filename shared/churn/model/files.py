"""The files of a release that hold its predictor: how they are written, and how a predictor is made of them."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from churn.customer.declaration import Customer
from churn.customer.fields import Category
from churn.model.background import NEAREST, Background
from churn.model.onnx_model import OnnxModel
from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn.model.scoring import Scorer
from churn.model.terms import Terms
from churn.schema import Schema

MALFORMED = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What Python raises where a file does not hold what it is read as."""


def worked_examples(predictor: Predictor, customers: list[Customer]) -> bytes:
    """The content of examples.json: customers in the data set's words, with the probabilities they must reproduce.

    The probabilities are by the model's own formula, which was evaluated; serving may compute them in a faster way.
    """
    schema, examples = predictor.schema, []
    for customer in customers:
        fields = [name for name, value in zip(schema.fields, customer, strict=True) if value is not None]
        record = {name: schema.value_of(name, customer) for name in fields}
        known = schema.reader.read(record).customer
        table = predictor.background.completions(known) if None in known else schema.table_of([known])
        examples.append({"customer": record, "churn_probability": float(predictor.scorer.probabilities(table).mean())})
    return json.dumps(examples).encode()


def background_file(schema: Schema, customers: list[Customer]) -> bytes:
    """The content of background.json: complete customers as codes, and how many of them complete one (`nearest`).

    JSON has no NaN, so a blank number is null there.
    """
    rows = [[None if value != value else value for value in customer] for customer in customers]
    return json.dumps({"fields": list(schema.fields), "nearest": NEAREST, "customers": rows}).encode()


def needed(kind: str) -> list[str]:
    """The names of the files that a predictor of this kind is made of."""
    return ["model.json", "background.json", "examples.json", *(["model.onnx"] if kind == "onnx" else [])]


def predictor_of(schema: Schema, kind: str, threshold: float, files: Mapping[str, bytes]) -> Predictor:
    """The predictor of a release from its files by name; `kind` is "scorecard", "terms" or "onnx".

    Raises one of MALFORMED if the files do not hold a predictor of this kind.
    """
    background = _background(schema, json.loads(files["background.json"]))
    model = json.loads(files["model.json"])
    scorer: Scorer
    if kind == "scorecard":
        scorer = Scorecard.from_dict(schema, model)
    elif kind == "terms":
        scorer = Terms.from_dict(schema, model)
    else:
        terms = Terms.from_dict(schema, model["terms"]) if "terms" in model else None
        scorer = OnnxModel(files["model.onnx"], model["means"], model["scales"], background, terms)
    return Predictor(scorer, background, threshold)


def _background(schema: Schema, sample: Mapping[str, Any]) -> Background:
    """The background of a release. Raises one of MALFORMED unless it has complete customers of the schema."""
    nearest = sample.get("nearest")
    if sample["fields"] != list(schema.fields) or not (nearest is None or (type(nearest) is int and nearest > 0)):
        raise ValueError("the background sample is of other fields, or none of it is near to anybody")
    people = [tuple(math.nan if value is None else value for value in row) for row in sample["customers"]]
    if any(len(each) != len(schema.fields) for each in people):
        raise ValueError("the background sample has customers with more or fewer fields")
    background = Background(schema, people, nearest)
    for (name, field), column in zip(schema.fields.items(), background.table, strict=True):
        if isinstance(field, Category):
            fits = np.isin(column, range(len(field.names)))
        else:
            fits = ((column >= field.low) & (column <= field.high)) | (np.isnan(column) & field.blank_is_value)
        if not fits.all():
            raise ValueError(f"the background sample has something for {name} that no customer can have")
    return background
