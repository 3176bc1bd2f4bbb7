"""What becomes of a plan if save rates or the label window are others than it takes them to be."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from churn.campaigns.candidates import Candidates
from churn.campaigns.choice import Choice, choose_by_gains, limits_of
from churn.campaigns.money import expected_money
from churn.campaigns.plans import Plan
from churn.campaigns.prices import NONE, Picks
from churn.campaigns.rates import SaveRates, rates_of
from churn.model.scoring import FloatArray

FACTORS = (0.5, 1.0, 1.5)
"""What the save rates are multiplied by."""


def sensitivity(
    sample: Candidates,
    plan: Plan,
    rates: Sequence[SaveRates],
    window: int | None,
    scale: float,
    planned: Choice,
    known: tuple[float, int],
) -> list[dict[str, Any]]:
    """The money of a plan made anew under each combination, how many it chooses, and what the `planned` list brings.

    Each of the sample stands for `scale` customers. `known` is the planned list's own money, and how many it has: the
    sample shows only the difference to these. The label window is that of the probabilities: where it is shorter,
    customers leave faster, and a saved one is worth less.
    """
    tried = _Tried(sample, plan, rates_of(sample, rates), planned.offers, scale)
    outcomes = {
        (factor, months): tried.under(factor, months) for factor in FACTORS for months in _windows(window, sample)
    }
    money, chosen, listed = outcomes[1.0, window]
    found = []
    for (factor, months), now in outcomes.items():
        this_list = known[0] + now.listed - listed
        found.append(
            {
                "save_rates": factor,
                "label_window_months": months,
                # A plan can keep to this list, so it never brings less.
                "money": max(known[0] + now.money - money, this_list),
                "chosen": max(known[1] + now.chosen - chosen, 0),
                "this_list": this_list,
            }
        )
    return found


class _Outcome(NamedTuple):
    """The money of a plan, how many it chooses, and the money of the list as it was planned."""

    money: float
    chosen: int
    listed: float


class _Tried(NamedTuple):
    """Candidates with their save rates, shape (offers, n), and the list that was planned; each stands for `scale`."""

    candidates: Candidates
    plan: Plan
    rates: FloatArray
    listed: Picks
    scale: float

    def under(self, factor: float, months: int | None) -> _Outcome:
        """What a plan brings with save rates times the factor, and values under that label window."""
        held, plan = self.candidates, self.plan
        if months is not None and months in held.by_window:
            held = held.replaced(value=held.by_window[months])
        gains = expected_money(held, plan.offers, np.clip(self.rates * factor, -1.0, 1.0))
        choice = choose_by_gains(gains, held.treat, plan.offers, limits_of(plan).scaled(1 / self.scale))
        chosen = round(np.count_nonzero(choice.offers != NONE) * self.scale)
        money, listed = (_money(gains, picks, held) * self.scale for picks in (choice.offers, self.listed))
        return _Outcome(money, chosen, listed)


def _windows(window: int | None, candidates: Candidates) -> list[int | None]:
    """The declared window, and the others for which there are values."""
    return [*sorted({*candidates.by_window, window})] if window is not None else [None]


def _money(gains: FloatArray, picks: Picks, candidates: Candidates) -> float:
    """What the treated with a pick are expected to bring."""
    rows = np.flatnonzero((picks != NONE) & candidates.treat)
    return float(gains[picks[rows], rows].sum())
