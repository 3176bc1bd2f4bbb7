"""How well one column alone tells who left: the area under the ROC curve, from rows' codes and outcomes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn_trainer.inspect.column import Column

# Groups of about equal size into which numbers are put, so that it counts as well if the middle ones leave.
_GROUPS = 20

# How many customers of the mean outcome are added to each value's, so that rare values say little.
_ADDED = 5.0

_SEED = 0

Mask = NDArray[np.bool_]


def auc(column: Column, left: Mask) -> float:
    """The AUC of the column alone, from 0.5 to 1, where a blank counts as a value.

    Each half of the rows is judged by what the values mean in the other half, so that a value of its own for each
    customer tells nothing. Numbers are also judged by their order.
    """
    codes = _grouped(column) if column.is_numeric else column.codes
    return max(_by_values(codes, left), _by_order(column, left) if column.is_numeric else 0.5)


def auc_of_blanks(column: Column, left: Mask) -> float:
    """The AUC of whether the column is blank, from 0.5 to 1."""
    return 0.5 + abs(float(column.blank[left].mean()) - float(column.blank[~left].mean())) / 2


def _by_order(column: Column, left: Mask) -> float:
    known = ~np.isnan(column.amounts)
    if not known.any():
        return 0.5
    numbers, places = np.unique(column.amounts[known], return_inverse=True)
    area = _area(np.arange(len(numbers)), *_counted(places, left[known], len(numbers)))
    return max(area, 1 - area)


def _by_values(codes: NDArray[np.int32], left: Mask) -> float:
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
    """The AUC of scores that so many customers have; 0.5 without customers of both kinds."""
    distinct, places = np.unique(scores, return_inverse=True)
    left, here = (np.bincount(places, counts, len(distinct)) for counts in (gone, stayed))
    pairs = left.sum() * here.sum()
    below = np.cumsum(here) - here
    return float((left * (below + here / 2)).sum() / pairs) if pairs else 0.5


def _grouped(column: Column) -> NDArray[np.int32]:
    """The number of each row's group, -1 for a blank."""
    known = ~np.isnan(column.amounts)
    amounts = column.amounts[known]
    edges = np.unique(np.quantile(amounts, np.arange(1, _GROUPS) / _GROUPS)) if len(amounts) else amounts
    groups = np.full(len(column), -1, np.int32)
    groups[known] = np.searchsorted(edges, amounts)
    return groups
