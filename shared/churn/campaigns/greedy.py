"""Greedy filling of the limits: customers in the order of what they bring for their price, as long as they fit in.

Held-out customers use nothing and are passed through the same order: one is chosen if a treated customer with the same
offer would be taken at that place, so that the arms stay alike.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.campaigns.candidates import Flags
from churn.campaigns.prices import NONE, Costs, Limits, Picks
from churn.model.scoring import FloatArray

Rows = NDArray[np.intp]


class Used(NamedTuple):
    """What the treated use at most."""

    money: float
    minutes: float


def per_price(gains: FloatArray, picks: Picks, costs: FloatArray) -> FloatArray:
    """What each pick brings for its price, shape (n,): 1 where it is just worth it, infinite where it costs nothing.

    `gains` has the shape (offers, n), `costs`, shape (offers,), is what each offer costs at the prices. Without a pick
    the ratio is -1.
    """
    ratio = np.full(len(picks), -1.0)
    some = np.flatnonzero(picks != NONE)
    gain, cost = gains[picks[some], some], costs[picks[some]]
    ratio[some] = np.divide(gain, cost, out=np.full(len(some), np.inf), where=cost > 0)
    return ratio


def by_rank(ratio: NDArray[np.floating[Any]]) -> Rows:
    """The rows with a pick, those with the most for their price first; equal ones in their order."""
    rows = np.flatnonzero(ratio >= 0)
    order: Rows = rows[np.argsort(-ratio[rows], kind="stable")]
    return order


def fill(picks: Picks, treat: Flags, order: Rows, costs: Costs, limits: Limits) -> tuple[Picks, Used]:
    """The picks of those rows of the order for whom there is room, NONE for all others, and what they use."""
    chosen = np.full(len(picks), NONE, np.int8)
    offers = picks[order]
    taken, used = _walk(costs.money[offers], costs.minutes[offers], treat[order], limits)
    chosen[order[taken]] = offers[taken]
    return chosen, used


def _walk(money: FloatArray, minutes: FloatArray, treat: Flags, limits: Limits) -> tuple[Rows, Used]:
    """Which of n steps are taken, in their order, and what is used then.

    Where one does not fit, all that no longer fit are passed over. As steps are of few kinds, few of them stop it.
    """
    rows, taken, used = np.arange(len(money)), [np.empty(0, np.intp)], Used(0.0, 0.0)
    while len(rows):
        counts = treat[rows]
        totals = [before + np.cumsum(cost[rows] * counts) for before, cost in zip(used, (money, minutes), strict=True)]
        over = (totals[0] > limits.money) | (totals[1] > limits.minutes)
        stop = int(over.argmax()) if over.any() else len(rows)
        taken.append(rows[:stop])
        if stop:
            used = Used(float(totals[0][stop - 1]), float(totals[1][stop - 1]))
        rows = rows[stop:]
        fits = (used.money + money[rows] <= limits.money) & (used.minutes + minutes[rows] <= limits.minutes)
        rows = rows[fits]
    return np.concatenate(taken), used
