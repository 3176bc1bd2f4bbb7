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

from churn_trainer.data.hashes import Hashes
from churn_trainer.model_metrics import log_losses, measure
from churn_trainer.training.candidates import CANDIDATES, SEED, VOTERS, VOTING, Candidate
from churn_trainer.training.threads import own_thread
from churn_trainer.training.train import fit

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]
Progress = Callable[[str, int, int], None]


class Data(NamedTuple):
    """What is learnt from: unscaled columns, shape (n, 45), and each row's outcome (0 or 1) and group, shape (n,).

    Rows have the same group, which is any number, if they are alike in every field.
    """

    columns: NDArray[np.float32]
    churn: NDArray[np.int8]
    groups: Hashes


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
    """Cross-validate all candidates; the soft vote is computed from its members' probabilities in each fold.

    `progress` is called after each fold with the candidate's name, the folds done and their total.
    """
    columns, churn, _ = data
    folds = grouped_folds(churn, data.groups, design)
    figures: dict[str, dict[str, NDArray[np.float64]]] = {}
    errors: dict[str, float] = {}
    votes = [np.zeros(len(test)) for _, test in folds]
    for candidate in CANDIDATES:
        scores = _scores(candidate, columns, churn, folds, design.jobs, progress)
        figures[candidate.name] = _figures(churn, folds, scores)
        errors[candidate.name] = loss_error(churn, folds, scores)
        if candidate.name in VOTERS:
            votes = [vote + score / len(VOTERS) for vote, score in zip(votes, scores, strict=True)]
        del scores
        gc.collect()
    figures[VOTING.name] = _figures(churn, folds, votes)
    errors[VOTING.name] = loss_error(churn, folds, votes)
    return Comparison(figures, errors, design.folds, design.repeats, len(churn))


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
    columns, churn, groups = data
    shuffled = np.random.default_rng(SEED).permutation(churn)
    folds = grouped_folds(shuffled, groups, replace(design, repeats=1))
    scores = _scores(candidate, columns, shuffled, folds, design.jobs, progress)
    churned, stayed = np.count_nonzero(churn == 1), np.count_nonzero(churn == 0)
    # Mann and Whitney (1947): the variance of the AUC if both groups have the same distribution of scores.
    error = math.sqrt((churned + stayed + 1) / (12 * churned * stayed))
    return PermutedCheck(candidate.name, float(_figures(shuffled, folds, scores)["roc_auc"].mean()), 4 * error)


def _scores(
    candidate: Candidate,
    columns: NDArray[np.float32],
    churn: NDArray[np.int8],
    folds: list[Fold],
    jobs: int | None,
    progress: Progress,
) -> list[NDArray[np.float64]]:
    """The test customers' probabilities in each fold. Folds run in threads: fits release the GIL and share columns."""
    work = (delayed(_score_fold)(candidate, columns, churn, fold) for fold in folds)
    scores = []
    for score in Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(work):
        scores.append(score)
        progress(candidate.name, len(scores), len(folds))
    return scores


def _score_fold(
    candidate: Candidate, columns: NDArray[np.float32], churn: NDArray[np.int8], fold: Fold
) -> NDArray[np.float64]:
    train, test = fold
    pipeline = Pipeline([("scale", StandardScaler()), ("model", candidate.estimator())])
    with own_thread():
        model, _ = fit(pipeline, candidate, columns[train], churn[train], "model__")
        return np.asarray(model.predict_proba(columns[test])[:, 1], np.float64)


def _figures(
    churn: NDArray[np.int8], folds: list[Fold], scores: list[NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    measured = [measure(churn[test], score) for (_, test), score in zip(folds, scores, strict=True)]
    return {figure: np.array([metrics[figure] for metrics in measured]) for figure in measured[0]}
