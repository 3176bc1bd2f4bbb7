"""An additive model by looking up, for one customer or for columns of them.

Fields are grouped as they are declared: who the customer is, the services, and the account, which is tenure with the
terms of the contract and the charges. No column mixes fields of two groups, and where the tenure is known, every column
is linear in the charges. So each sum over columns is a sum of three table entries and two slopes. The tables are filled
by the columns' own formulas, over all that a group can hold; whether they hold the sums is tried when they are made.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import product
from operator import itemgetter
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from churn.customer.declaration import ACCOUNT, CATEGORIES, FIELDS, IMPLIED, SERVICES, WHO, Customer
from churn.customer.fields import Category, Field, Number
from churn.customer.reading import SETTLED
from churn.model.features import FEATURES, Feature
from churn.model.scoring import FloatArray, table_of

_NAMES: tuple[str, ...] = Customer._fields

Fields = tuple[str, ...]


def _categories(group: str) -> Fields:
    return tuple(name for name, field in CATEGORIES.items() if field.group == group)


def _values(fields: Fields) -> Callable[[Customer], Any]:
    return itemgetter(*map(_NAMES.index, fields))


_WHO, _SERVICES, _TERMS = map(_categories, (WHO, SERVICES, ACCOUNT))
_who, _services, _terms = map(_values, (_WHO, _SERVICES, _TERMS))

# Customers whose sums are tried, and how far these may be from what is looked up, to their size.
_PROBES, _ROUNDING = 500, 1e-9

# Any customer would do: the groups' entries are differences from this one, or hold the rest of it.
_REFERENCE = Customer(**dict.fromkeys(_NAMES, 0))

Sums = Callable[[Customer], FloatArray]
"""What is tabulated: for a table of n customers some sums over weighted columns, shape (n, k)."""

Key = tuple[Any, ...]

Entries = NDArray[np.int16]
"""Where the sums of n customers stand in the look-up tables of the three groups, one below the other, shape (3, n)."""


class _Group(NamedTuple):
    """The sums by what a group's fields hold: a row of the sums for each key, their first column as floats too."""

    rows: Mapping[Key, int]
    sums: FloatArray
    first: list[float]


class _Lookup(NamedTuple):
    """A group's sums for columns of customers: the row of each combination of its fields; the sums by row, shape
    (rows, k); and each sum for itself, without those that are 0 throughout."""

    fields: tuple[str, ...]
    sizes: tuple[int, ...]
    rows: NDArray[np.int16]
    entries: FloatArray
    sums: Mapping[int, FloatArray]

    def rows_of(self, table: Customer) -> NDArray[np.int16]:
        # Narrow numbers are quicker to reckon with; no group has more combinations than they hold.
        combination = np.zeros(len(table.tenure), np.int16)
        for name, size in zip(self.fields, self.sizes, strict=True):
            combination *= np.int16(size)
            combination += np.asarray(getattr(table, name)).astype(np.int16, copy=False)
        return self.rows.take(combination)

    def add_to(self, sums: FloatArray, table: Customer) -> None:
        """Add to the sums of n customers, shape (k, n)."""
        rows = self.rows_of(table)
        for each, entries in self.sums.items():
            sums[each] += entries.take(rows)


class NotTabulated(ValueError):
    """Look-up tables do not hold some of the sums, by their number in `sums`."""

    def __init__(self, sums: list[int]) -> None:
        super().__init__("the look-up tables do not hold the model")
        self.sums = sums


class Tabulated:
    """The sums of customers, with codes as a reading gives them. One whom no rule allows is a KeyError, and among
    columns an IndexError."""

    def __init__(self, sums: Sums) -> None:
        """Raises NotTabulated where what is looked up is not what the sums are."""
        base = sums(table_of([_REFERENCE]))
        self._who = _group(sums, [_REFERENCE._replace(**held) for held in _combinations(_WHO)], _WHO, base)
        self._services = _group(
            sums, [_REFERENCE._replace(**held) for held in _combinations(_SERVICES)], _SERVICES, base
        )
        months = range(_number("tenure").low, _number("tenure").high + 1)
        self._terms = {
            tenure: _group(
                sums, [_REFERENCE._replace(tenure=tenure, **held) for held in _combinations(_TERMS)], _TERMS, 0.0
            )
            for tenure in months
        }
        self._monthly = dict(zip(months, _slopes(sums, months, "MonthlyCharges"), strict=True))
        self._total = dict(zip(months, _slopes(sums, months, "TotalCharges"), strict=True))
        self._first_monthly = {tenure: float(slope[0]) for tenure, slope in self._monthly.items()}
        self._first_total = {tenure: float(slope[0]) for tenure, slope in self._total.items()}
        self._base = base[0]
        self._lookups = (
            _lookup(_WHO, {key: self._who.sums[row] for key, row in self._who.rows.items()}),
            _lookup(_SERVICES, {key: self._services.sums[row] for key, row in self._services.rows.items()}),
            _lookup(("tenure", *_TERMS), self._terms_by_tenure()),
        )
        self._stacked: FloatArray = np.concatenate([lookup.entries for lookup in self._lookups])
        sizes = [len(lookup.entries) for lookup in self._lookups]
        self._starts = np.cumsum([0, *sizes[:-1]]).astype(np.int16)[:, None]
        self._charges = {
            "MonthlyCharges": _lookup(("tenure",), {(tenure,): slope for tenure, slope in self._monthly.items()}).sums,
            "TotalCharges": _lookup(("tenure",), {(tenure,): slope for tenure, slope in self._total.items()}).sums,
        }

        self._try(sums)

    def _try(self, sums: Sums) -> None:
        customers = _probes()
        wanted, got = sums(customers), self.table(customers).T
        off = np.abs(got - wanted).max(axis=0) > _ROUNDING * np.maximum(np.abs(wanted).max(axis=0), 1)
        if off.any():
            raise NotTabulated(np.flatnonzero(off).tolist())

    def first(self, customer: Customer) -> float:
        """The first of the sums."""
        tenure, who, services = customer.tenure, self._who, self._services
        terms = self._terms[tenure]
        first: float = (
            who.first[who.rows[_who(customer)]]
            + services.first[services.rows[_services(customer)]]
            + terms.first[terms.rows[_terms(customer)]]
            + self._first_monthly[tenure] * customer.MonthlyCharges
            + self._first_total[tenure] * customer.TotalCharges
        )
        return first

    def all(self, customer: Customer) -> FloatArray:
        """All of the sums, shape (k,)."""
        tenure, who, services = customer.tenure, self._who, self._services
        terms = self._terms[tenure]
        sums: FloatArray = (
            who.sums[who.rows[_who(customer)]]
            + services.sums[services.rows[_services(customer)]]
            + terms.sums[terms.rows[_terms(customer)]]
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

    def entries(self, table: Customer) -> Entries:
        """Where the sums of n customers stand, but for their charges."""
        return np.array([lookup.rows_of(table) for lookup in self._lookups], np.int16) + self._starts

    def sums_of(self, entries: Entries) -> FloatArray:
        """The sums that stand there, shape (n, k), but for the charges."""
        sums: FloatArray = np.add.reduce(self._stacked.take(entries, axis=0), axis=0)
        sums += self._base
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
    rows = np.full(math.prod(sizes), len(entries), np.int16)
    rows[np.ravel_multi_index(tuple(np.array(list(entries)).T), sizes)] = np.arange(len(entries))
    by_row = np.array(list(entries.values()))
    sums = by_row.T.copy()
    return _Lookup(
        fields, sizes, rows, by_row, {each: sums[each] for each in np.flatnonzero(sums.any(axis=1)).tolist()}
    )


@cache
def _combinations(names: Fields) -> list[dict[str, int]]:
    """All that a group's fields can hold together."""
    every = product(*(range(len(CATEGORIES[name].names)) for name in names))
    return [held for codes in every if _allowed(held := dict(zip(names, codes, strict=True)))]


def _allowed(held: Mapping[str, int]) -> bool:
    return all(
        SETTLED[name].get((held[rule.field], held[name])) == held[name]
        for name, rule in IMPLIED.items()
        if name in held
    )


def _group(sums: Sums, customers: list[Customer], fields: Fields, base: Any) -> _Group:
    """The customers' sums less the base, by what their fields hold."""
    entries = sums(table_of(customers)) - base
    key = _values(fields)
    return _Group({key(each): row for row, each in enumerate(customers)}, entries, entries[:, 0].tolist())


def _slopes(sums: Sums, months: range, charge: str) -> FloatArray:
    """How the sums grow with a charge, for each tenure; measured over its whole range, so that nothing is lost."""
    high = _number(charge).high
    without = [_REFERENCE._replace(tenure=tenure) for tenure in months]
    with_charge = [each._replace(**{charge: high}) for each in without]
    return (sums(table_of(with_charge)) - sums(table_of(without))) / high


def _number(name: str) -> Number:
    return cast(Number, FIELDS[name])


def require_tabulated(features: Sequence[Feature] = FEATURES) -> None:
    """Raises ValueError, with the name of the column, where one is such that no model of it can be looked up."""
    try:
        Tabulated(lambda table: np.column_stack([_column(feature, table) for feature in features]))
    except NotTabulated as error:
        raise ValueError("; ".join(_trouble(features[number]) for number in error.sums)) from error


def _column(feature: Feature, table: Customer) -> FloatArray:
    return np.full(len(table.tenure), feature.formula(table, np.log1p), np.float64)


def _trouble(feature: Feature) -> str:
    of_each_group = {FIELDS[name].group: name for name in reversed(feature.fields)}
    if len(of_each_group) > 1:
        return f"column {feature.name} mixes {' and '.join(reversed(of_each_group.values()))}"
    fields = " and ".join(feature.fields)
    return f"column {feature.name} of {fields} is not linear in a number other than tenure, or is of other fields too"


@cache
def _probes() -> Customer:
    """Customers of all kinds whom the rules allow, as a table."""
    rng = np.random.default_rng(0)
    return table_of([_probe(rng) for _ in range(_PROBES)])


def _probe(rng: np.random.Generator) -> Customer:
    held = {name: int(rng.integers(*_bounds(field))) for name, field in FIELDS.items()}
    for name, rule in IMPLIED.items():
        allowed = {code for (parent, _), code in SETTLED[name].items() if parent == held[rule.field]}
        held[name] = int(rng.choice(sorted(allowed)))
    return Customer(**held)


def _bounds(field: Field) -> tuple[int, int]:
    """The first code or number, and the one behind the last."""
    return (0, len(field.names)) if isinstance(field, Category) else (field.low, field.high + 1)
