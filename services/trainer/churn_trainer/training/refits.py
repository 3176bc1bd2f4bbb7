"""The whole fit, scaling and search included, repeated on bootstrap resamples of its customers.

The differences between refits show how much of a result depends on who happens to be in the table (Efron and Tibshirani
1993, "An Introduction to the Bootstrap", chapter 6).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from joblib import Parallel, cpu_count, delayed

from churn_trainer.data.prepare import Prepared, scaler_of
from churn_trainer.data.split import Rows
from churn_trainer.training.candidates import SEED, Candidate
from churn_trainer.training.folds import apart
from churn_trainer.training.train import SEARCH_FOLDS, fit_whole

# With the default of five repeats, a hundred refits, whose standard deviation is right to 7 %.
REFITS_PER_REPEAT = 20

# Refits of a champion other than the regression, whose fits and measured effects take seconds each.
MEASURED_REFITS = 10

Refit = TypeVar("Refit")


def refits(
    candidate: Candidate, prepared: Prepared, count: int, rows: int, as_scorer: Callable[[Any, Prepared, Rows], Refit]
) -> list[Refit]:
    """The scorers of `count` refits of the candidate; `as_scorer` makes one of a fitted model and its rows.

    Each is fitted on as many rows as the development part has, but at most `rows`, drawn from it with replacement. The
    refits run in threads, because fits release the GIL and share the table.
    """
    size = min(len(prepared.split.development), rows)
    work = (delayed(_refit)(candidate, prepared, size, number, as_scorer) for number in range(count))
    scorers: list[Refit] = Parallel(n_jobs=cpu_count(), backend="threading")(work)
    return scorers


def _refit(
    candidate: Candidate,
    prepared: Prepared,
    size: int,
    number: int,
    as_scorer: Callable[[Any, Prepared, Rows], Refit],
) -> Refit:
    rows = np.sort(np.random.default_rng((SEED, number)).choice(prepared.split.development, size))
    resampled = replace(prepared, scaler=scaler_of(prepared.table, rows))
    churn, fed = prepared.churn[rows], resampled.fed(candidate.inputs, rows)
    folds = list(apart(prepared.groups(rows), churn, SEARCH_FOLDS))
    model = fit_whole(candidate, prepared.table.schema, fed, churn, folds)
    return as_scorer(model, resampled, rows)
