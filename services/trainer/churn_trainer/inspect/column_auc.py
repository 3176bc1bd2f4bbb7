"""How well one column alone tells who left: the area under the ROC curve, from rows' codes and outcomes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn_trainer.data.groups import equal_groups
from churn_trainer.inspect.column import Column

# How many customers of the mean outcome are added to each value's, so that rare values say little.
_ADDED = 5.0

_SEED = 0

Mask = NDArray[np.bool_]


def auc(column: Column, left: Mask) -> float:
    """The AUC of the column alone, from 0.5 to 1, where a blank counts as a value.

    Each half of the rows is judged by what the values mean in the other half, so that a value of its own for each
    customer tells nothing. Numbers are put into groups, so that it counts as well if the middle ones leave, and are
    also judged by their order.
    """
    if not column.is_numeric:
        return _by_values(column.codes, left)
    amounts = column.amounts
    return max(_by_values(equal_groups(amounts), left), _by_order(amounts, left))


def auc_of_blanks(column: Column, left: Mask) -> float:
    """The AUC of whether the column is blank, from 0.5 to 1."""
    return 0.5 + abs(float(column.blank[left].mean()) - float(column.blank[~left].mean())) / 2


def _by_order(amounts: NDArray[np.float64], left: Mask) -> float:
    known = ~np.isnan(amounts)
    numbers, places = np.unique(amounts[known], return_inverse=True)
    area = _area(np.arange(len(numbers)), *_counted(places, left[known], len(numbers)))
    return max(area, 1 - area)


def _by_values(codes: NDArray[np.integer[Any]], left: Mask) -> float:
    places, most = codes.astype(np.int64) + 1, int(codes.max(initial=-1)) + 2
    half = np.random.default_rng(_SEED).random(len(codes)) < 0.5  # by chance, as files may be sorted in any way
    first, second = (_counted(places[part], left[part], most) for part in (half, ~half))
    scores = np.concatenate([_rates(*second, left), _rates(*first, left)])
    gone, stayed = (np.concatenate([one, other]) for one, other in zip(first, second, strict=True))
    return max(_area(scores, gone, stayed), 0.5)


def _rates(gone: NDArray[np.float64], stayed: NDArray[np.float64], left: Mask) -> NDArray[np.float64]:
    rates: NDArray[np.float64] = (gone + _ADDED * left.mean()) / (gone + stayed + _ADDED)
    return rates


def _counted(places: NDArray[np.int64], left: Mask, most: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many customers at each place left and stayed."""
    gone = np.bincount(places[left], minlength=most).astype(np.float64)
    return gone, np.bincount(places, minlength=most) - gone


def _area(scores: NDArray[Any], gone: NDArray[np.float64], stayed: NDArray[np.float64]) -> float:
    """The AUC of scores that so many customers have; 0.5 without customers of both kinds.

    scikit-learn computes the same, but takes two seconds to import, longer than most drafts take.
    """
    distinct, places = np.unique(scores, return_inverse=True)
    left, here = (np.bincount(places, counts, len(distinct)) for counts in (gone, stayed))
    pairs = left.sum() * here.sum()
    below = np.cumsum(here) - here
    return float((left * (below + here / 2)).sum() / pairs) if pairs else 0.5
