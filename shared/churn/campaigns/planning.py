"""Planning a campaign over a file of any length."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from churn.campaigns.candidates import Candidates
from churn.campaigns.choice import Choice, choose, limits_of
from churn.campaigns.chunked_choice import choose_chunked
from churn.campaigns.figures import SampledPlan
from churn.campaigns.figures import Terms as Terms
from churn.campaigns.holdout import share_needed
from churn.campaigns.plans import Plan
from churn.campaigns.prices import Picks, Prices, costs_of
from churn.campaigns.rates import SaveRates
from churn.campaigns.sampling import Parts, rows_of
from churn.campaigns.sampling import sample_of as sample_of
from churn.campaigns.totals import Totals, nothing, totals_of
from churn.model.scoring import FloatArray


class Planned(NamedTuple):
    """The offers of all N customers, and what each is expected to bring, NaN for those not chosen; shapes (N,)."""

    offers: Picks
    expected: FloatArray
    prices: Prices
    figures: dict[str, Any]


def plan_customers(parts: Parts, plan: Plan, rates: Sequence[SaveRates], terms: Terms, scale: float = 1.0) -> Planned:
    """The plan over all customers of the parts, and its figures as GET /campaigns/<id> shows them.

    With `scale` the customers are themselves a sample, each of whom stands for so many: figures are those of all. The
    sample's part of the limits is used then.
    """
    sample, each = sample_of(parts)
    within = choose(sample, plan, rates, scale * each)
    limits = limits_of(plan).scaled(1 / scale)
    choice = within if each == 1 else choose_chunked(parts, sample, each, plan, rates, limits)
    totals, expected = totals_over(parts, choice.offers, plan, rates)
    choice = choice._replace(money=choice.money * scale, minutes=choice.minutes * scale)
    figures = SampledPlan(plan, rates, sample, within, scale * each).figures(totals.times(scale), choice, terms)
    return Planned(choice.offers, expected, choice.prices, figures)


def choose_customers(parts: Parts, plan: Plan, rates: Sequence[SaveRates], scale: float = 1.0) -> Choice:
    """The choice of `plan_customers` alone: what it uses is that of the sample's part of the limits."""
    sample, each = sample_of(parts)
    if each == 1:
        return choose(sample, plan, rates, scale)
    return choose_chunked(parts, sample, each, plan, rates, limits_of(plan).scaled(1 / scale))


def figured(
    parts: Parts,
    plan: Plan,
    rates: Sequence[SaveRates],
    terms: Terms,
    picks: Picks,
    prices: Prices,
    scale: float = 1.0,
) -> Planned:
    """The figures of picks, shape (N,), that were made at these prices and are not the plan's own; see above."""
    sample, each = sample_of(parts)
    totals, expected = totals_over(parts, picks, plan, rates)
    costs = costs_of(plan.offers)
    used = [float(totals.treat @ amounts) * scale for amounts in costs]
    choice = Choice(picks, used[0], used[1], prices)
    within = choice._replace(offers=picks[rows_of(len(picks))])
    figures = SampledPlan(plan, rates, sample, within, scale * each).figures(totals.times(scale), choice, terms)
    return Planned(picks, expected, prices, figures)


def holdout_share(sample: Candidates, plan: Plan, rates: Sequence[SaveRates], scale: float = 1.0) -> float:
    """The share to hold out: the plan's, or what it takes where the plan leaves it open.

    The arms of the sample do not count, and each of it stands for `scale` customers.
    """
    if not isinstance(plan.holdout, str):
        return plan.holdout
    everybody = sample.replaced(treat=np.ones(len(sample), np.bool_))
    choice = choose(everybody, plan, rates, scale)
    totals, _ = totals_of(everybody, choice.offers, plan.offers, rates)
    return share_needed(round(totals.chosen * scale), totals.churn, totals.save_rate)


def totals_over(parts: Parts, picks: Picks, plan: Plan, rates: Sequence[SaveRates]) -> tuple[Totals, FloatArray]:
    """The sums over all parts, and what each customer is expected to bring, shape (N,)."""
    totals, expected, start = nothing(plan.offers), np.full(len(picks), np.nan), 0
    for part in parts():
        rows = slice(start, start + len(part))
        more, expected[rows] = totals_of(part, picks[rows], plan.offers, rates, start)
        totals, start = totals.plus(more), rows.stop
    return totals, expected
