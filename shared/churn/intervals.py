"""Intervals that the trainer, campaigns, experiments and the figures of what came of predictions share."""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

NORMAL_95 = 1.959964
"""95 % of a normal distribution lie within this many standard deviations of its mean."""

Estimate: TypeAlias = tuple[float, float, float]
"""A figure with the low and the high end of its 95 % interval."""


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """The 95 % interval of the share successes / trials by Wilson (1927); (0, 1) without a trial.

    Weighted samples have effective numbers of both, which need not be whole.
    """
    if trials == 0:
        return 0.0, 1.0
    z = NORMAL_95
    share = successes / trials
    center = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
    return max(center - half, 0.0), min(center + half, 1.0)


def newcombe(one: Estimate, other: Estimate) -> tuple[float, float]:
    """The 95 % interval of the one share minus the other, of disjoint groups, from the shares' own 95 % intervals.

    Newcombe (1998, "Interval estimation for the difference between independent proportions", method 10).
    """
    (share, low, high), (other_share, other_low, other_high) = one, other
    difference = share - other_share
    below = math.hypot(share - low, other_high - other_share)
    above = math.hypot(high - share, other_share - other_low)
    return difference - below, difference + above


def always_valid_reach(variance: float, elapsed: float, alpha: float = 0.05) -> float:
    """How far an interval reaches to either side of a mean that holds it at all looks together, but for `alpha`.

    `variance` is that of the mean so far; `elapsed` is the variance of the sum so far, divided by that at the moment
    for which the interval is to be narrowest, which it is at 1. It is the normal mixture of Robbins (1970), as Howard,
    Ramdas, McAuliffe & Sekhon (2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences", equation 14)
    and Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024, "Time-uniform central limit theory and asymptotic
    confidence sequences") have it.
    """
    doubled = -2 * math.log(alpha)
    # How much longer than the mixture's own variance it lasts until then: Howard et al. (2021), section 3.5.
    passed = (doubled + math.log(doubled) + 1) * elapsed
    return math.sqrt(variance * (1 + 1 / passed) * (math.log1p(passed) + doubled))


def clustered_variance(influence: NDArray[np.float64], customer: NDArray[np.integer]) -> float:
    """The variance of a figure from the influence values of its n rows, shape (n,), of which some are of one customer.

    What a customer's rows add to the figure's error is added up before it is squared, so that he is one witness (Liang
    & Zeger 1986). `customer` has a number from 0 for each row's.
    """
    by_customer = np.bincount(customer, influence)
    return float(by_customer @ by_customer)
