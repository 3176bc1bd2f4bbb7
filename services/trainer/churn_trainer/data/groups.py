"""Groups of customers with about the same number, by which it is seen how much the number tells of the outcome."""

import numpy as np
from numpy.typing import NDArray

# Enough to show a step anywhere, too few to learn noise.
_GROUPS = 20


def equal_groups(numbers: NDArray[np.float64]) -> NDArray[np.intp]:
    """The group of each number, of at most twenty of about equal size, counted from 0; blanks (NaN) are the last one.

    There has to be a number that is no blank.
    """
    blank = np.isnan(numbers)
    edges = np.unique(np.quantile(numbers[~blank], np.linspace(0, 1, _GROUPS + 1)[1:-1]))
    return np.where(blank, len(edges) + 1, np.searchsorted(edges, numbers, side="left"))
