"""Fast reading of customers that are complete and in the data set's own spelling.

Most requests carry such customers, and they are read here in a third of the time. Any other record, whether right or
wrong, is left to `churn.customer.reading.Reader`.
"""

from collections.abc import Mapping, Sequence
from operator import add, le
from typing import Any, NamedTuple

import numpy as np

from churn.customer.declaration import Customer, Declaration, picker
from churn.customer.fields import Number

MAX_ID_LENGTH = 64

_WHOLE, _ANY = frozenset({int}), frozenset({int, float})


class _Limits(NamedTuple):
    """What a number must be to be read here: from `low` to `high`, and of one of these types.

    `nought`, which is 0 or 0.0, is added to it: so a field with fractions becomes a float, and zero loses its sign.
    """

    low: float
    high: float
    types: frozenset[type]
    nought: float


def _limits(field: Number) -> _Limits:
    return _Limits(field.low, field.high, _WHOLE if field.whole else _ANY, 0 if field.whole else 0.0)


class FastReader:
    """Reads customers of one declaration: first their categories, then their numbers, which are then put in order."""

    def __init__(self, declaration: Declaration) -> None:
        categories, numbers = declaration.categories, declaration.numbers
        taken = [*categories, *numbers]
        self._id = declaration.id
        self._names = {*declaration.fields, declaration.id, declaration.outcome}
        self._make = declaration.customer_type._make
        self._categories, self._numbers = picker(tuple(categories)), picker(tuple(numbers))
        self._ordered = picker([taken.index(name) for name in declaration.fields])
        self._codes = tuple(
            {value: code for code, value in enumerate(field.json_values)} for field in categories.values()
        )
        self._flags = tuple(place for place, field in enumerate(categories.values()) if field.is_flag)
        self._limits = [_limits(field) for field in numbers.values()]
        self._lows = [limits.low for limits in self._limits]
        self._highs = [limits.high for limits in self._limits]
        self._types = [limits.types for limits in self._limits]
        self._noughts = [limits.nought for limits in self._limits]
        # For each implied field: its position, that of the implying field, the code that implies it, and the code that
        # it then has.
        self._rules = tuple(
            (
                declaration.position[name],
                declaration.position[rule.field],
                categories[rule.field].code(rule.value),
                categories[name].code(rule.implies),
            )
            for name, rule in declaration.implied.items()
        )

    def glance(self, record: Mapping[str, Any]) -> Customer | None:
        """The customer, or None if the record needs the full reader.

        It is read if it has every field as the data set spells it, no contradiction, no unknown name, and an id that
        is None or can be echoed as it is.
        """
        try:
            held = self._categories(record)
            values = [codes[each] for codes, each in zip(self._codes, held, strict=True)]
            numbers = self._numbers(record)
        except (KeyError, TypeError):
            return None
        for place in self._flags:
            # Python's True equals 1 as a key, but a boolean is not accepted as a number.
            if type(held[place]) is not int:
                return None
        for number, types in zip(numbers, self._types, strict=True):
            if type(number) not in types:
                return None
        # A NaN fails both comparisons.
        if False in map(le, self._lows, numbers) or False in map(le, numbers, self._highs):
            return None
        values += map(add, numbers, self._noughts)
        if not (record.keys() <= self._names and _is_plain_id(record.get(self._id))):
            return None
        customer: Customer = self._make(self._ordered(values))
        for position, parent, without, implied in self._rules:
            if (customer[position] == implied) != (customer[parent] == without):
                return None
        return customer

    def glance_all(self, records: Sequence[Any]) -> Customer | None:
        """The n customers as a table of float64 arrays, shape (n,), or None unless `glance` would read each of them."""
        if not records or set(map(type, records)) != {dict} or not set().union(*records) <= self._names:
            return None
        try:
            held = list(zip(*map(self._categories, records), strict=True))
            columns: list[Any] = [
                list(map(codes.__getitem__, each)) for codes, each in zip(self._codes, held, strict=True)
            ]
            numbers = list(zip(*map(self._numbers, records), strict=True))
        except (KeyError, TypeError):
            return None
        if any(set(map(type, held[place])) != _WHOLE for place in self._flags):
            return None
        if not all(map(_within, self._limits, numbers)):
            return None
        table: Customer = self._make(
            np.array(column, np.float64) + 0.0 for column in self._ordered([*columns, *numbers])
        )
        broken = any(
            np.any((table[position] == implied) != (table[parent] == without))
            for position, parent, without, implied in self._rules
        )
        return None if broken or not all(_is_plain_id(record.get(self._id)) for record in records) else table


def _within(limits: _Limits, held: Sequence[Any]) -> bool:
    # min and max may overlook a NaN, which no range allows; only a NaN differs from itself.
    return set(map(type, held)) <= limits.types and bool(
        min(held) >= limits.low and max(held) <= limits.high and not any(each != each for each in held)
    )


def _is_plain_id(name: Any) -> bool:
    if name is None:
        return True
    return type(name) is str and 0 < len(name) <= MAX_ID_LENGTH and name.isprintable() and name == name.strip()
