"""What every model that can serve offers, whatever is inside it, and the arithmetic they share."""

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from churn.customer.declaration import Customer
from churn.schema import Schema

FloatArray = NDArray[np.float64]


class Scorer(Protocol):
    """A model in a form that is data. Customers are complete; a table is a Customer of arrays of length n."""

    schema: Schema
    """Declares the customers that it scores."""

    additive: bool
    """Whether `effects` and `average_log_odds` add up to a customer's log-odds exactly."""

    average_log_odds: float
    """The log-odds of the average customer, from which effects are measured."""

    def probability(self, customer: Customer) -> float:
        """The churn probability of one customer, 0 to 1."""

    def probabilities(self, table: Customer) -> FloatArray:
        """The churn probabilities of n customers, shape (n,)."""

    def effects(self, customer: Customer) -> list[float]:
        """What each field adds to the log-odds, in the fields' order."""

    def effects_table(self, table: Customer) -> FloatArray:
        """The effects of n customers, shape (n, fields)."""

    def explained(self, table: Customer) -> tuple[FloatArray, FloatArray]:
        """The probabilities, shape (n,), and the effects, shape (n, fields), in less time than one after the other."""


def sigmoid(log_odds: float) -> float:
    """1 / (1 + e^−x) without overflow at either end."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    e = math.exp(log_odds)
    return e / (1 + e)


def sigmoids(log_odds: FloatArray) -> FloatArray:
    """`sigmoid` of each element."""
    e = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1 / (1 + e), e / (1 + e))


LEAST_DOUBT = 1e-6
"""How near to certainty a probability may come whose log-odds are taken, so that trees' 0 and 1 stay finite."""


def logits(probabilities: Any) -> FloatArray:
    """ln(p / (1−p)) of each element, with p kept LEAST_DOUBT away from 0 and 1."""
    p = np.clip(np.asarray(probabilities, np.float64), LEAST_DOUBT, 1 - LEAST_DOUBT)
    return np.log(p / (1 - p))
