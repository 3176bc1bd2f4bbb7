"""Reading one customer, kindly and strictly, from a JSON object or from the cells of a CSV row.

Kindly: any letter case, outer blanks, numeric text, SeniorCitizen as 0/1/Yes/No, blank or null as absent, "No" for what
the customer cannot have. Strictly: no unknown field, no boolean as a number, nothing that is not finite, nothing out of
range, no contradiction. Every fault is reported, not only the first.
"""

import difflib
import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from churn.customer import CATEGORIES, FIELDS, ID, IMPLIED, LABEL, Amount, Customer
from churn.errors import FieldError, ValidationError
from churn.fields import Category, Number
from churn.plain import MAX_ID_LENGTH as MAX_ID_LENGTH
from churn.plain import glance
from churn.schema import NUMERIC_TEXT

# Longer values are cut before they are echoed, so that an answer's size does not follow its request's.
MAX_ECHO = 40

_KNOWN = {*FIELDS, ID, LABEL}
_NUMERIC = re.compile(NUMERIC_TEXT).match


class Reading(NamedTuple):
    """A customer as read: `assumed` lists the absent fields that nothing implies; they are None in `customer`."""

    customer: Customer
    customer_id: str | None
    assumed: tuple[str, ...]


class _Fault(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def echo(value: Any) -> str:
    """A value as JSON, shortened, safe to repeat in a message."""
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= MAX_ECHO else text[: MAX_ECHO - 1] + "…"


def _spellings(field: Category) -> dict[Any, int]:
    """Every spelling of every value, as declared and folded, with the value's code."""
    codes: dict[Any, int] = {
        spelling: code for code, name in enumerate(field.names) for spelling in (name, name.casefold())
    }
    return codes | {alias: field.code(value) for alias, value in (field.aliases or {}).items()}


_SPELLINGS = {name: _spellings(field) for name, field in CATEGORIES.items()}


def _listed(field: Category) -> str:
    names = ["0", "1", "No", "Yes"] if field.aliases else list(field.names)
    return ", ".join(f'"{name}"' for name in names[:-1]) + f' or "{names[-1]}"'


def _read_category(name: str, raw: Any) -> int:
    field, spellings = CATEGORIES[name], _SPELLINGS[name]
    if type(raw) is str and raw in spellings:
        return spellings[raw]
    key = " ".join(raw.split()).casefold() if isinstance(raw, str) else raw
    if not isinstance(key, bool | list | dict) and key in spellings:
        return spellings[key]
    if isinstance(raw, str) or (field.aliases and isinstance(raw, int | float) and not isinstance(raw, bool)):
        hint = _hint(name, str(key)[:MAX_ECHO])
        raise _Fault("not_allowed", f"{name} must be {_listed(field)}; got {echo(raw)}.{hint}")
    raise _Fault("wrong_type", f"{name} must be {_listed(field)}, given as text; got {echo(raw)}.")


@lru_cache(4096)
def _hint(name: str, text: str) -> str:
    """The nearest allowed value, as a sentence. Remembered, since a table repeats its mistakes."""
    field, spellings = CATEGORIES[name], _SPELLINGS[name]
    folded = [known for known in spellings if isinstance(known, str) and known.casefold() == known]
    nearest = difflib.get_close_matches(text, folded, 1)
    return f' Did you mean "{field.names[spellings[nearest[0]]]}"?' if nearest else ""


def _read_number(name: str, field: Number, raw: Any) -> float:
    if isinstance(raw, str) and _NUMERIC(raw):
        number: int | float = float(raw)
    elif (
        isinstance(raw, int | float) and not isinstance(raw, bool) and not (isinstance(raw, float) and math.isnan(raw))
    ):
        number = raw
    else:
        raise _Fault("wrong_type", f"{name} must be a number such as {field.example}; got {echo(raw)}.")
    if not field.low <= number <= field.high:
        raise _Fault("out_of_range", f"{name} must be between {field.range}; got {echo(raw)}.")
    if not field.whole:
        return float(number)
    if number != int(number):
        raise _Fault("wrong_type", f"{name} must be a whole number of {field.unit}; got {echo(raw)}.")
    return int(number)


def _read_id(raw: Any) -> str | None:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if not isinstance(raw, str):
        raise _Fault("wrong_type", f"{ID} must be text; got {echo(raw)}.")
    if len(raw.strip()) > MAX_ID_LENGTH:
        raise _Fault("out_of_range", f"{ID} must have at most {MAX_ID_LENGTH} characters; got {len(raw.strip())}.")
    if not raw.strip().isprintable():
        raise _Fault("not_allowed", f"{ID} must consist of printable characters; got {echo(raw)}.")
    return raw.strip()


def read(record: Mapping[str, Any]) -> Reading:
    """Read a customer by the data set's field names. Raises ValidationError with every fault found."""
    if (known := glance(record)) is not None:
        return Reading(known, record.get(ID), ())
    faults = [] if record.keys() <= _KNOWN else [_unknown(name) for name in record if name not in _KNOWN]
    values: dict[str, Any] = {}
    for name, field in FIELDS.items():
        raw = record.get(name)
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            if field.required:
                faults.append(FieldError(name, "missing", f"{name} is required."))
            continue
        try:
            values[name] = _read_number(name, field, raw) if isinstance(field, Number) else _read_category(name, raw)
        except _Fault as fault:
            faults.append(FieldError(name, fault.code, str(fault)))
    try:
        customer_id = _read_id(record.get(ID))
    except _Fault as fault:
        faults.append(FieldError(ID, fault.code, str(fault)))
    faults += _settle(values, {fault.field for fault in faults})
    if faults:
        raise ValidationError(faults)
    customer = _customer(values)
    return Reading(
        customer, customer_id, tuple(name for name in FIELDS if name not in values and name != "TotalCharges")
    )


def _customer(values: dict[str, Any]) -> Customer:
    if "TotalCharges" not in values:
        values = values | {"TotalCharges": float(absent_total(values["tenure"], values["MonthlyCharges"]))}
    return Customer(*(values.get(name) for name in FIELDS))


def absent_total(tenure: Amount, monthly: Amount) -> Amount:
    """What TotalCharges is taken for when it is absent, for one customer or for columns of them."""
    return tenure * monthly


def _unknown(name: Any) -> FieldError:
    """The error for a name that no field has, with the nearest one that there is, whatever its letter case."""
    folded = {known.casefold(): known for known in _KNOWN}
    nearest = difflib.get_close_matches(str(name)[:MAX_ECHO].casefold(), folded, 1)
    remedy = f"did you mean {folded[nearest[0]]}?" if nearest else "remove it."
    return FieldError(str(name)[:MAX_ECHO], "unknown", f"{echo(str(name))} is no field of a customer; {remedy}")


def _settled(name: str) -> dict[tuple[int, int | None], int]:
    """(code of the implying field, code of this field or None) → this field's code; what is left out contradicts."""
    rule, field = IMPLIED[name], CATEGORIES[name]
    codes: dict[tuple[int, int | None], int] = {}
    for parent_code, parent_value in enumerate(CATEGORIES[rule.field].names):
        if parent_value == rule.value:
            codes |= {
                (parent_code, held): field.code(rule.implies)
                for held in (None, field.code("No"), field.code(rule.implies))
            }
        else:
            codes |= {(parent_code, field.code(held)): field.code(held) for held in field.names if held != rule.implies}
    return codes


SETTLED = {name: _settled(name) for name in IMPLIED}
"""The cross-field rules as code tables, by implied field."""

_FAMILIES = {
    parent: tuple(name for name, rule in IMPLIED.items() if rule.field == parent)
    for parent in dict.fromkeys(rule.field for rule in IMPLIED.values())
}


def _settle(values: dict[str, Any], faulty: set[str]) -> list[FieldError]:
    """Apply the cross-field rules to `values` in place; returns the contradictions."""
    faults = []
    for parent, children in _FAMILIES.items():
        if parent in faulty:
            continue
        if parent not in values:
            _imply_parent(parent, children, values)
        if parent in values:
            for name in children:
                held, code = values.get(name), values[parent]
                settled = SETTLED[name].get((code, held))
                if settled is not None:
                    values[name] = settled
                elif held is not None:
                    faults.append(_contradiction(name, code, held))
    return faults


def _imply_parent(parent: str, children: tuple[str, ...], values: dict[str, Any]) -> None:
    """An absent parent follows from a child that names its absence, or, with one other value left, from a Yes."""
    names = CATEGORIES[parent].names
    held = [(IMPLIED[name], CATEGORIES[name].names[values[name]]) for name in children if name in values]
    if any(value == rule.implies for rule, value in held):
        values[parent] = names.index("No")
    elif len(names) == 2 and any(value == "Yes" for _, value in held):
        values[parent] = names.index("Yes")


def _contradiction(name: str, parent_code: int, code: int) -> FieldError:
    rule, value = IMPLIED[name], CATEGORIES[name].names[code]
    parent_value = CATEGORIES[rule.field].names[parent_code]
    if value == rule.implies:
        message = f'{name} cannot be "{value}" when {rule.field} is "{parent_value}"; send "No" or "Yes".'
    else:
        message = (
            f'{name} cannot be "{value}" for a customer with "{rule.implies}"; send "{rule.implies}" or leave it out.'
        )
    return FieldError(name, "contradiction", message)
