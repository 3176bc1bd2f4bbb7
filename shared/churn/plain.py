"""Customers whom there is nothing to ask about, read at a glance.

Most requests carry a whole customer in the data set's own spelling. What of a record is exactly that is read here in a
third of the time; anything else, right or wrong, is for `churn.reading.read` to judge.
"""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, cast

from churn.customer import CATEGORIES, FIELDS, ID, IMPLIED, LABEL, Customer
from churn.fields import Number

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
    name = record.get(ID)
    if name is not None and not (type(name) is str and 0 < len(name) <= MAX_ID_LENGTH and name.isprintable()):
        return None
    if name is not None and (name[0] == " " or name[-1] == " "):
        return None
    customer = Customer._make((*codes[:_BEFORE_TENURE], tenure, *codes[_BEFORE_TENURE:], float(monthly), float(total)))
    for position, parent, without, implied in _RULES:
        if (customer[position] == implied) != (customer[parent] == without):
            return None
    return customer
