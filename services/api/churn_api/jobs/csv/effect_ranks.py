"""The largest effects of many rows at once."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def largest_effects(effects: NDArray[np.float64], ranks: int) -> Iterator[NDArray[np.intp]]:
    """For each of n rows the positions of the largest effects by size, so many ranks; of equals the first.

    Sizes are compared as the integers that their bits are, which are in the same order; the lowest bits make way for
    the position, so that the largest tells where it stands. What differs by less than 1e-14 counts as equal.
    """
    bits = np.abs(effects.T).view(np.int64)
    last = (1 << len(bits).bit_length()) - 1
    bits &= ~last
    bits |= np.arange(last, last - len(bits), -1)[:, None]
    every = np.arange(bits.shape[1])
    for _ in range(ranks):
        largest = last - (bits.max(axis=0) & last)
        yield largest
        bits[largest, every] = 0
