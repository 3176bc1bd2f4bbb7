"""Fitting the candidates on all customers but those of the test part, one after another."""

import gc
import math
import pickle
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
"""Positions of the rows that a search fits on, and of those that it judges by."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A candidate with the settings that its grid search chose, and what it cost and gave.

    `model` is fitted on the scaled development rows; `size` in bytes as pickled, `memory` in bytes above what was held.
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

    One job, unless a cluster was made joblib's backend: n_jobs=None means just that.
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
    """The estimator, fitted with the settings that the candidate's search chose, and these; as it is without a grid."""
    if not candidate.grid:
        return estimator.fit(columns, churn), {}
    grid = search(estimator, candidate, prefix, folds).fit(columns, churn)
    return grid.best_estimator_, dict(grid.best_params_)


def simplest_within_error(results: Mapping[str, NDArray[np.float64]]) -> int:
    """The first setting, the simplest coming first, whose mean log loss is within one standard error of the best one.

    Breiman, Friedman, Olshen and Stone (1984, "Classification and Regression Trees", section 3.4.3). As there, the
    error is that of a mean over customers: a mean over three folds would be too uncertain itself.
    """
    losses = results["mean_test_log_loss"]
    best = int(losses.argmin())
    error = math.sqrt(results["mean_test_squared_error"][best] / SEARCH_FOLDS)
    return int(np.argmax(losses <= losses[best] + error))


def fit_all(prepared: Prepared) -> Iterator[Fitted]:
    """Each candidate fitted on the development rows, the ensemble last, with memory freed in between."""
    rows = prepared.split.development
    columns, churn = prepared.scaled(rows), prepared.churn[rows]
    voters: list[tuple[str, ClassifierMixin]] = []
    for candidate in CANDIDATES:
        fitted = _fitted(candidate, lambda one=candidate: fit(one.estimator(), one, columns, churn))  # type: ignore[misc]
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
    """A model's churn probabilities of the rows."""
    return np.asarray(model.predict_proba(prepared.scaled(rows))[:, 1], np.float64)


def fit_whole(
    candidate: Candidate,
    columns: NDArray[np.float32],
    churn: NDArray[np.int8],
    folds: int | Sequence[Folds] = SEARCH_FOLDS,
) -> ClassifierMixin:
    """The candidate's model after its search; a vote's members have each been searched for themselves."""
    if candidate is VOTING:
        members = [(one.name, fit_whole(one, columns, churn, folds)) for one in CANDIDATES if one.name in VOTERS]
        return VotingClassifier([(name, clone(model)) for name, model in members], voting="soft").fit(columns, churn)
    return fit(candidate.estimator(), candidate, columns, churn, folds=folds)[0]


def figures_on(rows: NDArray[np.intp], model: ClassifierMixin, prepared: Prepared) -> dict[str, float]:
    """Every figure of a model on the rows."""
    return measure(prepared.churn[rows], scores(rows, model, prepared))


def _fitted(candidate: Candidate, fit: Callable[[], tuple[ClassifierMixin, dict[str, Any]]]) -> Fitted:
    start = time.perf_counter()
    (model, parameters), memory = peak_of(fit)
    return Fitted(candidate, model, parameters, time.perf_counter() - start, memory, len(pickle.dumps(model)))
