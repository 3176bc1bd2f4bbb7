"""How uncertain expected money is: by which customers there happen to be, and by save rates that were measured.

The 95 % bands are of a bootstrap (Efron & Tibshirani 1993) that resamples the groups of `totals`, each customer a group
where there are so few. Where an offer's save rate was measured, each replicate also draws it from its interval. An
assumed save rate is taken as it is, and so is the model: a band says nothing about either being wrong.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.campaigns.totals import Totals
from churn.intervals import NORMAL_95

_REPLICATES = 1000


class Band(NamedTuple):
    """Money and its 95 % band."""

    money: float
    low: float
    high: float


class Interval(NamedTuple):
    """A save rate and its 95 % interval."""

    rate: float
    low: float
    high: float


def band(totals: Totals, rates: Sequence[Interval], scale: float = 1.0) -> Band:
    """The band of the expected money, or of a difference of totals.

    `rates` are those of the offers. Where `totals` are those of a sample, each customer stands
    for `scale`; the band is as wide as that of the sample.
    """
    groups = totals.groups
    count = int(np.flatnonzero(groups.any(axis=0)).max(initial=0)) + 1
    rng = np.random.default_rng(1)
    money = _resamples(count) @ groups[:, :count].sum(axis=0)
    for stake, (rate, low, high) in zip(totals.stake, rates, strict=True):
        draws = rng.standard_normal(_REPLICATES) / NORMAL_95
        money = money + stake * np.where(draws < 0, draws * (rate - low), draws * (high - rate))
    low, high = np.quantile(money, (0.025, 0.975)) * scale
    expected = totals.expected * scale
    return Band(expected, min(float(low), expected), max(float(high), expected))


@lru_cache(1)
def _resamples(count: int) -> NDArray[np.float32]:
    """How often each of so many groups is drawn in each replicate, shape (replicates, count)."""
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), _REPLICATES)
    return drawn.astype(np.float32)


def difference(one: Totals, other: Totals) -> Totals:
    """What the one brings more than the other, of the same customers in the same groups."""
    return Totals._make(mine - theirs for mine, theirs in zip(one, other, strict=True))
