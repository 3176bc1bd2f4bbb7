"""Who is offered what: the choice at prices, then filled up, never over the limits."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from churn.campaigns.candidates import Candidates, Flags
from churn.campaigns.exchange import exchange
from churn.campaigns.greedy import by_rank, fill, per_price
from churn.campaigns.money import expected_money
from churn.campaigns.plans import Offer, Plan
from churn.campaigns.prices import Limits, Picks, Prices, break_ties, costs_of, find_prices, pick
from churn.campaigns.rates import SaveRates, rates_of
from churn.model.scoring import FloatArray


class Choice(NamedTuple):
    """The offer of each of n customers, held-out ones too, who are left alone; what the treated use at most."""

    offers: Picks
    money: float
    minutes: float
    prices: Prices


def limits_of(plan: Plan) -> Limits:
    """The plan's limits."""
    return Limits(*(np.inf if limit is None else limit for limit in (plan.budget, plan.minutes)))


def choose(candidates: Candidates, plan: Plan, rates: Sequence[SaveRates], scale: float = 1.0) -> Choice:
    """The choice among n candidates with the most expected money within the plan's limits.

    With `scale`, the candidates are a sample, each of whom stands for so many, and keep to that part of the limits.
    """
    gains = expected_money(candidates, plan.offers, rates_of(candidates, rates))
    return choose_by_gains(gains, candidates.treat, plan.offers, limits_of(plan).scaled(1 / scale))


def choose_by_gains(gains: FloatArray, treat: Flags, offers: Sequence[Offer], limits: Limits) -> Choice:
    """The same by what each offer brings with each customer, shape (offers, n)."""
    apart, costs = break_ties(gains), costs_of(offers)
    prices = find_prices(apart[:, treat], costs, limits)
    picks = pick(apart, costs.at(prices))
    order = by_rank(per_price(apart, picks, costs.at(prices)))
    chosen, used = fill(picks, treat, order, costs, limits)
    chosen, used = exchange(apart, chosen, used, treat, costs, limits)
    return Choice(chosen, used.money, used.minutes, prices)
