"""Customers whom campaigns are tried on: made up by seed, with contracts, bills and scores like those of IBM's table.

So it is known who would leave, and whom an offer keeps.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.campaigns.candidates import Candidates
from churn.campaigns.contacts import SEGMENT
from churn.campaigns.holdout import HOLD_OUT, TREAT
from churn.campaigns.plans import Offer, Saves
from churn.campaigns.save_rates import Segments
from churn.model.predictor import risk_band
from churn.model.scoring import sigmoids

Floats = NDArray[np.float64]
Codes = NDArray[Any]

CONTRACTS = ("Month-to-month", "One year", "Two year")
SERVICES = ("DSL", "Fiber optic", "No")

ASSUMED = 0.3
"""The save rate that first campaigns assume; that of the worlds is about as large among all who would leave."""

OFFER = Offer("call", contact_cost=10.0, minutes=6.0, incentive=10.0, accepts=0.1, saves=Saves(ASSUMED, "assumed"))

STARTED, LEAVING, ENDS = date(2026, 1, 1), date(2026, 2, 1), date(2026, 4, 1)

World: TypeAlias = Callable[[Floats, Codes], Floats]
"""The save rate of each customer, by the probability of leaving and the number of the contract."""

WORLDS: dict[str, World] = {
    "is the same for all": lambda p, _contract: np.full(len(p), ASSUMED),
    "falls with risk": lambda p, _contract: 0.6 - 0.5 * p,
    "rises with risk": lambda p, _contract: 0.05 + 0.45 * p,
    "drives the loyal away": lambda p, _contract: -0.3 + 0.7 * sigmoids((p - 0.35) / 0.05),
    "is nought": lambda p, _contract: np.zeros(len(p)),
    "differs by contract": lambda _p, contract: np.array([0.25, 0.65, 0.65])[contract],
}
"""The worlds, by what the save rate is in them."""


class Kind(NamedTuple):
    """A world in which the save rate is a weighted sum of columns, and so of the kind that other weights make."""

    columns: Callable[[Floats, Codes], list[Floats]]
    weights: tuple[float, ...]

    def saves(self, probability: Floats, contract: Codes) -> Floats:
        """The save rate of each customer, shape (n,)."""
        saves: Floats = np.column_stack(self.columns(probability, contract)) @ np.array(self.weights)
        return saves


def _same(p: Floats, _contract: Codes) -> list[Floats]:
    return [np.ones(len(p))]


def _line(p: Floats, _contract: Codes) -> list[Floats]:
    return [np.ones(len(p)), p]


def _step(p: Floats, _contract: Codes) -> list[Floats]:
    return [np.ones(len(p)), sigmoids((p - 0.35) / 0.05)]


def _contracts(_p: Floats, contract: Codes) -> list[Floats]:
    return [(contract == 0).astype(np.float64), (contract > 0).astype(np.float64)]


FARTHER = {
    "is .15 for all": Kind(_same, (0.15,)),
    "is .20 for all": Kind(_same, (0.2,)),
    "is .60 for all": Kind(_same, (0.6,)),
    "falls with risk from .5 to 0": Kind(_line, (0.5, -0.5)),
    "falls with risk from .4 to 0": Kind(_line, (0.4, -0.4)),
    "rises with risk from 0 to .4": Kind(_line, (0.0, 0.4)),
    "is -.2 for the loyal and .3 for others": Kind(_step, (-0.2, 0.5)),
    "is .15 month by month and .60 by the year": Kind(_contracts, (0.15, 0.6)),
}
"""More such worlds, most of them farther from what is assumed; less is to be had where less is saved."""

# Of the plan's defaults: a year of four label windows, at a margin, discounted by windows.
_WINDOWS, _MONTHS, _MARGIN, _DISCOUNT = 4, 3, 0.3, 1.1**-0.25

# The log-odds of leaving within a quarter: by contract and service, and what a month of tenure takes off.
_BY_CONTRACT, _BY_SERVICE, _BY_MONTH = np.array([-0.2, -1.7, -2.9]), np.array([-0.25, 0.75, -0.9]), -0.033


class People(NamedTuple):
    """n customers: their true chance to leave, what a score says of it, their value, contract and service."""

    truth: Floats
    probability: Floats
    value: Floats
    contract: Codes
    service: Codes

    @property
    def segments(self) -> Segments:
        """The declared segments."""
        return {"Contract": (self.contract, CONTRACTS), "InternetService": (self.service, SERVICES)}

    def take(self, rows: NDArray[np.intp]) -> "People":
        """The customers at these positions."""
        return People(*(column[rows] for column in self))

    def candidates(self, treat: NDArray[np.bool_]) -> Candidates:
        """What a plan chooses from."""
        return Candidates(self.probability, self.value, treat, self.segments)


def people(count: int, rng: np.random.Generator, error: float = 1.0) -> People:
    """So many customers, of whom `error` times as many leave as their scores say."""
    contract = rng.choice(3, count, p=[0.55, 0.21, 0.24])
    service = rng.choice(3, count, p=[0.34, 0.44, 0.22])
    tenure = np.clip(rng.gamma(np.array([1.1, 3.0, 6.0])[contract], np.array([16.0, 14.0, 9.5])[contract]), 1, 72)
    bill = np.clip(rng.normal(np.array([56.0, 91.0, 22.0])[service], np.array([12.0, 11.0, 4.0])[service]), 18, 119)
    log_odds = _BY_CONTRACT[contract] + _BY_SERVICE[service] + _BY_MONTH * (tenure - 12) + rng.normal(0, 0.5, count)
    probability, value, survival = sigmoids(log_odds), np.zeros(count), np.ones(count)
    for window in range(_WINDOWS):
        if window:
            survival *= 1 - sigmoids(log_odds + _BY_MONTH * _MONTHS * window)
        value += survival * _MONTHS * _MARGIN * bill * _DISCOUNT**window
    return People(error * probability, probability, value, contract, service)


def true_money(customers: People, saves: Floats) -> Floats:
    """What treating each customer brings in truth, shape (n,)."""
    p, incentive = customers.truth, OFFER.incentive
    paid = (p * np.maximum(saves, 0) + (1 - p) * OFFER.accepts) * incentive + OFFER.contact_cost
    return p * saves * customers.value - paid


def contacts(
    customers: People, saves: Floats, expected: Floats, out: NDArray[np.bool_], rng: np.random.Generator
) -> pl.DataFrame:
    """These customers as a campaign's list with what became of them; whoever is `out` was held out."""
    chance = customers.truth * np.where(out, 1.0, 1 - saves)
    left = rng.random(len(out)) < chance
    taken = (customers.truth * np.maximum(saves, 0) + (1 - customers.truth) * OFFER.accepts) / (1 - chance)
    accepted = ~left & ~out & (rng.random(len(out)) < taken)
    words = {SEGMENT + field: np.array(names)[codes] for field, (codes, names) in customers.segments.items()}
    table = pl.DataFrame(
        {
            "probability": customers.probability,
            "value": customers.value,
            "offer": np.full(len(out), OFFER.name),
            "expected_value": expected,
            "arm": np.where(out, HOLD_OUT, TREAT),
            "band": [risk_band(p) for p in customers.probability.tolist()],
            **words,
            "left": left,
            "accepted": accepted,
        }
    )
    return table.select(
        pl.exclude("left", "accepted"),
        left_at=pl.when("left").then(LEAVING),
        stayed_until=pl.when(~pl.col("left")).then(ENDS),
        accepted=pl.when(pl.col("arm") == TREAT).then("accepted"),
        cost=pl.lit(None, pl.Float64),
    )
