"""What customers of whom not all is known come to on average, remembered by what is known of them but the charges.

An additive model's sums are linear in the charges where the tenure is known, so the completions of a customer need to
be looked up once for all customers who differ from him in the charges alone.
"""

from functools import lru_cache
from typing import NamedTuple

from churn.background import Background
from churn.customer import Customer
from churn.scoring import FloatArray, sigmoids
from churn.tabulated import Tabulated

# A few kilobytes each. Files lack the same columns in all of their rows, so this is a common share of what they hold.
_REMEMBERED = 2048


class _Lines(NamedTuple):
    """Of the completions without charges the log-odds, shape (n,), and the mean effects, shape (19,); and how the
    log-odds and the effects grow with either charge, shape (20,)."""

    log_odds: FloatArray
    effects: FloatArray
    monthly: FloatArray
    total: FloatArray


class Averages:
    """The means over a background sample; for customers whose tenure and charges are known."""

    def __init__(self, tabulated: Tabulated, background: Background) -> None:
        """The sums of `tabulated` are the log-odds and then the effects."""
        self._tabulated = tabulated
        self._background = background
        self._lines = lru_cache(_REMEMBERED)(self._lines_of)

    def explained(self, customer: Customer) -> tuple[float, FloatArray]:
        """The mean probability, and the mean of each of the nineteen effects."""
        lines = self._lines(customer._replace(MonthlyCharges=0, TotalCharges=0))
        charges = lines.monthly * customer.MonthlyCharges + lines.total * customer.TotalCharges
        return float(sigmoids(lines.log_odds + charges[0]).mean()), lines.effects + charges[1:]

    def _lines_of(self, customer: Customer) -> _Lines:
        sums = self._tabulated.table(self._background.completions(customer))
        monthly, total = self._tabulated.slopes(customer.tenure)
        return _Lines(sums[0].copy(), sums[1:].mean(axis=1), monthly, total)
