"""An additive model by looking up, for one customer at a time.

No column mixes fields of two of these groups: who the customer is, the services, tenure with the terms of the contract;
and where the tenure is known, every column is linear in the two charges. So each sum over columns is a sum of three
table entries and two slopes. The tables are filled by the columns' own formulas, over all that a group can hold.
"""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any, NamedTuple, cast

from churn.customer import CATEGORIES, FIELDS, IMPLIED, Customer
from churn.fields import Number
from churn.reading import SETTLED
from churn.scoring import FloatArray, table_of

_NAMES = Customer._fields


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


class Tabulated:
    """The sums of one customer, with codes as a reading gives them. Raises KeyError for one that no rule allows."""

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
