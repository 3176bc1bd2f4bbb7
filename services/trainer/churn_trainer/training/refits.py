"""The whole fit, scaling and search included, repeated on bootstrap resamples of its customers.

What refits tell differently hangs on who happens to be in the table (Efron and Tibshirani 1993, "An Introduction to the
Bootstrap", chapter 6).
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from churn.model.background import Background
from churn.model.scoring import Scorer
from churn_trainer.data.hashes import Hashes
from churn_trainer.data.prepare import Prepared, scaler_of
from churn_trainer.training.attribution import slopes_of
from churn_trainer.training.candidates import SEED, Candidate
from churn_trainer.training.export import scorer_of
from churn_trainer.training.train import SEARCH_FOLDS, Folds, fit_whole

# A hundred with the usual five repeats: a standard error by so many is right to 7 %.
REFITS_PER_REPEAT = 20

# Of a champion that is not additive: its fits and its measured effects take seconds each.
MEASURED_REFITS = 10


def refits(candidate: Candidate, prepared: Prepared, background: Background, count: int, rows: int) -> list[Scorer]:
    """The scorers of `count` refits on as many of the development rows, but `rows` at most, drawn with
    replacement; in threads, as the fits release Python's lock and share the table."""
    size = min(len(prepared.split.development), rows)
    work = (delayed(_refit)(candidate, prepared, background, size, number) for number in range(count))
    scorers: list[Scorer] = Parallel(n_jobs=cpu_count(), backend="threading")(work)
    return scorers


def _refit(candidate: Candidate, prepared: Prepared, background: Background, size: int, number: int) -> Scorer:
    rows = np.sort(np.random.default_rng((SEED, number)).choice(prepared.split.development, size))
    resampled = replace(prepared, scaler=scaler_of(prepared.table, rows))
    churn = prepared.churn[rows]
    model = fit_whole(candidate, resampled.scaled(rows), churn, list(_folds(prepared.groups(rows), churn)))
    return scorer_of(model, resampled.scaler, slopes_of(prepared, rows), background)


def _folds(groups: Hashes, churn: NDArray[np.int8]) -> Iterator[Folds]:
    """Folds of the search in which a customer who was drawn twice is on one side: one on both would be recognised, and
    a search would think too well of settings that learn by heart."""
    _, first, customer = np.unique(groups, return_index=True, return_inverse=True)
    for _, held_out in StratifiedKFold(SEARCH_FOLDS).split(first, churn[first]):
        is_held_out = np.isin(customer, held_out)
        yield np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
