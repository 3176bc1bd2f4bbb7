"""The files of a release from which a predictor is made, and what they are written from."""

import json
from collections.abc import Mapping

from churn.customer.declaration import Customer
from churn.model.background import NEAREST, Background
from churn.model.onnx_model import OnnxModel
from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn.model.scoring import Scorer
from churn.schema import Schema


def worked_examples(predictor: Predictor, customers: list[Customer]) -> bytes:
    """examples.json: customers as the data set spells them, with the probabilities that they must reproduce: those of
    the model's own formula, which was judged, whichever way they are come by in service."""
    schema, examples = predictor.schema, []
    for customer in customers:
        fields = [name for name, value in zip(schema.fields, customer, strict=True) if value is not None]
        record = {name: schema.value_of(name, customer) for name in fields}
        known = schema.reader.read(record).customer
        table = predictor.background.completions(known) if None in known else schema.table_of([known])
        examples.append({"customer": record, "churn_probability": float(predictor.scorer.probabilities(table).mean())})
    return json.dumps(examples).encode()


def background_file(schema: Schema, customers: list[Customer]) -> bytes:
    """background.json: complete customers as codes and numbers, in the fields' order, and how many are near enough."""
    return json.dumps({"fields": list(schema.fields), "nearest": NEAREST, "customers": customers}).encode()


def predictor_of(schema: Schema, kind: str, threshold: float, files: Mapping[str, bytes]) -> Predictor:
    """What the files of a release hold. Raises ValueError, KeyError or TypeError where they are not of this kind."""
    sample = json.loads(files["background.json"])
    background = Background(schema, [tuple(row) for row in sample["customers"]], sample.get("nearest"))
    model = json.loads(files["model.json"])
    scorer: Scorer
    if kind == "scorecard":
        scorer = Scorecard.from_dict(schema, model)
    else:
        scorer = OnnxModel(files["model.onnx"], model["means"], model["scales"], background)
    return Predictor(scorer, background, threshold)
