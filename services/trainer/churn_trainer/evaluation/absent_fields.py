"""How good the champion is for incomplete customers: its answers to test customers with fields withheld.

There are two kinds of incomplete customer: with the required fields only, and with each other field known by the toss
of a coin. Their figures stand beside those of the same customers with all fields, and those of a regression on the
required fields alone, which completing a customer has to keep up with.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from churn.customer.declaration import Customer
from churn.model.predictor import Prediction, Predictor
from churn.model.scoring import FloatArray
from churn.schema import Schema
from churn_trainer.clusters import Clusters, resamples
from churn_trainer.data.check import MIN_TESTED
from churn_trainer.data.prepare import Prepared
from churn_trainer.evaluation.calibration import recalibration
from churn_trainer.model_metrics import Labels, measure
from churn_trainer.training.candidates import SEED
from churn_trainer.training.export import customers

# Enough customers for the figures. Each is predicted twice, in a millisecond or two.
MAX_CUSTOMERS = 1_500

# Enough bootstrap resamples for a standard error that is right to a tenth.
_RESAMPLES = 100

Known = Callable[[Schema, np.random.Generator], tuple[str, ...]]


def required_fields(schema: Schema, _: np.random.Generator) -> tuple[str, ...]:
    """The required fields alone."""
    return schema.required


def random_fields(schema: Schema, rng: np.random.Generator) -> tuple[str, ...]:
    """The required fields, and each other one with even odds."""
    return tuple(name for name in schema.fields if name in schema.required or rng.random() < 0.5)


def absent_fields(predictor: Predictor, prepared: Prepared) -> dict[str, Any]:
    """The manifest's entry `absent_fields`, on customers of the test part.

    It has figures by which fields are known (`required`, `random`, `complete`) and those of the regression on the
    required fields (`reference`). `loss` is by how much `required` is worse than that regression in AUC and log loss,
    with standard errors.
    """
    rows = drawn(prepared)
    people, churn, asked = customers(prepared.table, rows), prepared.churn[rows], prepared.table.take(rows)
    complete = predictor.scorer.probabilities(asked.customers)
    reference = _reference(prepared, rows)
    required = _masked(predictor, people, required_fields)
    return {
        "customers": len(rows),
        "complete": _figures(churn, complete),
        "required": _figures(churn, _means(required)) | {"range_coverage": coverage(required, complete)},
        "random": _random(predictor, people, churn, complete),
        "reference": _figures(churn, reference),
        "loss": _loss(churn, _means(required), reference, asked.clusters),
    }


def drawn(prepared: Prepared) -> NDArray[np.intp]:
    """The rows of MAX_CUSTOMERS of the test part, and of as many more as it takes to have enough of each outcome."""
    rows = np.random.default_rng(SEED).permutation(prepared.split.test)
    enough = (int(np.flatnonzero(prepared.churn[rows] == outcome)[MIN_TESTED - 1]) + 1 for outcome in (0, 1))
    return rows[: max(MAX_CUSTOMERS, *enough)]


def coverage(answers: list[Prediction], complete: FloatArray) -> float:
    """The share of customers whose probability with all fields, `complete`, lies within the range of the answer.

    It is 1 for no customers, as where every field is required and so nothing is ever assumed.
    """
    ranges = [answer.probability_range or (answer.churn_probability,) * 2 for answer in answers]
    # The tolerance keeps rounding from putting a probability out of a range that it is an end of.
    held = [low - 1e-9 <= p <= high + 1e-9 for (low, high), p in zip(ranges, complete, strict=True)]
    return float(np.mean(held)) if held else 1.0


def _random(predictor: Predictor, people: list[Customer], churn: Labels, complete: FloatArray) -> dict[str, float]:
    answers = _masked(predictor, people, random_fields)
    # Customers of whom all fields happen to be known get no range.
    partial = np.array([bool(answer.assumed) for answer in answers])
    incomplete = [answer for answer in answers if answer.assumed]
    return _figures(churn, _means(answers)) | {"range_coverage": coverage(incomplete, complete[partial])}


def _masked(predictor: Predictor, people: list[Customer], known: Known) -> list[Prediction]:
    rng = np.random.default_rng(SEED)
    return [_asked(predictor, person, known(predictor.schema, rng)) for person in people]


def _asked(predictor: Predictor, person: Customer, known: tuple[str, ...]) -> Prediction:
    schema = predictor.schema
    return predictor.predict(schema.reader.read({name: schema.value_of(name, person) for name in known}), None)


def _means(answers: list[Prediction]) -> FloatArray:
    return np.array([answer.churn_probability for answer in answers])


def _figures(churn: Labels, probability: FloatArray) -> dict[str, float]:
    measured, line = measure(churn, probability), recalibration(churn, probability)
    return {
        **{figure: measured[figure] for figure in ("roc_auc", "log_loss", "brier")},
        "calibration_slope": line["slope"]["value"],
        "calibration_intercept": line["intercept"]["value"],
    }


def _reference(prepared: Prepared, rows: NDArray[np.intp]) -> FloatArray:
    """The rows' churn probabilities by a regression on the columns that are made of required fields alone.

    Where no field is required, everyone has the mean.
    """
    schema = prepared.table.schema
    required = set(schema.required)
    columns = [number for number, one in enumerate(schema.features.features) if set(one.fields) <= required]
    train = prepared.split.development
    if not columns:
        return np.full(len(rows), float(prepared.churn[train].mean()))
    model = LogisticRegression(max_iter=1000).fit(prepared.scaled(train)[:, columns], prepared.churn[train])
    return np.asarray(model.predict_proba(prepared.scaled(rows)[:, columns])[:, 1], np.float64)


def _loss(
    churn: Labels, required: FloatArray, reference: FloatArray, customer: Clusters = None
) -> dict[str, dict[str, float]]:
    """By how much `required` is worse than `reference`, with standard errors by a bootstrap of the customers.

    Resamples of one outcome, which have no AUC, are left out.
    """
    rng = np.random.default_rng(SEED)
    everyone = np.arange(len(churn))
    drawn = resamples(len(churn), customer, rng, _RESAMPLES)
    usable = [rows for rows in drawn if 0 < churn[rows].sum() < len(rows)]
    losses = np.array([_worse(churn[rows], required[rows], reference[rows]) for rows in [everyone, *usable]])
    errors = losses[1:].std(axis=0, ddof=1)
    return {
        figure: {"mean": float(loss), "error": float(error)}
        for figure, loss, error in zip(("roc_auc", "log_loss"), losses[0], errors, strict=True)
    }


def _worse(churn: Labels, mine: FloatArray, other: FloatArray) -> tuple[float, float]:
    auc = roc_auc_score(churn, other) - roc_auc_score(churn, mine)
    return float(auc), float(log_loss(churn, mine, labels=[0, 1]) - log_loss(churn, other, labels=[0, 1]))
