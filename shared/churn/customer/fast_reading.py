"""Customers whom there is nothing to ask about, read at a glance.

Most requests carry a whole customer in the data set's own spelling. What of a record is exactly that is read here in a
third of the time; anything else, right or wrong, is for `churn.customer.reading.read` to judge.
"""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, cast

import numpy as np

from churn.customer.declaration import CATEGORIES, FIELDS, ID, IMPLIED, LABEL, Customer
from churn.customer.fields import Number

_NAMES = {*FIELDS, ID, LABEL}
_CATEGORIES = itemgetter(*CATEGORIES)
_NUMBERS = itemgetter("tenure", "MonthlyCharges", "TotalCharges")

# SeniorCitizen is written 0 or 1, the others by their names.
_SPELLINGS = tuple(
    {0: 0, 1: 1} if name == "SeniorCitizen" else {spelling: code for code, spelling in enumerate(field.names)}
    for name, field in CATEGORIES.items()
)
_SENIOR = tuple(CATEGORIES).index("SeniorCitizen")
_BEFORE_TENURE = Customer._fields.index("tenure")
_TENURE, _MONTHLY, _TOTAL = (cast(Number, FIELDS[name]) for name in ("tenure", "MonthlyCharges", "TotalCharges"))
_PLAIN = frozenset({int, float})

MAX_ID_LENGTH = 64

MAX_NAMES = 64
"""An object with more names is no customer, and is refused before anything is said of each of them."""

# For each implied field: where it stands, where the implying one does, the code that implies it, and what it then is.
_RULES = tuple(
    (
        Customer._fields.index(name),
        Customer._fields.index(rule.field),
        CATEGORIES[rule.field].code(rule.value),
        CATEGORIES[name].code(rule.implies),
    )
    for name, rule in IMPLIED.items()
)


def glance(record: Mapping[str, Any]) -> Customer | None:
    """The customer, if every field is there as the data set writes it, none contradicts another and the id is None or
    as it is to be echoed."""
    try:
        held = _CATEGORIES(record)
        codes = [spellings[each] for spellings, each in zip(_SPELLINGS, held, strict=True)]
        tenure, monthly, total = _NUMBERS(record)
    except (KeyError, TypeError):
        return None
    # True is 1 to a dictionary, and no number to us.
    if type(held[_SENIOR]) is not int or type(tenure) is not int or {type(monthly), type(total)} - _PLAIN:
        return None
    if not (_TENURE.low <= tenure <= _TENURE.high and _MONTHLY.low <= monthly <= _MONTHLY.high):
        return None
    if not (_TOTAL.low <= total <= _TOTAL.high and record.keys() <= _NAMES):
        return None
    if not _is_plain_id(record.get(ID)):
        return None
    # Added to nought, a number is a float, and nought has no sign.
    customer = Customer._make((*codes[:_BEFORE_TENURE], tenure, *codes[_BEFORE_TENURE:], monthly + 0.0, total + 0.0))
    for position, parent, without, implied in _RULES:
        if (customer[position] == implied) != (customer[parent] == without):
            return None
    return customer


def glance_all(records: Sequence[Any]) -> Customer | None:
    """The customers as a table, if `glance` would read every one of them; their ids are as they are to be echoed."""
    if not records or set(map(type, records)) != {dict} or not set().union(*records) <= _NAMES:
        return None
    try:
        held = zip(*map(_CATEGORIES, records), strict=True)
        codes = [list(map(spellings.__getitem__, each)) for spellings, each in zip(_SPELLINGS, held, strict=True)]
        tenure, monthly, total = zip(*map(_NUMBERS, records), strict=True)
        seniors = {type(record["SeniorCitizen"]) for record in records}
    except (KeyError, TypeError):
        return None
    if seniors != {int} or set(map(type, tenure)) != {int} or set(map(type, monthly + total)) - _PLAIN:
        return None
    if not all(_within(field, held) for field, held in ((_TENURE, tenure), (_MONTHLY, monthly), (_TOTAL, total))):
        return None
    columns = (*codes[:_BEFORE_TENURE], tenure, *codes[_BEFORE_TENURE:], monthly, total)
    table = Customer._make(np.array(column, np.float64) + 0.0 for column in columns)
    broken = any(
        np.any((table[position] == implied) != (table[parent] == without))
        for position, parent, without, implied in _RULES
    )
    return None if broken or not all(map(_is_plain_id, [record.get(ID) for record in records])) else table


def _within(field: Number, held: Sequence[float]) -> bool:
    # Not a number is in no range, but may hide from min and max.
    return bool(min(held) >= field.low and max(held) <= field.high and not any(each != each for each in held))


def _is_plain_id(name: Any) -> bool:
    if name is None:
        return True
    return type(name) is str and 0 < len(name) <= MAX_ID_LENGTH and name.isprintable() and name == name.strip()
