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
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GridSearchCV

from churn_trainer.data.prepare import Prepared
from churn_trainer.memory import peak_of
from churn_trainer.model_metrics import log_losses, measure
from churn_trainer.training.candidates import CANDIDATES, VOTERS, VOTING, Candidate

# Folds of the search for settings within each fit.
SEARCH_FOLDS = 3

Folds = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Positions of the rows that a search fits on, and of the rows that it scores."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted candidate, with the settings that its grid search chose and what the fit cost.

    `model` is fitted on the scaled development rows. `memory` is the peak in bytes above what the process held before,
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
    columns: NDArray[np.float32],
    churn: NDArray[np.int8],
    prefix: str = "",
    folds: int | Sequence[Folds] = SEARCH_FOLDS,
) -> tuple[ClassifierMixin, dict[str, Any]]:
    """Fit the estimator on columns, shape (n, 45), with the settings that the candidate's search chooses.

    Returns the fitted estimator and the chosen settings, which are empty for a candidate without a grid.
    """
    if not candidate.grid:
        return estimator.fit(columns, churn), {}
    grid = search(estimator, candidate, prefix, folds).fit(columns, churn)
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
    """Fit each candidate on the development rows, the ensemble last; memory is freed in between."""
    rows = prepared.split.development
    columns, churn = prepared.scaled(rows), prepared.churn[rows]
    voters: list[tuple[str, ClassifierMixin]] = []
    for candidate in CANDIDATES:
        fitted = _fitted(candidate, partial(fit, candidate.estimator(), candidate, columns, churn))
        if candidate.name in VOTERS:
            voters.append((candidate.name, clone(fitted.model)))
        yield fitted
        del fitted
        gc.collect()
    ensemble = VotingClassifier(voters, voting="soft")
    yield _fitted(VOTING, lambda: (ensemble.fit(columns, churn), {}))


def _losses(model: ClassifierMixin, columns: NDArray[np.float32], churn: NDArray[np.int8]) -> dict[str, float]:
    """A fold's mean log loss, and the square of its standard error."""
    losses = log_losses(churn, np.asarray(model.predict_proba(columns)[:, 1], np.float64))
    return {"log_loss": float(losses.mean()), "squared_error": float(losses.var(ddof=1)) / len(losses)}


def scores(rows: NDArray[np.intp], model: ClassifierMixin, prepared: Prepared) -> NDArray[np.float64]:
    """The model's churn probabilities for these rows of the table, shape (len(rows),)."""
    return np.asarray(model.predict_proba(prepared.scaled(rows))[:, 1], np.float64)


def fit_whole(
    candidate: Candidate,
    columns: NDArray[np.float32],
    churn: NDArray[np.int8],
    folds: int | Sequence[Folds] = SEARCH_FOLDS,
) -> ClassifierMixin:
    """The candidate's model, fitted after its search; of a vote, each member is searched for separately."""
    if candidate is VOTING:
        voters = [voter for voter in CANDIDATES if voter.name in VOTERS]
        members = [(voter.name, clone(fit_whole(voter, columns, churn, folds))) for voter in voters]
        return VotingClassifier(members, voting="soft").fit(columns, churn)
    return fit(candidate.estimator(), candidate, columns, churn, folds=folds)[0]


def figures_on(rows: NDArray[np.intp], model: ClassifierMixin, prepared: Prepared) -> dict[str, float]:
    """The figures of `model_metrics.measure` for the model on these rows of the table."""
    return measure(prepared.churn[rows], scores(rows, model, prepared))


def _fitted(candidate: Candidate, fit: Callable[[], tuple[ClassifierMixin, dict[str, Any]]]) -> Fitted:
    start = time.perf_counter()
    (model, parameters), memory = peak_of(fit)
    return Fitted(candidate, model, parameters, time.perf_counter() - start, memory, len(pickle.dumps(model)))
