"""An additive model served from look-up tables, for one customer or for a table of customers.

If no column of the model mixes fields of two groups, and if every column is linear in the charges at a given tenure,
then each sum over weighted columns is the sum of one entry per group and of two slopes times the charges. The tables
are filled by the columns' own formulas for all combinations of a group's values, and are compared with the formulas for
random customers when they are made.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.customer.declaration import Customer, picker
from churn.customer.features import Feature
from churn.model.layout import KEPT, Fields, Layout, combinations, layout_of, probes
from churn.model.scoring import FloatArray
from churn.schema import Schema

# The difference allowed between a sum and its look-up, as a share of the sum's largest size, or of 1 if that is less.
_ROUNDING = 1e-9

Sums = Callable[[Customer], FloatArray]
"""What is tabulated: for a table of n customers, k sums over weighted columns, shape (n, k)."""

Key = tuple[Any, ...]
"""The values of a group's fields, in their order."""

Entries = NDArray[np.int16]
"""The rows of n customers' entries in the groups' tables, which are stacked in one array; shape (groups, n)."""


class _Group(NamedTuple):
    """A group for single customers: the function that returns a customer's key, and the entries by key.

    `sums` have shape (k,), and `first` is the first of them.
    """

    key: Callable[[Customer], Key]
    sums: Mapping[Key, FloatArray]
    first: Mapping[Key, float]


class _Lookup(NamedTuple):
    """A group for tables of customers.

    `places` are the positions of its fields in a customer, `sizes` how many values each can have, and `rows` the row of
    each combination of values. `entries` are the sums by row, shape (rows, k). `sums` are its columns by number, each
    of shape (rows,), without those that are 0 throughout.
    """

    places: tuple[int, ...]
    sizes: tuple[int, ...]
    rows: NDArray[np.int16]
    entries: FloatArray
    sums: Mapping[int, FloatArray]

    def rows_of(self, table: Customer) -> NDArray[np.int16]:
        """The rows of n customers in `entries`, shape (n,)."""
        # 16-bit integers are faster, and no group has more combinations than they can count.
        combination = np.zeros(len(table[0]), np.int16)
        for place, size in zip(self.places, self.sizes, strict=True):
            combination *= np.int16(size)
            combination += np.asarray(table[place]).astype(np.int16, copy=False)
        return self.rows.take(combination)

    def add_to(self, sums: FloatArray, table: Customer) -> None:
        """Add the group's entries for n customers to `sums`, shape (k, n)."""
        rows = self.rows_of(table)
        for each, entries in self.sums.items():
            sums[each] += entries.take(rows)


class NotTabulated(ValueError):
    """Look-up tables cannot hold some of the sums; `sums` are their numbers, from 0."""

    def __init__(self, sums: list[int]) -> None:
        super().__init__("the look-up tables do not hold the model")
        self.sums = sums


class Tabulated:
    """Looks up the sums of complete customers, as a Reader returns them.

    A customer whom the cross-field rules do not allow raises KeyError, in a table IndexError.
    """

    def __init__(self, schema: Schema, layout: Layout, sums: Sums) -> None:
        """Fill the tables. Raises NotTabulated if the sums that are looked up differ from those that `sums` returns."""
        self._schema, months = schema, layout.months
        # The entries of groups are differences from this customer's sums, for which any customer would do; those of the
        # account include the rest.
        self._reference = schema.customer([0] * len(schema.fields))
        self.places = tuple(schema.position[name] for name in (layout.tenure, *layout.charges))
        """The positions of the tenure, the monthly and the total charges in a customer."""

        self._tenure, self._monthly, self._total = self.places
        base = sums(schema.table_of([self._reference]))
        self._base = base[0]
        self._groups = tuple(self._group(sums, names, {}, base) for names in layout.groups)
        self._terms = {month: self._group(sums, layout.terms, {layout.tenure: month}, 0.0) for month in months}
        monthly, total = (self._growth(sums, layout, charge) for charge in layout.charges)
        self._slopes = dict(zip(months, zip(monthly, total, strict=True), strict=True))
        self._by_month = {
            month: (self._terms[month], (float(one[0]), float(other[0])))
            for month, (one, other) in self._slopes.items()
        }
        self._lookups = (
            *(self._lookup(names, group.sums) for names, group in zip(layout.groups, self._groups, strict=True)),
            self._lookup((layout.tenure, *layout.terms), self._terms_by_tenure()),
        )
        self._stacked: FloatArray = np.concatenate([lookup.entries for lookup in self._lookups])
        sizes = [len(lookup.entries) for lookup in self._lookups]
        self._starts = np.cumsum([0, *sizes[:-1]]).astype(np.int16)[:, None]
        self._charges = {
            place: self._lookup((layout.tenure,), {(month,): slope for month, slope in enumerate(slopes)}).sums
            for place, slopes in ((self._monthly, monthly), (self._total, total))
        }
        self._try(sums)

    def _try(self, sums: Sums) -> None:
        customers = probes(self._schema)
        wanted, got = sums(customers), self.table(customers).T
        same = np.abs(got - wanted).max(axis=0) <= _ROUNDING * np.maximum(np.abs(wanted).max(axis=0), 1)
        if not same.all():  # nor are they where a sum is no number
            raise NotTabulated(np.flatnonzero(~same).tolist())

    def first(self, customer: Customer) -> float:
        """The first of one customer's sums."""
        first = 0.0
        for key, _, entries in self._groups:
            first += entries[key(customer)]
        (key, _, entries), (monthly, total) = self._by_month[customer[self._tenure]]
        charges = monthly * customer[self._monthly], total * customer[self._total]
        return float(first + entries[key(customer)] + charges[0] + charges[1])

    def all(self, customer: Customer) -> FloatArray:
        """All of one customer's sums, shape (k,)."""
        tenure = customer[self._tenure]
        terms, (monthly, total) = self._terms[tenure], self._slopes[tenure]
        held = [group.sums[group.key(customer)] for group in (*self._groups, terms)]
        held += (monthly * customer[self._monthly], total * customer[self._total])
        sums: FloatArray = sum(held[1:], held[0])
        return sums

    def table(self, table: Customer) -> FloatArray:
        """All sums of n customers, shape (k, n)."""
        sums = np.repeat(self._base[:, None], len(table[0]), axis=1)
        for lookup in self._lookups:
            lookup.add_to(sums, table)
        tenure = np.asarray(table[self._tenure]).astype(np.intp)
        for place, slopes in self._charges.items():
            for each, slope in slopes.items():
                sums[each] += slope.take(tenure) * table[place]
        return sums

    def entries(self, table: Customer) -> Entries:
        """The places of n customers' entries, shape (groups, n); charges have none."""
        return np.array([lookup.rows_of(table) for lookup in self._lookups], np.int16) + self._starts

    def sums_of(self, entries: Entries) -> FloatArray:
        """The sums of n customers from the places of their entries, without their charges, shape (n, k)."""
        sums: FloatArray = np.add.reduce(self._stacked.take(entries, axis=0), axis=0)
        sums += self._base
        return sums

    def slopes(self, tenure: int) -> tuple[FloatArray, FloatArray]:
        """The growth of the sums per unit of the monthly and the total charges at this tenure, each of shape (k,)."""
        return self._slopes[tenure]

    def _terms_by_tenure(self) -> dict[Key, FloatArray]:
        return {
            (tenure, *key): entry - self._base
            for tenure, group in self._terms.items()
            for key, entry in group.sums.items()
        }

    def _lookup(self, fields: Fields, entries: Mapping[Key, FloatArray]) -> _Lookup:
        schema = self._schema
        sizes = tuple(
            len(schema.categories[name].names) if name in schema.categories else int(schema.numbers[name].high) + 1
            for name in fields
        )
        # Combinations that no rule allows get a number after the last row.
        rows = np.full(math.prod(sizes), len(entries), np.int16)
        rows[np.ravel_multi_index(tuple(np.array(list(entries)).T), sizes)] = np.arange(len(entries))
        by_row = np.array(list(entries.values()))
        sums = by_row.T.copy()
        alone = {each: sums[each] for each in np.flatnonzero(sums.any(axis=1)).tolist()}
        return _Lookup(tuple(schema.position[name] for name in fields), sizes, rows, by_row, alone)

    def _group(self, sums: Sums, names: Fields, others: Mapping[str, int], base: Any) -> _Group:
        """The sums less `base` for all combinations of these fields, for customers with the `others` as given."""
        schema = self._schema
        customers = [schema.replaced(self._reference, {**others, **held}) for held in _combinations(schema, names)]
        entries = sums(schema.table_of(customers)) - base
        key = picker([schema.position[name] for name in names])
        keys = list(map(key, customers))
        first = dict(zip(keys, entries[:, 0].tolist(), strict=True))
        return _Group(key, dict(zip(keys, entries, strict=True)), first)

    def _growth(self, sums: Sums, layout: Layout, charge: str) -> FloatArray:
        """The growth of the sums per unit of a charge at each tenure, shape (months, k).

        It is measured over the charge's whole range, where rounding matters least.
        """
        schema, field = self._schema, self._schema.numbers[charge]
        least = [schema.replaced(self._reference, {layout.tenure: month, charge: field.low}) for month in layout.months]
        most = [schema.replaced(each, {charge: field.high}) for each in least]
        return (sums(schema.table_of(most)) - sums(schema.table_of(least))) / (field.high - field.low)


# A schema with a layout has a handful of groups.
_combinations = lru_cache(8 * KEPT)(combinations)


def require_tabulated(schema: Schema, features: Sequence[Feature] | None = None) -> None:
    """Raises ValueError, with their names, if some columns keep every model of them from being looked up.

    `features` are the schema's own by default. A schema without a layout raises nothing, as its models are served by
    their formula.
    """
    features = schema.features.features if features is None else features
    layout = layout_of(schema)
    if layout is None:
        return
    try:
        Tabulated(schema, layout, lambda table: np.column_stack([_column(feature, table) for feature in features]))
    except NotTabulated as error:
        raise ValueError("; ".join(_trouble(schema, features[number]) for number in error.sums)) from error


def _column(feature: Feature, table: Customer) -> FloatArray:
    return np.full(len(table[0]), feature.formula(table, np.log1p), np.float64)


def _trouble(schema: Schema, feature: Feature) -> str:
    of_each_group = {schema.fields[name].group: name for name in reversed(feature.fields)}
    if len(of_each_group) > 1:
        return f"column {feature.name} mixes {' and '.join(reversed(of_each_group.values()))}"
    fields = " and ".join(feature.fields)
    return f"column {feature.name} of {fields} is not linear in a number other than tenure, or is of other fields too"
