"""The sums over the chosen customers that a plan's figures are made of."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.campaigns.candidates import Candidates
from churn.campaigns.money import expected_money
from churn.campaigns.plans import Offer
from churn.campaigns.prices import Picks
from churn.campaigns.rates import SaveRates, rates_of
from churn.model.scoring import FloatArray

GROUPS = 1000
"""Into how many groups customers are dealt, which are resampled in their stead."""


class Totals(NamedTuple):
    """Sums by offer, arrays whose first axis is that of the offers.

    `treat` and `hold_out` count customers. `both` is how many the arms have together, not rounded where each stands for
    a broken number: means are taken of it. Of the treated, `groups`, shape (offers, GROUPS), has the expected money by
    group, and `stake` is how much it grows when the save rate grows from 0 to 1. `leavers` are those expected among the
    chosen of both arms if they are left alone, and `saved` those of them whom the offers keep.
    """

    treat: NDArray[np.int64]
    hold_out: NDArray[np.int64]
    both: FloatArray
    groups: FloatArray
    stake: FloatArray
    leavers: FloatArray
    saved: FloatArray

    @property
    def money(self) -> FloatArray:
        """The expected money of the treated, shape (offers,)."""
        total: FloatArray = self.groups.sum(axis=1)
        return total

    @property
    def expected(self) -> float:
        """The expected money of the treated."""
        return float(self.groups.sum())

    @property
    def chosen(self) -> int:
        """The number of the chosen of both arms."""
        return int(self.treat.sum() + self.hold_out.sum())

    @property
    def churn(self) -> float:
        """The mean churn probability of the chosen; 0 without any."""
        both = float(self.both.sum())
        return float(self.leavers.sum()) / both if both else 0.0

    @property
    def save_rate(self) -> float:
        """The save rate over the would-be leavers among the chosen; 0 without any."""
        leavers = float(self.leavers.sum())
        return float(self.saved.sum()) / leavers if leavers else 0.0

    def plus(self, other: "Totals") -> "Totals":
        """The sums over both."""
        return Totals._make(one + more for one, more in zip(self, other, strict=True))

    def times(self, factor: float) -> "Totals":
        """The sums of so many times as many customers."""
        counts = (np.rint(each * factor).astype(np.int64) for each in self[:2])
        return Totals._make((*counts, *(each * factor for each in self[2:])))


def nothing(offers: Sequence[Offer]) -> Totals:
    """The sums over nobody."""
    count = len(offers)
    nobody, none = np.zeros(count, np.int64), np.zeros(count)
    return Totals(nobody, nobody, none, np.zeros((count, GROUPS)), none, none, none)


def totals_of(
    candidates: Candidates, picks: Picks, offers: Sequence[Offer], rates: Sequence[SaveRates], start: int = 0
) -> tuple[Totals, FloatArray]:
    """The sums over n candidates, and what each is expected to bring, shape (n,), NaN for those not chosen.

    `start` is the number of candidates before them, by which they are dealt into groups.
    """
    rows = np.flatnonzero(picks >= 0)
    chosen, offer = candidates.take(rows), picks[rows].astype(np.intp)
    rate, each = rates_of(chosen, rates), np.arange(len(rows))
    money = expected_money(chosen, offers, rate)[offer, each]
    expected = np.full(len(candidates), np.nan)
    expected[rows] = money
    treat, count = chosen.treat, len(offers)
    incentives = np.array([each.incentive for each in offers])
    stake = chosen.probability * (chosen.value - incentives[offer])
    groups = _sums(offer[treat] * GROUPS + (rows[treat] + start) % GROUPS, money[treat], count * GROUPS)
    sums = Totals(
        np.bincount(offer[treat], minlength=count),
        np.bincount(offer[~treat], minlength=count),
        np.bincount(offer, minlength=count).astype(np.float64),
        groups.reshape(count, GROUPS),
        _sums(offer[treat], stake[treat], count),
        _sums(offer, chosen.probability, count),
        _sums(offer, chosen.probability * rate[offer, each], count),
    )
    return sums, expected


def _sums(places: NDArray[np.intp], amounts: FloatArray, count: int) -> FloatArray:
    """The sum of the amounts at each place from 0, shape (count,)."""
    return np.asarray(np.bincount(places, amounts, count), np.float64)
