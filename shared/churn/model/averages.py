"""What customers of whom not all is known come to on average, remembered by what is known of them but the charges.

An additive model's sums are linear in the charges where the tenure is known, so for all customers who differ in the
charges alone, the completions need to be found in the look-up tables once; the bill then says which of them are near.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from churn.customer.declaration import Customer
from churn.model.background import Background
from churn.model.lookup import Entries, Tabulated
from churn.model.scoring import FloatArray, sigmoids

# Seven kilobytes each. Files lack the same columns in all of their rows, so this is a common share of what they hold.
_REMEMBERED = 1024


class _Pattern(NamedTuple):
    """Of all n completions without charges: how unlike each is in all but the bill, shape (n,), where its sums stand;
    and how the sums grow with either charge, shape (k,)."""

    distances: FloatArray
    entries: Entries
    monthly: FloatArray
    total: FloatArray


class Averages:
    """The means over a background sample; for customers whose tenure and charges are known."""

    def __init__(self, tabulated: Tabulated, background: Background) -> None:
        """The sums of `tabulated` are the log-odds and then the effects."""
        self._tabulated = tabulated
        self._background = background
        self._tenure, self._monthly, self._total = tabulated.places
        self._patterns = lru_cache(_REMEMBERED)(self._pattern_of)

    def explained(self, customer: Customer) -> tuple[float, FloatArray]:
        """The mean probability, and the mean of each of the effects."""
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
