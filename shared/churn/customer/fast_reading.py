"""Customers whom there is nothing to ask about, read at a glance.

Most requests carry a whole customer in the data set's own spelling. What of a record is exactly that is read here in a
third of the time; anything else, right or wrong, is for `churn.customer.reading.Reader` to judge.
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
    """What a number is at a glance: within which bounds, of which types, and what is added to it: to nought, so that a
    number with a fraction is a float and nought has no sign."""

    low: float
    high: float
    types: frozenset[type]
    nought: float


def _limits(field: Number) -> _Limits:
    return _Limits(field.low, field.high, _WHOLE if field.whole else _ANY, 0 if field.whole else 0.0)


class FastReader:
    """Reads customers of one declaration. Categories are taken first and numbers behind them, then both in order."""

    def __init__(self, declaration: Declaration) -> None:
        categories, numbers = declaration.categories, declaration.numbers
        taken = [*categories, *numbers]
        self._id = declaration.id
        self._names = {*declaration.fields, declaration.id, declaration.outcome}
        self._make = declaration.customer_type._make
        self._categories, self._numbers = picker(tuple(categories)), picker(tuple(numbers))
        self._ordered = picker([taken.index(name) for name in declaration.fields])
        # A flag is written 0 or 1, the others by their names.
        self._codes = tuple(
            {0: 0, 1: 1} if field.is_flag else {value: code for code, value in enumerate(field.names)}
            for field in categories.values()
        )
        self._flags = tuple(place for place, field in enumerate(categories.values()) if field.is_flag)
        self._limits = [_limits(field) for field in numbers.values()]
        self._lows = [limits.low for limits in self._limits]
        self._highs = [limits.high for limits in self._limits]
        self._types = [limits.types for limits in self._limits]
        self._noughts = [limits.nought for limits in self._limits]
        # For each implied field: where it stands, where the implying one does, the code that implies it, and what it
        # then is.
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
        """The customer, if every field is there as the data set writes it, none contradicts another and the id is None
        or as it is to be echoed."""
        try:
            held = self._categories(record)
            values = [codes[each] for codes, each in zip(self._codes, held, strict=True)]
            numbers = self._numbers(record)
        except (KeyError, TypeError):
            return None
        for place in self._flags:
            # True is 1 to a dictionary, and no number to us.
            if type(held[place]) is not int:
                return None
        for number, types in zip(numbers, self._types, strict=True):
            if type(number) not in types:
                return None
        # Not a number is in no range.
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
        """The customers as a table, if `glance` would read each of them; their ids are as they are to be echoed."""
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
    # Not a number is in no range, but may hide from min and max.
    return set(map(type, held)) <= limits.types and bool(
        min(held) >= limits.low and max(held) <= limits.high and not any(each != each for each in held)
    )


def _is_plain_id(name: Any) -> bool:
    if name is None:
        return True
    return type(name) is str and 0 < len(name) <= MAX_ID_LENGTH and name.isprintable() and name == name.strip()
