"""The prices of money and of minutes at which a choice keeps to its limits.

If each customer takes the offer with the largest `gain − λ·spend − μ·minutes`, where that is positive, the choice is
the best of all that use no more money and no more minutes (Everett 1963, Operations Research 11, on generalized
Lagrange multipliers). λ is then what one more unit of money would bring, and μ what one more minute would.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.campaigns.plans import Offer
from churn.model.scoring import FloatArray

Picks = NDArray[np.int8]
"""The position of an offer for each customer, shape (n,); -1 for none."""

NONE = -1

# Equal customers are told apart by so much of their gain, so that a price can pass between them.
_JITTER = 1e-6

# A third of these steps halve a price's range, which then is smaller than what that jitter makes of it.
_STEPS = 150


class Prices(NamedTuple):
    """What one more unit of money would bring, and what one more minute would; 0 where a limit does not bind."""

    money: float
    minute: float


class Limits(NamedTuple):
    """How much may be spent on the treated, and how many minutes; infinite without a limit."""

    money: float
    minutes: float

    def scaled(self, share: float) -> "Limits":
        """That share of both."""
        return Limits(self.money * share, self.minutes * share)


class Costs(NamedTuple):
    """What each offer uses per contact at most, shape (offers,)."""

    money: FloatArray
    minutes: FloatArray

    def at(self, prices: Prices) -> FloatArray:
        """What each offer costs at these prices, shape (offers,)."""
        total: FloatArray = self.money * prices.money + self.minutes * prices.minute
        return total


def costs_of(offers: Sequence[Offer]) -> Costs:
    """What these offers use: the contact and the incentive, and the minutes."""
    money, minutes = zip(*((offer.spend, offer.minutes) for offer in offers), strict=True)
    return Costs(np.array(money, np.float64), np.array(minutes, np.float64))


def break_ties(gains: FloatArray, seed: int = 0) -> FloatArray:
    """The gains, shape (offers, n), each changed by less than a millionth of itself, the same on each call."""
    apart: FloatArray = gains * (1 + _JITTER * np.random.default_rng(seed).random(gains.shape))
    return apart


def pick(gains: FloatArray, costs: FloatArray) -> Picks:
    """For each customer the offer with the largest gain less its costs.

    Offers that gain nothing are not considered: where there are none with a gain, the pick is NONE.
    """
    best = np.full(gains.shape[1], -np.inf)
    picks = np.full(gains.shape[1], NONE, np.int8)
    for place, (gain, cost) in enumerate(zip(gains, costs, strict=True)):
        better = (gain - cost > best) & (gain > 0)
        np.copyto(best, gain - cost, where=better)
        picks[better] = place
    return picks


def find_prices(gains: FloatArray, costs: Costs, limits: Limits) -> Prices:
    """The lowest prices at which the picks of n customers that are worth it keep to the limits.

    `gains` has the shape (offers, n), of treated customers only, as the others cost nothing.
    """
    return _Search(gains, costs, limits).prices()


class _Search:
    """For each price of money that is tried, the lowest price of a minute that keeps to the minutes.

    The dual function λB + μM + Σ max(0, gain − λ·spend − μ·minutes) is convex, and so is its minimum over μ, by whose
    slope the spending falls as λ grows.
    """

    def __init__(self, gains: FloatArray, costs: Costs, limits: Limits) -> None:
        self._gains = np.ascontiguousarray(gains[:, (gains > 0).any(axis=0)])
        self._costs, self._limits = costs, limits
        self._highest = Prices(*map(self._too_dear, costs))
        count = self._gains.shape[1]
        self._best, self._gain = np.empty(count), np.empty(count)
        self._picks, self._better = np.empty(count, np.int8), np.empty(count, np.bool_)

    def prices(self) -> Prices:
        """The lowest prices that keep to both limits."""
        money = _lowest(self._money, self._limits.money, self._highest.money, self._costs.money)
        return Prices(money, self._minute(money))

    def _money(self, price: float) -> float:
        """The money that is used at this price of it, and the price of a minute that keeps to the minutes."""
        return self._uses(Prices(price, self._minute(price))).money

    def _minute(self, money: float) -> float:
        """The lowest price of a minute that keeps to the minutes, at this price of money."""

        def minutes(price: float) -> float:
            return self._uses(Prices(money, price)).minutes

        return _lowest(minutes, self._limits.minutes, self._highest.minute, self._costs.minutes)

    def _uses(self, prices: Prices) -> Limits:
        """The money and the minutes that the picks at these prices use."""
        best, gain, picks, better = self._best, self._gain, self._picks, self._better
        best[:], picks[:] = 0.0, NONE
        for place, cost in enumerate(self._costs.at(prices)):
            np.subtract(self._gains[place], cost, out=gain)
            np.greater(gain, best, out=better)
            np.copyto(best, gain, where=better)
            picks[better] = place
        counts = np.bincount(picks + 1, minlength=len(self._gains) + 1)[1:]
        return Limits(float(counts @ self._costs.money), float(counts @ self._costs.minutes))

    def _too_dear(self, costs: FloatArray) -> float:
        """A price at which no offer that uses anything is worth it."""
        using = costs > 0
        return float((self._gains[using] / costs[using, None]).max(initial=0.0)) * (1 + 1e-9)


def _lowest(used: Callable[[float], float], limit: float, highest: float, costs: FloatArray) -> float:
    """The lowest price from 0 to `highest` at which what is used keeps to the limit; at the highest, nothing is.

    By false position in the Illinois form (Dowell & Jarratt 1971, BIT 11), and by halving at every third step, since
    what is used falls by steps. It ends when no contact, or only one, lies between the ends.
    """
    above = used(0.0) - limit
    if above <= 0:
        return 0.0
    low, high, below = 0.0, highest, -limit
    smallest, largest = float(costs[costs > 0].min()), float(costs.max())
    left, right, last = above, below, 0  # the weights of the ends: that of an end which stays is halved
    for step in range(_STEPS):
        middle = low + (high - low) * (left / (left - right) if step % 3 < 2 else 0.5)
        if -below < smallest or above - below <= largest or not low < middle < high:
            break
        excess = used(middle) - limit
        if excess > 0:
            low, above, left, right = middle, excess, excess, right / 2 if last > 0 else right
        else:
            high, below, right, left = middle, excess, excess, left / 2 if last < 0 else left
        last = 1 if excess > 0 else -1
    return high
