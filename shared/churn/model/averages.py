"""Mean predictions for customers with absent fields, with a cache for those who differ in their charges alone.

At a known tenure an additive model's sums are linear in the charges. So for customers who differ in the charges alone,
the completions are looked up once, and the bill then decides which of them are near enough.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from churn.customer.declaration import Customer
from churn.model.background import Background
from churn.model.lookup import Entries, Tabulated
from churn.model.scoring import FloatArray, sigmoids

# Patterns in the cache, of seven kilobytes each. The rows of a file mostly lack the same fields, so many share one.
_REMEMBERED = 1024


class _Pattern(NamedTuple):
    """The n completions of a customer without charges, and how the k sums grow with the charges.

    `distances`, shape (n,), leave out the bill. `entries`, shape (groups, n), are places in the look-up tables.
    `monthly` and `total`, shape (k,), are the growth of the sums per unit of the monthly and of the total charges.
    """

    distances: FloatArray
    entries: Entries
    monthly: FloatArray
    total: FloatArray


class Averages:
    """Means over the nearest customers of a background sample, for customers whose tenure and charges are known."""

    def __init__(self, tabulated: Tabulated, background: Background) -> None:
        """`tabulated` holds the log-odds as its first sum, then the effects."""
        self._tabulated = tabulated
        self._background = background
        self._tenure, self._monthly, self._total = tabulated.places
        self._patterns = lru_cache(_REMEMBERED)(self._pattern_of)

    def explained(self, customer: Customer) -> tuple[float, FloatArray]:
        """The mean probability, and the mean effect of each field on the log-odds, shape (fields,)."""
        monthly, total = customer[self._monthly], customer[self._total]
        held = list(customer)
        held[self._monthly] = held[self._total] = 0
        pattern = self._patterns(tuple(held))
        rows = self._background.nearest(pattern.distances, monthly)
        sums = self._tabulated.sums_of(pattern.entries.take(rows, axis=1))
        charges = pattern.monthly * monthly + pattern.total * total
        means = np.add.reduce(sums) / len(rows)
        return float(sigmoids(sums[:, 0] + charges[0]).mean()), means[1:] + charges[1:]

    def _pattern_of(self, customer: Customer) -> _Pattern:
        everyone = self._background.filled(customer, slice(None))
        monthly, total = self._tabulated.slopes(customer[self._tenure])
        return _Pattern(self._background.distances(customer), self._tabulated.entries(everyone), monthly, total)
