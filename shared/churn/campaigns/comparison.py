"""A plan beside what a team would do without one: call those at the highest risk, with one offer for all of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from churn.campaigns.candidates import Candidates
from churn.campaigns.greedy import Rows
from churn.campaigns.money import expected_money
from churn.campaigns.plans import Offer
from churn.campaigns.prices import NONE, Limits, Picks, costs_of
from churn.campaigns.rates import SaveRates, rates_of
from churn.model.scoring import FloatArray

# Points of the profit curve, its two ends among them.
_POINTS = 41


def top_by_risk(gains: FloatArray, candidates: Candidates, offers: Sequence[Offer], limits: Limits, most: int) -> Picks:
    """The list by risk within the same limits, of at most so many treated customers, with the offer that brings most.

    `gains`, shape (offers, n), is what each offer brings with each candidate. Only treated ones are picked.
    """
    order, costs = _by_risk(candidates), costs_of(offers)
    order = order[candidates.treat[order]][:most]
    lists = [
        order[: _room(money, limits.money, _room(minutes, limits.minutes, len(order)))]
        for money, minutes in zip(*costs, strict=True)
    ]
    best = max(range(len(offers)), key=lambda place: float(gains[place, lists[place]].sum()))
    picks = np.full(len(candidates), NONE, np.int8)
    picks[lists[best]] = best
    return picks


def curve(candidates: Candidates, offers: Sequence[Offer], rates: Sequence[SaveRates], scale: float) -> list[Any]:
    """The money by how many customers are contacted, without limits and hold-out: the best ones, and those by risk.

    The best ones are in the order of what their best offer brings; those by risk all get the offer that brings most if
    everybody gets it. Each candidate stands for `scale` customers.
    """
    if not len(candidates):
        return [{"customers": 0, "money": 0.0, "money_by_risk": 0.0}]
    gains = expected_money(candidates, offers, rates_of(candidates, rates))
    best = np.sort(gains.max(axis=0))[::-1]
    by_risk = gains[int(gains.sum(axis=1).argmax()), _by_risk(candidates)]
    sums = [np.concatenate([[0.0], np.cumsum(money)]) * scale for money in (best, by_risk)]
    places = np.unique(np.rint(np.linspace(0, len(candidates), _POINTS)).astype(np.intp))
    return [
        {"customers": round(place * scale), "money": float(sums[0][place]), "money_by_risk": float(sums[1][place])}
        for place in places.tolist()
    ]


def _by_risk(candidates: Candidates) -> Rows:
    order: Rows = np.argsort(-candidates.probability, kind="stable")
    return order


def _room(cost: float, limit: float, count: int) -> int:
    """How many contacts at this cost there is room for, of so many."""
    return count if cost * count <= limit else int(min(limit / cost, count))
