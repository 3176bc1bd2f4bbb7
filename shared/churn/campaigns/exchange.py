"""The last improvement of a choice: some treated customers change their offers for others, as long as that brings more.

Filling up leaves room that no single customer fits into, which is worth something on a short list. Who gives way for
whom is found by trying any two changes between offers, each of the customers who gain most or lose least by it.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.campaigns.candidates import Flags
from churn.campaigns.greedy import Used
from churn.campaigns.prices import NONE, Costs, Limits, Picks
from churn.model.scoring import FloatArray

# Each exchange brings less than the one before; what a long list would gain by more of them is nothing beside it.
_MOST = 50

# How many customers change at once: ten letters may have to give way for a call.
_SIZES = (1, 2, 4, 8, 16)


class _Change(NamedTuple):
    """Customers who would get the offer `new` for `old`, what that brings more, and what it uses more."""

    rows: NDArray[np.intp]
    old: int
    new: int
    gain: float
    money: float
    minutes: float


_NO_CHANGE = _Change(np.empty(0, np.intp), NONE - 1, NONE, 0.0, 0.0, 0.0)


def exchange(
    gains: FloatArray, chosen: Picks, used: Used, treat: Flags, costs: Costs, limits: Limits
) -> tuple[Picks, Used]:
    """The choice after the exchanges, and what it uses. `gains` has the shape (offers, n)."""
    chosen, mine = chosen.copy(), np.flatnonzero(treat)
    held = np.vstack([gains[:, mine], np.zeros(len(mine))])
    for _ in range(_MOST):
        changes = [_NO_CHANGE, *_changes(held, chosen[mine], costs)]
        best = _best_pair(changes, Limits(limits.money - used.money, limits.minutes - used.minutes))
        if best is None:
            break
        for change in best:
            chosen[mine[change.rows]] = change.new
        used = Used(used.money + sum(each.money for each in best), used.minutes + sum(each.minutes for each in best))
    return chosen, used


def _changes(gains: FloatArray, chosen: Picks, costs: Costs) -> Iterator[_Change]:
    """Of each change from one offer, or none, to another, the customers who gain most or lose least by it.

    The last row of `gains` is what no offer brings.
    """
    money, minutes = (np.append(cost, 0.0) for cost in costs)
    for old in range(NONE, len(gains) - 1):
        rows = np.flatnonzero(chosen == old)
        for new in range(NONE, len(gains) - 1):
            if new != old and len(rows):
                best, more = _largest(gains[new, rows] - gains[old, rows])
                for size in _SIZES:
                    if size <= len(best):
                        uses = (money[new] - money[old]) * size, (minutes[new] - minutes[old]) * size
                        yield _Change(rows[best[:size]], old, new, float(more[:size].sum()), *map(float, uses))


def _largest(more: FloatArray) -> tuple[NDArray[np.intp], FloatArray]:
    """The places of the largest, as many as change at once at most, and these."""
    most = min(_SIZES[-1], len(more))
    places = np.argpartition(-more, most - 1)[:most]
    places = places[np.argsort(-more[places], kind="stable")]
    return places, more[places]


def _best_pair(changes: list[_Change], room: Limits) -> tuple[_Change, _Change] | None:
    """The two changes, of customers with different offers, that bring most and fit in; None if none bring anything."""
    _, old, _, gain, money, minutes = zip(*changes, strict=True)
    olds, gains = np.array(old), np.array(gain)
    uses = (np.array(money), room.money), (np.array(minutes), room.minutes)
    total = gains[:, None] + gains
    for use, left in uses:
        total[use[:, None] + use > left] = 0.0
    total[olds[:, None] == olds] = 0.0
    one, other = np.unravel_index(int(total.argmax()), total.shape)
    return (changes[one], changes[other]) if total[one, other] > 0 else None
