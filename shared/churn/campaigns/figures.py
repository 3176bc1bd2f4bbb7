"""The figures that a plan is decided by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from churn.campaigns.bootstrap import Band, Interval, band, difference
from churn.campaigns.candidates import Candidates
from churn.campaigns.choice import Choice, choose, limits_of
from churn.campaigns.comparison import curve, top_by_risk
from churn.campaigns.holdout import smallest_save_rate
from churn.campaigns.money import expected_money
from churn.campaigns.plans import Plan
from churn.campaigns.prices import NONE
from churn.campaigns.rates import SaveRates, rates_of
from churn.campaigns.sensitivity import sensitivity
from churn.campaigns.summary import sentences
from churn.campaigns.totals import Totals, totals_of


class Terms(NamedTuple):
    """What figures are shown with: the currency, the label window in months if it is declared, the hold-out's share."""

    currency: str
    label_window_months: int | None
    holdout: float


@dataclass(frozen=True, slots=True)
class SampledPlan:
    """A plan and a sample of the customers it is for, each of whom stands for `scale`, with the choice among them."""

    plan: Plan
    rates: Sequence[SaveRates]
    sample: Candidates
    choice: Choice
    scale: float

    def figures(self, totals: Totals, choice: Choice, terms: Terms) -> dict[str, Any]:
        """What GET /campaigns/<id> shows of the plan, of all customers' choice and their sums.

        Expected money is that of the treated, beyond leaving everybody alone, and its bands are those of
        `churn.campaigns.bootstrap`. `spend` is the most that the treated can use.
        """
        rates = [self._over(place) for place in range(len(self.plan.offers))]
        sampled, _ = totals_of(self.sample, self.choice.offers, self.plan.offers, self.rates)
        found = {
            "customers": {
                "considered": round(len(self.sample) * self.scale),
                "chosen": totals.chosen,
                "treat": int(totals.treat.sum()),
                "hold_out": int(totals.hold_out.sum()),
            },
            "expected": band(totals, rates)._asdict(),
            "spend": {"money": choice.money, "minutes": choice.minutes},
            "prices": choice.prices._asdict(),
            "versus_top_by_risk": self._versus(sampled, rates)._asdict(),
            "offers": self._offers(totals, rates),
            "holdout": self._holdout(totals, sampled, terms),
            "sensitivity": self._sensitivity(totals, terms),
            "curve": curve(self.sample, self.plan.offers, self.rates, self.scale),
        }
        return {**found, "words": [*sentences(found, self.plan, terms.currency, terms.label_window_months)]}

    def _over(self, place: int) -> Interval:
        """The save rate of an offer over those who get it, or over everybody if nobody does, with its interval."""
        rows = np.flatnonzero(self.choice.offers == place)
        chosen = self.sample.take(rows) if len(rows) else self.sample
        rate, low, high = self.rates[place].over(chosen.probability, chosen.segments)
        return Interval(rate, min(low, rate), max(high, rate))

    def _offers(self, totals: Totals, rates: Sequence[Interval]) -> list[dict[str, Any]]:
        """What becomes of each offer; `customers` are those who are treated."""
        return [
            {
                "name": offer.name,
                "customers": int(totals.treat[place]),
                "spend": float(totals.treat[place] * offer.spend),
                "minutes": float(totals.treat[place] * offer.minutes),
                "expected": float(totals.money[place]),
                "saves": {
                    **rates[place]._asdict(),
                    "source": "measured" if self.rates[place].campaign else "assumed",
                    "campaign": self.rates[place].campaign,
                },
            }
            for place, offer in enumerate(self.plan.offers)
        ]

    def _sensitivity(self, totals: Totals, terms: Terms) -> list[dict[str, Any]]:
        known = totals.expected, totals.chosen
        window = terms.label_window_months
        return sensitivity(self.sample, self.plan, self.rates, window, self.scale, self.choice, known)

    def _versus(self, sampled: Totals, rates: Sequence[Interval]) -> Band:
        """What the plan brings more than the list by risk, within the same limits and not of more customers.

        `sampled` are the sums of the sample's choice.
        """
        plan, sample = self.plan, self.sample
        gains = expected_money(sample, plan.offers, rates_of(sample, self.rates))
        most = int(np.count_nonzero(sample.treat & (self.choice.offers != NONE)))
        by_risk = top_by_risk(gains, sample, plan.offers, limits_of(plan).scaled(1 / self.scale), most)
        theirs, _ = totals_of(sample, by_risk, plan.offers, self.rates)
        return band(difference(sampled, theirs), rates, self.scale)

    def _holdout(self, totals: Totals, sampled: Totals, terms: Terms) -> dict[str, Any]:
        """The share, the smallest save rate that it shows, and what more the plan would bring without it."""
        costs = 0.0
        if not self.sample.treat.all():
            everybody = self.sample.replaced(treat=np.ones(len(self.sample), np.bool_))
            free = choose(everybody, self.plan, self.rates, self.scale)
            sums, _ = totals_of(everybody, free.offers, self.plan.offers, self.rates)
            costs = max((sums.expected - sampled.expected) * self.scale, 0.0)
        smallest = smallest_save_rate(totals.chosen, totals.churn, terms.holdout) if totals.chosen else None
        return {"share": terms.holdout, "smallest_save_rate": smallest, "costs": costs}
