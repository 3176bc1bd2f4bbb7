"""How likely a customer of the simulated world is to leave within a month: a logistic hazard on some of the fields."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Floats = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]

CATEGORIES: dict[str, dict[str, float]] = {
    "Contract": {"One year": -1.0, "Two year": -1.8},
    "InternetService": {"Fiber optic": 0.8, "No": -0.7},
    "PaymentMethod": {"Electronic check": 0.5},
    "TechSupport": {"Yes": -0.5},
    "OnlineSecurity": {"Yes": -0.5},
    "SeniorCitizen": {"1": 0.3},
}
"""Log-odds that a value adds; the values that are not listed add nothing."""

LOG_TENURE = -0.45
"""Log-odds for each unit of log(1 + tenure in months)."""

PER_TEN = 0.08
"""Log-odds for each ten units of money in the monthly bill above USUAL_BILL."""

USUAL_BILL = 65.0

BASE = 0.0
"""Log-odds of the customer to whom everything else adds nothing, in the month in which he comes."""


@dataclass(frozen=True)
class Hazard:
    """The hazard of one time: `base` in log-odds, and what the log-odds of contract and tenure are multiplied by.

    A field that is `lost` has no meaning any more.
    """

    base: float = BASE
    loyalty: float = 1.0
    lost: str = ""

    def probability(self, columns: Columns) -> Floats:
        """The probability, shape (n,), of leaving within a month, from the fields' columns of shape (n,)."""
        total = self.base + PER_TEN * (columns["MonthlyCharges"] - USUAL_BILL) / 10
        total = total + self.loyalty * LOG_TENURE * np.log1p(columns["tenure"])
        for name, values in CATEGORIES.items():
            factor = 0.0 if name == self.lost else self.loyalty if name == "Contract" else 1.0
            for value, log_odds in values.items():
                total = total + factor * log_odds * (columns[name] == value)
        return np.asarray(1 / (1 + np.exp(-total)), np.float64)

    def with_rate(self, rate: float, columns: Columns) -> "Hazard":
        """The same loyalty with the base at which these customers leave at this mean rate."""
        base = brentq(lambda base: replace(self, base=base).probability(columns).mean() - rate, -20, 20)
        return replace(self, base=base)
