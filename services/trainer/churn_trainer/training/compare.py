"""Comparing the candidates by repeated stratified cross-validation, with everything that learns inside the folds.

Each fold scales, searches the candidate's grid by cross-validation of its own, fits, and scores customers that it has
not seen. All candidates meet the same folds, so that they can be compared pairwise.
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
    """What is learnt from: unscaled columns, shape (n, 45), each row's outcome, and the group of customers alike in
    every field that it belongs to, as any number."""

    columns: NDArray[np.float32]
    churn: NDArray[np.int8]
    groups: Hashes


@dataclass(frozen=True, slots=True)
class Design:
    """How to cross-validate; `jobs` folds at a time, None where joblib's backend decides."""

    folds: int
    repeats: int
    jobs: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """For each candidate by name, each figure in every fold, in the same order of folds, and the standard error of its
    mean log loss over customers."""

    figures: dict[str, dict[str, NDArray[np.float64]]]
    errors: dict[str, float]
    folds: int
    repeats: int
    rows: int

    def mean(self, name: str, figure: str) -> float:
        return float(self.figures[name][figure].mean())

    def summary(self, name: str) -> dict[str, dict[str, float]]:
        """Mean and standard deviation over the folds, by figure."""
        figures = self.figures[name].items()
        return {figure: {"mean": float(values.mean()), "std": float(values.std(ddof=1))} for figure, values in figures}

    def difference(self, name: str, other: str, figure: str) -> "Difference":
        """How much `name` is above `other`, paired over the folds."""
        gaps = self.figures[name][figure] - self.figures[other][figure]
        return Difference(float(gaps.mean()), corrected_error(gaps, self.folds), len(gaps))


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean difference over so many folds, those of all repeats, with its corrected standard error."""

    mean: float
    error: float
    folds: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the corrected resampled t-test (Nadeau and Bengio 2003, "Inference for the
        generalization error", section 3.2): Student's t with one degree of freedom less than there are folds."""
        reach = float(student_t.ppf(0.975, self.folds - 1)) * self.error
        return self.mean - reach, self.mean + reach


def corrected_error(gaps: NDArray[np.float64], folds: int) -> float:
    """The standard error of a mean over repeated folds by Nadeau and Bengio (2003).

    Folds share most of their customers, so that their spread divided by √folds would promise too much.
    """
    test_to_train = 1 / (folds - 1)
    return math.sqrt((1 / len(gaps) + test_to_train) * float(gaps.var(ddof=1)))


def compare(data: Data, design: Design, progress: Progress) -> Comparison:
    """Cross-validate all candidates; the ensemble's vote is taken from its members' folds."""
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
    """The standard error of the mean log loss over customers, a customer's being the mean of its repeats.

    After Breiman, Friedman, Olshen and Stone (1984, "Classification and Regression Trees", section 3.4.3), who take it
    over cases. Two folds may have the same mean by accident; thousands of customers have no spread of 0.
    """
    total, times = np.zeros(len(churn)), np.zeros(len(churn))
    for (_, test), score in zip(folds, scores, strict=True):
        total[test] += log_losses(churn[test], score)
        times[test] += 1
    return float((total / times).std(ddof=1)) / math.sqrt(len(churn))


def grouped_folds(churn: NDArray[np.int8], groups: Hashes, design: Design, seed: int = SEED) -> list[Fold]:
    """Repeated folds, stratified by outcome, with all customers of a group in one fold: whoever equals a customer of
    the training folds would be recognised rather than predicted.

    scikit-learn's StratifiedGroupKFold weighs groups one by one: minutes, where nearly all hold one customer.
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
    """The AUC of a candidate where the labels are shuffled: 0.5 but for chance, or the fit sees test labels."""

    candidate: str
    roc_auc: float
    limit: float

    @property
    def passed(self) -> bool:
        return abs(self.roc_auc - 0.5) <= self.limit


def permuted_check(candidate: Candidate, data: Data, design: Design, progress: Progress) -> PermutedCheck:
    """Cross-validate once on shuffled labels. The limit is four standard errors of an AUC that knows nothing."""
    columns, churn, groups = data
    shuffled = np.random.default_rng(SEED).permutation(churn)
    folds = grouped_folds(shuffled, groups, replace(design, repeats=1))
    scores = _scores(candidate, columns, shuffled, folds, design.jobs, progress)
    churned, stayed = np.count_nonzero(churn == 1), np.count_nonzero(churn == 0)
    # Mann and Whitney (1947): the variance of the AUC where both groups have the same distribution.
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
    """The test customers' probabilities, fold by fold, in threads: the fits release Python's lock and share columns."""
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
    return {figure: np.array([one[figure] for one in measured]) for figure in measured[0]}
