"""Folds within a fit, for a search and for predictions for customers that a model has not seen."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from churn.split import Hashes

Folds = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Positions of the rows that are fitted on, and of the rows that are predicted."""


def apart(groups: Hashes, churn: NDArray[np.int8], count: int) -> Iterator[Folds]:
    """`count` folds of n rows with these groups and outcomes, that keep rows of a group on one side.

    On both sides, as in a resample, a customer would be recognised, and what memorises would be preferred. The groups
    are hashes and taken in their order: each part of a sorted table would be unlike the others.
    """
    _, first, customer = np.unique(groups, return_index=True, return_inverse=True)
    for _, held_out in StratifiedKFold(count).split(first, churn[first]):
        is_held_out = np.isin(customer, held_out)
        yield np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
