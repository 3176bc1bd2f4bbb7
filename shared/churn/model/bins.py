"""Bins of fields, by which tables are looked up.

A category's codes are its bins. A number's bin is the count of cuts that are less than it, so that x ≤ cut belongs to
the left, as in scikit-learn's trees; a blank, which is NaN, has the last bin.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn.customer.declaration import Customer
from churn.schema import Schema

Cuts = tuple[float, ...]
"""Ascending numbers that divide a field's range; empty for a category."""

Positions = NDArray[np.intp]


def bin_count(schema: Schema, field: str, cuts: Cuts) -> int:
    """How many bins a field has with these cuts."""
    return len(cuts) + 2 if field in schema.numbers else len(schema.categories[field].names)


def bins_of(schema: Schema, field: str, cuts: Cuts, column: NDArray[Any]) -> Positions:
    """The bins of n values of a field, shape (n,)."""
    if field in schema.categories:
        return column.astype(np.intp)
    # NaN is sorted to the end, after the infinity.
    return np.searchsorted((*cuts, np.inf), column)


class Bins:
    """The bins of all fields of a schema, each number with the union of the cuts that tables have."""

    def __init__(self, schema: Schema, cuts: Iterable[tuple[str, Cuts]]) -> None:
        """`cuts` are of the tables, by field; the same field can occur many times."""
        union: dict[str, set[float]] = {name: set() for name in schema.fields}
        for field, some in cuts:
            union[field].update(some)
        self._schema = schema
        self.cuts: Mapping[str, Cuts] = {field: tuple(sorted(every)) for field, every in union.items()}
        """All cuts of each field, in the fields' order."""

        self._binned = tuple(
            (schema.position[name], self.cuts[name], len(self.cuts[name]) + 1) for name in schema.numbers
        )
        self.sizes = [bin_count(schema, field, every) for field, every in self.cuts.items()]
        """How many bins each field has, in the fields' order."""

    def of(self, customer: Customer) -> list[int]:
        """The bin of each field of one customer."""
        bins = list(customer)
        for place, cuts, blank in self._binned:
            value = customer[place]
            bins[place] = bisect_left(cuts, value) if value == value else blank
        return bins

    def of_table(self, table: Customer) -> Positions:
        """The bins of n customers, shape (fields, n)."""
        bins = np.empty((len(table), len(table[0])), np.intp)
        for place, (field, cuts) in enumerate(self.cuts.items()):
            bins[place] = bins_of(self._schema, field, cuts, table[place])
        return bins

    def own(self, field: str, cuts: Cuts) -> Positions:
        """For each bin of the field, the bin that it is in for a table with these cuts only, shape (bins,)."""
        if field in self._schema.categories:
            return np.arange(self.sizes[self._schema.position[field]])
        own = [bisect_left(cuts, cut) for cut in self.cuts[field]]
        return np.array([*own, len(cuts), len(cuts) + 1])
