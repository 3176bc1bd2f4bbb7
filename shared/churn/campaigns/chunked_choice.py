"""The choice over a whole file, chunk by chunk: at prices that were found on a sample, never over the limits."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.campaigns.candidates import Candidates, Flags
from churn.campaigns.choice import Choice
from churn.campaigns.greedy import Used, by_rank, fill, per_price
from churn.campaigns.money import expected_money
from churn.campaigns.plans import Plan
from churn.campaigns.prices import Costs, Limits, Picks, Prices, break_ties, costs_of, find_prices, pick
from churn.campaigns.rates import SaveRates, rates_of
from churn.campaigns.sampling import Parts

# Prices are found again while their picks use this much more or less than a limit, as a share of it, but not for ever.
_NEAR = 0.002
_ROUNDS = 4


class _Picked(NamedTuple):
    """All customers' picks at some prices, what they bring for their price, and the arms, shapes (N,)."""

    picks: Picks
    ratio: NDArray[np.float32]
    treat: Flags


def choose_chunked(
    parts: Parts, sample: Candidates, each: float, plan: Plan, rates: Sequence[SaveRates], limits: Limits
) -> Choice:
    """The choice within the limits among all N customers of the file, of whom each of the sample stands for so many.

    Where the picks at the sample's prices use other than the limits, prices are found for limits that are so much
    smaller or larger. What is then too much is left out, and what is left is filled, by what a pick brings for its
    price.
    """
    gains = break_ties(expected_money(sample, plan.offers, rates_of(sample, rates))[:, sample.treat])
    costs, aim = costs_of(plan.offers), limits.scaled(1 / each)
    for _ in range(_ROUNDS):
        prices = find_prices(gains, costs, aim)
        found = _pick(parts, plan, rates, costs.at(prices))
        corrected = _corrected(aim, _uses(found, costs), limits, prices)
        if corrected is None:
            break
        aim = corrected
    chosen, used = fill(found.picks, found.treat, by_rank(found.ratio), costs, limits)
    return Choice(chosen, used.money, used.minutes, prices)


def _pick(parts: Parts, plan: Plan, rates: Sequence[SaveRates], costs: NDArray[np.float64]) -> _Picked:
    picks, ratios, arms = [np.empty(0, np.int8)], [np.empty(0, np.float32)], [np.empty(0, np.bool_)]
    for number, part in enumerate(parts()):
        gains = break_ties(expected_money(part, plan.offers, rates_of(part, rates)), number)
        best = pick(gains, costs)
        picks.append(best)
        ratios.append(per_price(gains, best, costs).astype(np.float32))
        arms.append(part.treat)
    return _Picked(np.concatenate(picks), np.concatenate(ratios), np.concatenate(arms))


def _uses(found: _Picked, costs: Costs) -> Used:
    """What the picks that are worth their price use."""
    counts = np.bincount(found.picks[found.treat & (found.ratio >= 1)], minlength=len(costs.money))
    return Used(float(counts @ costs.money), float(counts @ costs.minutes))


def _corrected(aim: Limits, used: Used, limits: Limits, prices: Prices) -> Limits | None:
    """Limits for the sample with which its prices use the file's limits; None if they nearly do."""
    shares = [amount / limit if 0 < limit < np.inf else 1.0 for amount, limit in zip(used, limits, strict=True)]
    binding = [price > 0 or share > 1 for price, share in zip(prices, shares, strict=True)]
    if all(abs(share - 1) <= _NEAR for share, binds in zip(shares, binding, strict=True) if binds):
        return None
    return Limits(
        *(old / max(share, 0.5) if binds else old for old, share, binds in zip(aim, shares, binding, strict=True))
    )
