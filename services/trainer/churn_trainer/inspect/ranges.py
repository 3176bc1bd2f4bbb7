"""The range of a number, rounded to what may be possible, and the edges of its bands."""

from math import floor, log10

import numpy as np
from numpy.typing import NDArray

_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)

# Bands of about as many customers each.
_BANDS = 8

# Significant digits of an edge between bands.
_DIGITS = 3


def beyond(number: float) -> float:
    """The next round number from this one on, away from 0."""
    if number == 0:
        return 0.0
    power = 10.0 ** floor(log10(abs(number)))
    step = next(step for step in _STEPS if step * power >= abs(number) * (1 - 1e-12))
    return float(np.copysign(float(f"{step * power:.6g}"), number))


def bounds(amounts: NDArray[np.float64]) -> tuple[float, float]:
    """The lowest and highest number that may be possible: round ones, and 0 where none is negative."""
    low, high = float(np.nanmin(amounts)), float(np.nanmax(amounts))
    lowest = beyond(low) if low < 0 else 0.0
    return lowest, max(beyond(high) if high > 0 else 0.0, lowest + 1)


def bands(amounts: NDArray[np.float64], low: float, high: float, *, whole: bool) -> list[float]:
    """The edges of at most eight bands from `low` to `high` with about as many customers each.

    Where nearly everybody has the lowest number, they are the bands of the others.
    """
    known = amounts[~np.isnan(amounts)]
    edges = _cuts(known, low, high, whole=whole) or _cuts(known[known > low], low, high, whole=whole)
    return [low, *edges, high]


def _cuts(amounts: NDArray[np.float64], low: float, high: float, *, whole: bool) -> list[float]:
    if not len(amounts):
        return []
    cuts = np.quantile(amounts, np.arange(1, _BANDS) / _BANDS)
    edges = {float(round(cut)) if whole else float(f"{cut:.{_DIGITS}g}") for cut in cuts}
    return sorted(edge for edge in edges if low < edge < high)
