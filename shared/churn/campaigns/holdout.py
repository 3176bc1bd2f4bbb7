"""Who is held out of a campaign, and how many that should be.

Whom a campaign would have treated but leaves alone is how it finds out what it did. Without them, a customer who would
have stayed anyway counts as saved.
"""

import hashlib
import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from churn.intervals import NORMAL_95
from churn.tracking.outcome_schema import HOLD_OUT as HOLD_OUT
from churn.tracking.outcome_schema import TREAT as TREAT

SHARES = (0.10, 0.15, 0.20, 0.30)
"""What `share_needed` chooses from."""

# What it takes if none of them shows what is assumed.
_FALLBACK = 0.20

# 80 % of a normal distribution lie below so many standard deviations above its mean: the power that is wanted.
_NORMAL_POWER = 0.841621

# The largest integer that the first eight bytes of a hash can be, and one more.
_RANGE = float(1 << 64)

_CLOSE = 1e-4


Places = NDArray[np.uint64]
"""Where the draw has put each customer, shape (n,): any place is as likely as another."""


def places_of(campaign: str, customers: Iterable[str]) -> Places:
    """The places of customers in the draw of the campaign with this id.

    They follow from the two ids alone, so they are the same whoever asks and when, and say nothing about another
    campaign. A million ids take half a second.
    """
    start = hashlib.sha256(f"{campaign}:".encode())
    digests = bytearray()
    for customer in customers:
        one = start.copy()
        one.update(customer.encode())
        digests += one.digest()[:8]
    return np.frombuffer(digests, ">u8").astype(np.uint64)


def held_out(campaign: str, customers: Iterable[str], share: float) -> NDArray[np.bool_]:
    """Whether each customer is held out, shape (n,); `campaign` is its id, and `share` what part is to be."""
    return held_out_at(places_of(campaign, customers), share)


def held_out_at(places: Places, share: float) -> NDArray[np.bool_]:
    """Whether the customers with these places in the draw are held out, shape (n,)."""
    return places < share * _RANGE


def share_needed(chosen: int, churn: float, save_rate: float) -> float:
    """The smallest of SHARES that shows the assumed save rate, as `needed` has it, else 20 %.

    `chosen` counts both arms, `churn` is the mean churn probability of the chosen, and `save_rate` the assumed share of
    those who would leave whom the offers keep.
    """
    fitting = (share for share in SHARES if chosen >= needed(churn, save_rate, share))
    return next(fitting, _FALLBACK)


def needed(churn: float, save_rate: float, share: float) -> float:
    """How many have to be chosen, of both arms, for `save_rate` to be shown; infinite if no number shows it.

    With 80 % power, two-sided at 5 %, by the formula for two proportions in groups of different size (Fleiss, Levin &
    Paik 2003, "Statistical Methods for Rates and Proportions", section 4.4, without the correction for continuity).
    """
    difference = churn * save_rate
    if not 0 < share < 1 or difference <= 0:
        return math.inf
    treated = churn - difference
    pooled = (1 - share) * treated + share * churn
    alike = math.sqrt(pooled * (1 - pooled) / (share * (1 - share)))
    apart = math.sqrt(treated * (1 - treated) / (1 - share) + churn * (1 - churn) / share)
    return ((NORMAL_95 * alike + _NORMAL_POWER * apart) / difference) ** 2


def smallest_save_rate(chosen: int, churn: float, share: float) -> float | None:
    """The smallest save rate that so many chosen customers show with 80 % power; None if not even 1 is shown."""
    if chosen < needed(churn, 1.0, share):
        return None
    low, high = 0.0, 1.0
    while high - low > _CLOSE:
        middle = (low + high) / 2
        low, high = (low, middle) if chosen >= needed(churn, middle, share) else (middle, high)
    return high
