"""An additive model by looking up, for one customer or for columns of them.

No column mixes fields of two of these groups: who the customer is, the services, tenure with the terms of the contract;
and where the tenure is known, every column is linear in the two charges. So each sum over columns is a sum of three
table entries and two slopes. The tables are filled by the columns' own formulas, over all that a group can hold.
"""

import math
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from churn.customer import CATEGORIES, FIELDS, IMPLIED, Customer
from churn.fields import Number
from churn.reading import SETTLED
from churn.scoring import FloatArray, table_of

_NAMES: tuple[str, ...] = Customer._fields


def _from_to(first: str, last: str) -> slice:
    return slice(_NAMES.index(first), _NAMES.index(last) + 1)


WHO, SERVICES, TERMS = (
    _from_to("gender", "Dependents"),
    _from_to("PhoneService", "StreamingMovies"),
    _from_to("Contract", "PaymentMethod"),
)

# Any customer would do: the groups' entries are differences from this one, or hold the rest of it.
_REFERENCE = Customer(**dict.fromkeys(_NAMES, 0))

Sums = Callable[[Customer], FloatArray]
"""What is tabulated: for a table of n customers some sums over weighted columns, shape (n, k)."""

Key = tuple[Any, ...]


class _Group(NamedTuple):
    """The sums by what a group's fields hold: a row of the sums for each key, their first column as floats too."""

    rows: Mapping[Key, int]
    sums: FloatArray
    first: list[float]


class _Lookup(NamedTuple):
    """A group's sums for columns of customers: the row of each combination of its fields, and the sums by row, without
    those that are 0 throughout."""

    fields: tuple[str, ...]
    sizes: tuple[int, ...]
    rows: NDArray[np.intp]
    sums: Mapping[int, FloatArray]

    def add_to(self, sums: FloatArray, table: Customer) -> None:
        """Add to the sums of n customers, shape (k, n)."""
        # Narrow numbers are quicker to reckon with; no group has more combinations than they hold.
        combination = np.zeros(sums.shape[1], np.int16)
        for name, size in zip(self.fields, self.sizes, strict=True):
            combination *= np.int16(size)
            combination += np.asarray(getattr(table, name)).astype(np.int16, copy=False)
        rows = self.rows.take(combination)
        for each, entries in self.sums.items():
            sums[each] += entries.take(rows)


class Tabulated:
    """The sums of customers, with codes as a reading gives them. One whom no rule allows is a KeyError, and among
    columns an IndexError."""

    def __init__(self, sums: Sums) -> None:
        base = sums(table_of([_REFERENCE]))
        self._who = _group(sums, [_REFERENCE._replace(**held) for held in _combinations(WHO)], WHO, base)
        self._services = _group(sums, [_REFERENCE._replace(**held) for held in _combinations(SERVICES)], SERVICES, base)
        months = range(_number("tenure").low, _number("tenure").high + 1)
        self._terms = {
            tenure: _group(
                sums, [_REFERENCE._replace(tenure=tenure, **held) for held in _combinations(TERMS)], TERMS, 0.0
            )
            for tenure in months
        }
        self._monthly = dict(zip(months, _slopes(sums, months, "MonthlyCharges"), strict=True))
        self._total = dict(zip(months, _slopes(sums, months, "TotalCharges"), strict=True))
        self._first_monthly = {tenure: float(slope[0]) for tenure, slope in self._monthly.items()}
        self._first_total = {tenure: float(slope[0]) for tenure, slope in self._total.items()}
        self._base = base[0]
        self._lookups = (
            _lookup(_NAMES[WHO], {key: self._who.sums[row] for key, row in self._who.rows.items()}),
            _lookup(_NAMES[SERVICES], {key: self._services.sums[row] for key, row in self._services.rows.items()}),
            _lookup(("tenure", *_NAMES[TERMS]), self._terms_by_tenure()),
        )
        self._charges = {
            "MonthlyCharges": _lookup(("tenure",), {(tenure,): slope for tenure, slope in self._monthly.items()}).sums,
            "TotalCharges": _lookup(("tenure",), {(tenure,): slope for tenure, slope in self._total.items()}).sums,
        }

    def first(self, customer: Customer) -> float:
        """The first of the sums."""
        tenure, who, services = customer.tenure, self._who, self._services
        terms = self._terms[tenure]
        first: float = (
            who.first[who.rows[customer[WHO]]]
            + services.first[services.rows[customer[SERVICES]]]
            + terms.first[terms.rows[customer[TERMS]]]
            + self._first_monthly[tenure] * customer.MonthlyCharges
            + self._first_total[tenure] * customer.TotalCharges
        )
        return first

    def all(self, customer: Customer) -> FloatArray:
        """All of the sums, shape (k,)."""
        tenure, who, services = customer.tenure, self._who, self._services
        terms = self._terms[tenure]
        sums: FloatArray = (
            who.sums[who.rows[customer[WHO]]]
            + services.sums[services.rows[customer[SERVICES]]]
            + terms.sums[terms.rows[customer[TERMS]]]
            + self._monthly[tenure] * customer.MonthlyCharges
            + self._total[tenure] * customer.TotalCharges
        )
        return sums

    def table(self, table: Customer) -> FloatArray:
        """All of the sums of n customers, shape (k, n)."""
        sums = np.repeat(self._base[:, None], len(table.tenure), axis=1)
        for lookup in self._lookups:
            lookup.add_to(sums, table)
        tenure = np.asarray(table.tenure).astype(np.intp)
        for name, slopes in self._charges.items():
            charge = getattr(table, name)
            for each, slope in slopes.items():
                sums[each] += slope.take(tenure) * charge
        return sums

    def slopes(self, tenure: int) -> tuple[FloatArray, FloatArray]:
        """How the sums grow with MonthlyCharges and with TotalCharges at this tenure, each of shape (k,)."""
        return self._monthly[tenure], self._total[tenure]

    def _terms_by_tenure(self) -> dict[Key, FloatArray]:
        return {
            (tenure, *key): group.sums[row] - self._base
            for tenure, group in self._terms.items()
            for key, row in group.rows.items()
        }


def _lookup(fields: tuple[str, ...], entries: Mapping[Key, FloatArray]) -> _Lookup:
    sizes = tuple(len(CATEGORIES[name].names) if name in CATEGORIES else _number(name).high + 1 for name in fields)
    # What no rule allows points behind the last row.
    rows = np.full(math.prod(sizes), len(entries), np.intp)
    rows[np.ravel_multi_index(tuple(np.array(list(entries)).T), sizes)] = np.arange(len(entries))
    sums = np.array(list(entries.values())).T.copy()
    return _Lookup(fields, sizes, rows, {each: sums[each] for each in np.flatnonzero(sums.any(axis=1)).tolist()})


def _combinations(group: slice) -> list[dict[str, int]]:
    """All that the group's fields can hold together."""
    names = _NAMES[group]
    every = product(*(range(len(CATEGORIES[name].names)) for name in names))
    return [held for codes in every if _allowed(held := dict(zip(names, codes, strict=True)))]


def _allowed(held: Mapping[str, int]) -> bool:
    return all(
        SETTLED[name].get((held[rule.field], held[name])) == held[name]
        for name, rule in IMPLIED.items()
        if name in held
    )


def _group(sums: Sums, customers: list[Customer], fields: slice, base: Any) -> _Group:
    """The customers' sums less the base, by what their fields hold."""
    entries = sums(table_of(customers)) - base
    return _Group({each[fields]: row for row, each in enumerate(customers)}, entries, entries[:, 0].tolist())


def _slopes(sums: Sums, months: range, charge: str) -> FloatArray:
    """How the sums grow with a charge, for each tenure; measured over its whole range, so that nothing is lost."""
    high = _number(charge).high
    without = [_REFERENCE._replace(tenure=tenure) for tenure in months]
    with_charge = [each._replace(**{charge: high}) for each in without]
    return (sums(table_of(with_charge)) - sums(table_of(without))) / high


def _number(name: str) -> Number:
    return cast(Number, FIELDS[name])
