"""Two lists tried on one campaign: by chance alone each customer on whom they disagree gets what one of them says.

What both lists say of a customer cannot tell them apart: to draw who gets it would only blur the difference.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from churn.campaigns.candidates import Flags
from churn.campaigns.holdout import Places, smallest_save_rate
from churn.campaigns.money import expected_money
from churn.campaigns.plans import Offer, Plan
from churn.campaigns.prices import NONE, Picks
from churn.campaigns.rates import SaveRates, rates_of
from churn.campaigns.sampling import Parts
from churn.model.scoring import FloatArray

ListName: TypeAlias = Literal["both", "champion", "challenger"]
BOTH: ListName = "both"
CHAMPION: ListName = "champion"
CHALLENGER: ListName = "challenger"
LISTS: tuple[ListName, ...] = (BOTH, CHAMPION, CHALLENGER)
"""By which list a customer is treated or left alone: by both, which agree, or by the one that he was drawn for."""

_BOTH, _CHAMPION, _CHALLENGER = range(3)


class Drawn(NamedTuple):
    """What becomes of N customers, shapes (N,): the offers that are made to the treated, and would be to the others.

    `offers` are positions in `Plan.every_offer`, NONE for who is on no list, and `lists` are positions in LISTS.
    """

    offers: Picks
    treat: Flags
    lists: NDArray[np.int8]

    @property
    def randomised(self) -> Flags:
        """Who was drawn for one of the lists."""
        drawn: Flags = self.lists != _BOTH
        return drawn


class Expects(NamedTuple):
    """How many customers more the challenger's list is expected to save than the champion's, and how much money."""

    saved: float
    money: float


def in_every_offer(picks: Picks, plan: Plan) -> Picks:
    """The challenger's picks as positions in `Plan.every_offer`."""
    names = [offer.name for offer in plan.every_offer]
    own = plan.challenger.offers if plan.challenger else ()
    places = np.array([*(names.index(offer.name) for offer in own or plan.offers), NONE], np.int8)
    found: Picks = places[picks]
    return found


def draw(champion: Picks, challenger: Picks, treat: Flags, places: Places) -> Drawn:
    """Draw who gets what which list says; picks are positions in `Plan.every_offer`, all of shape (N,).

    Where the lists agree, the hold-out decides: `treat`. Where they do not, whoever is held out is left off the list.
    The others are drawn: of those of whom the lists say the same two things, every other one by `places` gets what the
    champion's says. Of an odd number the last is left off, so that both get half of each kind exactly: no more is
    spent than the mean of what the two lists would use, each of which keeps to the limits.
    """
    drawn = Drawn(champion.copy(), treat.copy(), np.zeros(len(champion), np.int8))
    differs = champion != challenger
    drawn.offers[differs] = NONE
    rows = np.flatnonzero(differs & treat)
    kinds = champion[rows].astype(np.int32) * (1 << 8) + challenger[rows]
    order = np.lexsort((places[rows], kinds))
    ends = [0, *(np.flatnonzero(np.diff(kinds[order])) + 1).tolist(), len(rows)]
    for start, end in pairwise(ends):
        pairs = rows[order[start : end - (end - start) % 2]].reshape(-1, 2)
        for which, own, other in ((0, champion, challenger), (1, challenger, champion)):
            given = pairs[:, which]
            drawn.lists[given] = _CHAMPION + which
            drawn.treat[given] = own[given] != NONE
            drawn.offers[given] = np.where(own[given] != NONE, own[given], other[given])
    return drawn


def expects(
    parts: Parts, offers: Sequence[Offer], rates: Sequence[SaveRates], picks: tuple[Picks, Picks], among: Flags
) -> Expects:
    """What the second list is expected to do more than the first, if all of `among` (shape (N,)) got what it says."""
    saved = money = 0.0
    start = 0
    for part in parts():
        rows = slice(start, start + len(part))
        start = rows.stop
        some = part.take(among[rows])
        rate = rates_of(some, rates)
        gains = expected_money(some, offers, rate)
        first, second = (each[rows][among[rows]] for each in picks)
        saved += _sum(some.probability * rate, second) - _sum(some.probability * rate, first)
        money += _sum(gains, second) - _sum(gains, first)
    return Expects(saved, money)


def _sum(amounts: FloatArray, picks: Picks) -> float:
    """The sum of each customer's amount under the offer that is picked, of amounts of shape (offers, n)."""
    rows = np.flatnonzero(picks != NONE)
    return float(amounts[picks[rows], rows].sum())


def smallest_difference(customers: int, churn: float) -> float | None:
    """By how many saved customers two lists must differ to be told apart, with 80 % power; None if nothing is shown.

    So many customers are drawn, half of them for each list, and their mean churn probability is `churn`.
    """
    smallest = smallest_save_rate(customers, churn, 0.5) if customers else None
    return None if smallest is None else smallest * churn * customers
