"""Offers, plans and candidates that tests of campaigns make up."""

from typing import Any

import numpy as np

from churn.campaigns.candidates import Candidates
from churn.campaigns.plans import Offer, Plan, Saves


def offer(name: str = "Call", **terms: Any) -> Offer:
    """An offer that costs 10 a contact, takes 5 minutes and saves 30 %, but for what is told."""
    held: dict[str, Any] = {"contact_cost": 10.0, "minutes": 5.0, "incentive": 0.0, "accepts": 0.0, "rate": 0.3} | terms
    rate = held.pop("rate")
    return Offer(name, **held, saves=Saves(rate, "assumed"))


CALL, LETTER = offer(), offer("Letter", contact_cost=1.0, minutes=0.0, rate=0.05)
GIFT = offer("Gift", contact_cost=4.0, minutes=12.0, incentive=30.0, accepts=0.2, rate=0.5)
OFFERS = (CALL, GIFT, LETTER)


def plan(*offers: Offer, **terms: Any) -> Plan:
    """A plan with these offers, or with the three above."""
    return Plan(offers or OFFERS, **terms)


def candidates(count: int, *, seed: int = 0, hold_out: float = 0.0) -> Candidates:
    """So many customers, most of whom stay, worth some hundreds each."""
    rng = np.random.default_rng(seed)
    value = rng.gamma(3.0, 60.0, count)
    windows = {1: value * 0.6, 3: value, 6: value * 1.3}
    return Candidates(rng.beta(1.0, 3.0, count), value, rng.random(count) >= hold_out, {}, windows)
