"""Comparing the candidates by repeated stratified cross-validation, with everything that learns inside the folds.

In each fold, the columns are scaled, the candidate's grid is searched by an inner cross-validation, and the model is
fitted; then it scores customers that none of this has seen. All candidates get the same folds, so that they can be
compared pairwise.
"""

import gc
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.stats import t as student_t
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from churn.schema import Schema
from churn.split import Hashes
from churn.tracking.figures import log_losses
from churn_trainer.data.prepare import Fed, Prepared
from churn_trainer.data.split import Rows
from churn_trainer.model_metrics import measure
from churn_trainer.training.candidates import CANDIDATES, MEMBERS, SEED, STACK, Candidate
from churn_trainer.training.stack import stacked, weighing
from churn_trainer.training.threads import own_thread
from churn_trainer.training.train import fit

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]
Progress = Callable[[str, int, int], None]


class Data(NamedTuple):
    """What is learnt from: unscaled columns, fields, and each row's outcome (0 or 1) and group, shape (n,).

    Rows have the same group, which is any number, if they are alike in every field.
    """

    schema: Schema
    fed: Fed
    churn: NDArray[np.int8]
    groups: Hashes


def data_of(prepared: Prepared, rows: Rows) -> Data:
    """These rows of the table."""
    fed = Fed(prepared.unscaled(rows), prepared.fields(rows))
    return Data(prepared.table.schema, fed, prepared.churn[rows], prepared.groups(rows))


@dataclass(frozen=True, slots=True)
class Design:
    """How to cross-validate; `jobs` is the number of folds at a time, None to let joblib's backend decide."""

    folds: int
    repeats: int
    jobs: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What cross-validation found, by candidate.

    `figures` holds each figure of `model_metrics.measure` for every fold, shape (folds · repeats,), in the same order
    for all candidates. `errors` holds the standard error of the mean log loss over customers. `rows` is the number of
    customers.
    """

    figures: dict[str, dict[str, NDArray[np.float64]]]
    errors: dict[str, float]
    folds: int
    repeats: int
    rows: int

    def mean(self, name: str, figure: str) -> float:
        """The mean of a candidate's figure over all folds."""
        return float(self.figures[name][figure].mean())

    def summary(self, name: str) -> dict[str, dict[str, float]]:
        """A candidate's mean and standard deviation over all folds, by figure."""
        figures = self.figures[name].items()
        return {figure: {"mean": float(values.mean()), "std": float(values.std(ddof=1))} for figure, values in figures}

    def difference(self, name: str, other: str, figure: str) -> "Difference":
        """By how much the figure of `name` is above that of `other`, paired over the folds."""
        gaps = self.figures[name][figure] - self.figures[other][figure]
        return Difference(float(gaps.mean()), corrected_error(gaps, self.folds), len(gaps))


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean difference with its corrected standard error; `folds` counts those of all repeats."""

    mean: float
    error: float
    folds: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval (low, high), by Student's t with one degree of freedom less than there are folds.

        It is that of the corrected resampled t-test of Nadeau and Bengio (2003, "Inference for the generalization
        error", section 3.2).
        """
        reach = float(student_t.ppf(0.975, self.folds - 1)) * self.error
        return self.mean - reach, self.mean + reach


def corrected_error(gaps: NDArray[np.float64], folds: int) -> float:
    """The standard error of the mean of `gaps`, one for each fold of each repeat, by Nadeau and Bengio (2003).

    Folds share most of their customers, so their standard deviation divided by √n would be too small an error.
    """
    test_to_train = 1 / (folds - 1)
    return math.sqrt((1 / len(gaps) + test_to_train) * float(gaps.var(ddof=1)))


def compare(data: Data, design: Design, progress: Progress) -> Comparison:
    """Cross-validate all candidates; the stack is computed from its members' probabilities in each fold.

    `progress` is called after each fold with the candidate's name, the folds done and their total.
    """
    churn = data.churn
    folds = grouped_folds(churn, data.groups, design)
    figures: dict[str, dict[str, NDArray[np.float64]]] = {}
    errors: dict[str, float] = {}
    members = []
    for candidate in CANDIDATES:
        scores = _scores(candidate, data, churn, folds, design.jobs, progress)
        figures[candidate.name] = _figures(churn, folds, scores)
        errors[candidate.name] = loss_error(churn, folds, scores)
        if candidate.name in MEMBERS:
            members.append(scores)
        gc.collect()
    scores = stack_scores(churn, folds, members, design.folds)
    figures[STACK.name] = _figures(churn, folds, scores)
    errors[STACK.name] = loss_error(churn, folds, scores)
    return Comparison(figures, errors, design.folds, design.repeats, len(churn))


def stack_scores(
    churn: NDArray[np.int8], folds: Sequence[Fold], members: Sequence[Sequence[NDArray[np.float64]]], parts: int
) -> list[NDArray[np.float64]]:
    """The stack's probabilities for each fold's test customers, from those of its members.

    The weights for a fold are fitted on the predictions for the customers of the other `parts` − 1 folds of its repeat,
    who were each predicted by models that had not seen them. Some of these models have seen the fold's own customers;
    that can reach the stack through no more than its four weights, and spares it two thirds of all fits.
    """
    scores = []
    for number in range(len(folds)):
        repeat = range(number - number % parts, number - number % parts + parts)
        others = [other for other in repeat if other != number]
        seen = [np.concatenate([member[other] for other in others]) for member in members]
        model = weighing(seen, churn[np.concatenate([folds[other][1] for other in others])])
        scores.append(model.predict_proba(stacked([member[number] for member in members]))[:, 1])
    return scores


def loss_error(churn: NDArray[np.int8], folds: Sequence[Fold], scores: Sequence[NDArray[np.float64]]) -> float:
    """The standard error of the mean log loss over customers; a customer's loss is the mean over the repeats.

    `scores` are the probabilities of each fold's test customers. Breiman, Friedman, Olshen and Stone (1984,
    "Classification and Regression Trees", section 3.4.3) take the error over cases, too: a few folds can agree by
    accident, thousands of customers cannot.
    """
    total, times = np.zeros(len(churn)), np.zeros(len(churn))
    for (_, test), score in zip(folds, scores, strict=True):
        total[test] += log_losses(churn[test], score)
        times[test] += 1
    return float((total / times).std(ddof=1)) / math.sqrt(len(churn))


def grouped_folds(churn: NDArray[np.int8], groups: Hashes, design: Design, seed: int = SEED) -> list[Fold]:
    """Repeated folds, stratified by outcome, that keep all customers of a group together.

    A customer who equals one of the training folds would be recognised rather than predicted. scikit-learn's
    StratifiedGroupKFold places groups one by one, which takes minutes where nearly every customer is a group.
    """
    names, group = np.unique(groups, return_inverse=True)
    churned = np.bincount(group, weights=churn) > 0
    splitter = RepeatedStratifiedKFold(n_splits=design.folds, n_repeats=design.repeats, random_state=seed)
    folds = []
    for _, test in splitter.split(names, churned):
        tested = np.zeros(len(names), bool)
        tested[test] = True
        folds.append((np.flatnonzero(~tested[group]), np.flatnonzero(tested[group])))
    return folds


@dataclass(frozen=True, slots=True)
class PermutedCheck:
    """The AUC of a candidate on shuffled labels: 0.5 within `limit`, unless the fit sees labels of its test part."""

    candidate: str
    roc_auc: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the AUC is within the limit of 0.5."""
        return abs(self.roc_auc - 0.5) <= self.limit


def permuted_check(candidate: Candidate, data: Data, design: Design, progress: Progress) -> PermutedCheck:
    """Cross-validate once on shuffled labels. The limit is four standard errors of an AUC by chance."""
    churn = data.churn
    shuffled = np.random.default_rng(SEED).permutation(churn)
    folds = grouped_folds(shuffled, data.groups, replace(design, repeats=1))
    scores = _scores(candidate, data, shuffled, folds, design.jobs, progress)
    churned, stayed = np.count_nonzero(churn == 1), np.count_nonzero(churn == 0)
    # Mann and Whitney (1947): the variance of the AUC if both groups have the same distribution of scores.
    error = math.sqrt((churned + stayed + 1) / (12 * churned * stayed))
    return PermutedCheck(candidate.name, float(_figures(shuffled, folds, scores)["roc_auc"].mean()), 4 * error)


def _scores(
    candidate: Candidate,
    data: Data,
    churn: NDArray[np.int8],
    folds: list[Fold],
    jobs: int | None,
    progress: Progress,
) -> list[NDArray[np.float64]]:
    """The test customers' probabilities in each fold. Folds run in threads: fits release the GIL and share data."""
    work = (delayed(_score_fold)(candidate, data, churn, fold) for fold in folds)
    scores = []
    for score in Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(work):
        scores.append(score)
        progress(candidate.name, len(scores), len(folds))
    return scores


def _score_fold(candidate: Candidate, data: Data, churn: NDArray[np.int8], fold: Fold) -> NDArray[np.float64]:
    train, test = fold
    fed, model = data.fed.of(candidate.inputs), ("model", candidate.estimator(data.schema))
    pipeline = Pipeline([("scale", StandardScaler()), model] if candidate.inputs == "columns" else [model])
    with own_thread():
        fitted, _ = fit(pipeline, candidate, fed[train], churn[train], "model__")
        return np.asarray(fitted.predict_proba(fed[test])[:, 1], np.float64)


def _figures(
    churn: NDArray[np.int8], folds: list[Fold], scores: list[NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    measured = [measure(churn[test], score) for (_, test), score in zip(folds, scores, strict=True)]
    return {figure: np.array([metrics[figure] for metrics in measured]) for figure in measured[0]}
