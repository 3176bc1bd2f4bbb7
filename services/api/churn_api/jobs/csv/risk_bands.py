"""The risk bands of many customers."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.model.predictor import RISK_BANDS

_NAMES = [band for band, _ in RISK_BANDS]
_ENDS = [end for _, end in RISK_BANDS[:-1]]


def risk_bands(probabilities: NDArray[np.float64]) -> pl.Series:
    """The band of each of n probabilities."""
    places: NDArray[np.uint32] = np.sum([probabilities >= end for end in _ENDS], axis=0, dtype=np.uint32)
    return pl.Series("band", _NAMES).gather(places)
