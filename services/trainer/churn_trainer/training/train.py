"""Fitting the candidates, one after another, on all customers except those of the test part."""

import gc
import math
import pickle
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV

from churn.schema import Schema
from churn.tracking.figures import log_losses
from churn_trainer.data.prepare import Fed, Floats, Prepared
from churn_trainer.memory import peak_of
from churn_trainer.model_metrics import measure
from churn_trainer.training.candidates import CANDIDATES, MEMBERS, STACK, Candidate
from churn_trainer.training.folds import Folds
from churn_trainer.training.stack import Member, Stack

# Folds of the search for settings within each fit.
SEARCH_FOLDS = 3


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted candidate, with the settings that its grid search chose and what the fit cost.

    `model` is fitted on the development rows. `memory` is the peak in bytes above what the process held before,
    `size` the bytes of the pickled model.
    """

    candidate: Candidate
    model: ClassifierMixin
    parameters: dict[str, Any]
    seconds: float
    memory: int
    size: int


def search(
    estimator: ClassifierMixin, candidate: Candidate, prefix: str = "", folds: int | Sequence[Folds] = SEARCH_FOLDS
) -> GridSearchCV:
    """The candidate's grid search, by log loss and the one-standard-error rule.

    `prefix` stands before the settings' names where the estimator is a step of a pipeline. n_jobs=None means one job,
    unless a Dask cluster is joblib's backend.
    """
    grid = {f"{prefix}{name}": list(values) for name, values in candidate.grid.items()}
    return GridSearchCV(estimator, grid, cv=folds, scoring=_losses, refit=simplest_within_error, n_jobs=None)


def fit(
    estimator: ClassifierMixin,
    candidate: Candidate,
    fed: Floats,
    churn: NDArray[np.int8],
    prefix: str = "",
    folds: int | Sequence[Folds] = SEARCH_FOLDS,
) -> tuple[ClassifierMixin, dict[str, Any]]:
    """Fit the estimator on what it is fed, n rows, with the settings that the candidate's search chooses.

    Returns the fitted estimator and the chosen settings, which are empty for a candidate without a grid.
    """
    if not candidate.grid:
        return estimator.fit(fed, churn), {}
    grid = search(estimator, candidate, prefix, folds).fit(fed, churn)
    return grid.best_estimator_, dict(grid.best_params_)


def simplest_within_error(results: Mapping[str, NDArray[np.float64]]) -> int:
    """The index of the simplest setting whose mean log loss is within one standard error of the best one.

    Settings are ordered from the simplest. The rule is that of Breiman, Friedman, Olshen and Stone (1984,
    "Classification and Regression Trees", section 3.4.3). As there, the error is over customers: the spread of three
    folds would itself be too uncertain.
    """
    losses = results["mean_test_log_loss"]
    best = int(losses.argmin())
    error = math.sqrt(results["mean_test_squared_error"][best] / SEARCH_FOLDS)
    return int(np.argmax(losses <= losses[best] + error))


def fit_all(prepared: Prepared) -> Iterator[Fitted]:
    """Fit each candidate on the development rows, the stack last; memory is freed in between."""
    rows, schema = prepared.split.development, prepared.table.schema
    fed: Fed = prepared.fed("both", rows)
    churn = prepared.churn[rows]
    members: list[Member] = []
    for candidate in CANDIDATES:
        work = partial(fit, candidate.estimator(schema), candidate, fed.of(candidate.inputs), churn)
        fitted = _fitted(candidate, work)
        if candidate.name in MEMBERS:
            members.append(Member(candidate.name, candidate.inputs, clone(fitted.model)))
        yield fitted
        del fitted
        gc.collect()
    yield _fitted(STACK, lambda: (Stack(members).fit(fed, churn), {}))


def _losses(model: ClassifierMixin, fed: Floats, churn: NDArray[np.int8]) -> dict[str, float]:
    """A fold's mean log loss, and the square of its standard error."""
    losses = log_losses(churn, np.asarray(model.predict_proba(fed)[:, 1], np.float64))
    return {"log_loss": float(losses.mean()), "squared_error": float(losses.var(ddof=1)) / len(losses)}


def scores(rows: NDArray[np.intp], fitted: Fitted, prepared: Prepared) -> NDArray[np.float64]:
    """The model's churn probabilities for these rows of the table, shape (len(rows),)."""
    fed = prepared.fed(fitted.candidate.inputs, rows)
    return np.asarray(fitted.model.predict_proba(fed)[:, 1], np.float64)


def fit_whole(
    candidate: Candidate,
    schema: Schema,
    fed: Any,
    churn: NDArray[np.int8],
    folds: int | Sequence[Folds] = SEARCH_FOLDS,
) -> ClassifierMixin:
    """The candidate's model, fitted after its search on what it is fed; of a stack, each member has its own search."""
    if candidate is STACK:
        members = [
            Member(one.name, one.inputs, clone(fit_whole(one, schema, fed.of(one.inputs), churn, folds)))
            for one in CANDIDATES
            if one.name in MEMBERS
        ]
        return Stack(members).fit(fed, churn)
    return fit(candidate.estimator(schema), candidate, fed, churn, folds=folds)[0]


def figures_on(rows: NDArray[np.intp], fitted: Fitted, prepared: Prepared) -> dict[str, float]:
    """The figures of `model_metrics.measure` for the model on these rows of the table."""
    return measure(prepared.churn[rows], scores(rows, fitted, prepared))


def _fitted(candidate: Candidate, fit: Callable[[], tuple[ClassifierMixin, dict[str, Any]]]) -> Fitted:
    start = time.perf_counter()
    (model, parameters), memory = peak_of(fit)
    return Fitted(candidate, model, parameters, time.perf_counter() - start, memory, len(pickle.dumps(model)))
