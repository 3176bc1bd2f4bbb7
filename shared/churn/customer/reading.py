"""Reading one customer, kindly and strictly, from a JSON object or from the cells of a CSV row.

Kindly: any letter case, outer blanks, numbers in the usual spellings, yes and no in those of programs, blank, null or a
word that says so as absent, "No" for what the customer cannot have. Strictly: no unknown field, no boolean as a number,
nothing that is not finite, nothing out of range, no contradiction, nothing that may mean two things. Every fault is
reported, not only the first.
"""

import logging
import math
import traceback
from collections.abc import Mapping
from typing import Any, NamedTuple

from churn.customer.columns import KNOWN, likely
from churn.customer.declaration import CATEGORIES, FIELDS, ID, IMPLIED, Amount, Customer
from churn.customer.echo import MAX_ECHO as MAX_ECHO
from churn.customer.echo import echo as echo
from churn.customer.echo import shortened
from churn.customer.fast_reading import MAX_ID_LENGTH as MAX_ID_LENGTH
from churn.customer.fast_reading import MAX_NAMES, glance
from churn.customer.fields import Number
from churn.customer.numbers import meant
from churn.customer.spellings import SPELLINGS, advice, code_of, is_absent, listed, takes
from churn.errors import MAX_LISTED, FieldError, ValidationError

_KNOWN = frozenset(KNOWN)
_DERIVED = ("TotalCharges",)

# Two numbers are meant by one text, a thousand times apart: the other one is where the expected amount lies nearer to
# it, by the ratio.
_MIDDLE = math.sqrt(1000)

_log = logging.getLogger(__name__)


class Reading(NamedTuple):
    """A customer as read: `assumed` lists the absent fields that nothing implies; they are None in `customer`.

    `derived` lists the absent fields whose values in `customer` were computed from others: nobody stated them.
    """

    customer: Customer
    customer_id: str | None
    assumed: tuple[str, ...]
    derived: tuple[str, ...] = ()


class _Fault(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _read_category(name: str, raw: Any) -> int:
    code = code_of(name, raw)
    if code is not None:
        return code
    wanted = f"{name} must be {listed(CATEGORIES[name])}"
    if takes(name, raw):
        raise _Fault("not_allowed", f"{wanted}; got {echo(raw)}.{advice(name, raw)}")
    raise _Fault("wrong_type", f"{wanted}, given as text; got {echo(raw)}.")


def _read_number(name: str, field: Number, raw: Any, expected: float | None) -> float:
    number = _number(name, field, raw, expected)
    if not field.low <= number <= field.high:
        raise _Fault("out_of_range", f"{name} must be between {field.range}; got {echo(raw)}.")
    if not field.whole:
        return number + 0.0  # nought has no sign
    if number != int(number):
        raise _Fault("wrong_type", f"{name} must be a whole number of {field.unit}; got {echo(raw)}.")
    return int(number)


def _number(name: str, field: Number, raw: Any, expected: float | None) -> float:
    """The number that is meant; `expected` is about what it should be, if that is known."""
    numbers: tuple[float, ...] = ()
    if type(raw) is str:
        numbers = meant(raw, field.unit)
    elif isinstance(raw, int | float) and not isinstance(raw, bool) and raw == raw:  # NaN is nothing, itself included
        numbers = (raw,)
    if not numbers:
        wanted = f"{name} must be a number such as {field.example}"
        raise _Fault("wrong_type", f"{wanted}; got {echo(raw)}.{advice(name, raw)}")
    return numbers[0] if len(numbers) == 1 or numbers[0] < 0 else _chosen(name, field, raw, numbers, expected)


def _chosen(name: str, field: Number, raw: str, numbers: tuple[float, ...], expected: float | None) -> float:
    """The one of two numbers that is meant: a point is a decimal one, a comma stands between thousands, unless what is
    expected says otherwise or nothing."""
    decimal, thousands = numbers
    nearer = expected is not None and expected > _MIDDLE * decimal and thousands <= field.high
    if "." in raw and not nearer:
        return decimal
    if "," in raw and nearer:
        return thousands
    remedy = f'write "{thousands:.0f}" or "{decimal:.2f}" for what is meant'
    raise _Fault("wrong_type", f"{name} can be read as {thousands:,.0f} or as {decimal}: {remedy}; got {echo(raw)}.")


def _read_id(raw: Any) -> str | None:
    if type(raw) is int and raw.bit_length() <= 4 * MAX_ID_LENGTH:
        raw = str(raw)
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if not isinstance(raw, str):
        raise _Fault("wrong_type", f"{ID} must be text or a whole number; got {echo(raw)}.")
    if len(raw.strip()) > MAX_ID_LENGTH:
        raise _Fault("out_of_range", f"{ID} must have at most {MAX_ID_LENGTH} characters; got {len(raw.strip())}.")
    if not raw.strip().isprintable():
        raise _Fault("not_allowed", f"{ID} must consist of printable characters; got {echo(raw)}.")
    return raw.strip()


def read(record: Mapping[str, Any], most: int = MAX_LISTED, *, every_fault: bool = True) -> Reading:
    """Read a customer by the data set's field names. Raises ValidationError with every fault found, unknown names
    beyond `most` being counted alone; or with the first one, for the price of that."""
    if (known := glance(record)) is not None:
        return Reading(known, record.get(ID), ())
    if len(record) > MAX_NAMES:
        message = f"A customer has at most {MAX_NAMES} names; got {len(record):,}. Send its own fields alone."
        raise ValidationError([FieldError("customer", "unknown", message)])
    unknown = [] if record.keys() <= _KNOWN else [name for name in record if name not in _KNOWN]
    faults = [_unknown(name) for name in unknown[:most]]
    values: dict[str, Any] = {}
    for name, spellings in SPELLINGS.items():
        raw = record.get(name)
        # Most values are spelled as they are declared.
        if type(raw) is str and raw in spellings:
            values[name] = spellings[raw]
        else:
            _read_field(name, raw, values, faults)
            if faults and not every_fault:
                raise ValidationError(faults[:1])
    try:
        customer_id = _read_id(record.get(ID))
    except _Fault as fault:
        faults.append(FieldError(ID, fault.code, str(fault)))
    faults += _settle(values, {fault.field for fault in faults})
    if faults:
        raise ValidationError(faults, max(len(unknown) - most, 0))
    derived = tuple(name for name in _DERIVED if name not in values)
    assumed = tuple(name for name in FIELDS if name not in values and name not in _DERIVED)
    return Reading(_customer(values), customer_id, assumed, derived)


def read_guarded(record: Any, most: int = MAX_LISTED) -> Reading:
    """Read what may be no customer at all. Raises nothing but ValidationError.

    What nobody foresaw is refused like any other fault, so that one customer never fails those beside it; the log tells
    where it happened, and nothing of the customer.
    """
    if not isinstance(record, dict):
        message = f"A customer must be a JSON object; got {echo(record)}."
        raise ValidationError([FieldError("customer", "wrong_type", message)])
    try:
        return read(record, most)
    except ValidationError:
        raise
    except Exception as error:  # whatever it is, it is this customer's alone
        frame = traceback.extract_tb(error.__traceback__)[-1]
        _log.error("A customer could not be read: %s in %s, line %s", type(error).__name__, frame.name, frame.lineno)
        message = "The customer cannot be read; check its values for unusual characters."
        raise ValidationError([FieldError("customer", "wrong_type", message)]) from None


def _read_field(name: str, raw: Any, values: dict[str, Any], faults: list[FieldError]) -> None:
    """Put the field's value into `values` or its fault into `faults`; neither if it may be absent and is."""
    field = FIELDS[name]
    if raw is None or is_absent(name, raw):
        if field.required:
            faults.append(FieldError(name, "missing", f"{name} is required."))
        return
    try:
        if isinstance(field, Number):
            values[name] = _read_number(name, field, raw, _expected(name, values))
        else:
            values[name] = _read_category(name, raw)
    except _Fault as fault:
        faults.append(FieldError(name, fault.code, str(fault)))


def _expected(name: str, values: dict[str, Any]) -> float | None:
    """About what an amount should be, from those that are read before it."""
    if name not in _DERIVED or "tenure" not in values or "MonthlyCharges" not in values:
        return None
    return float(absent_total(values["tenure"], values["MonthlyCharges"]))


def _customer(values: dict[str, Any]) -> Customer:
    if "TotalCharges" not in values:
        values = values | {"TotalCharges": float(absent_total(values["tenure"], values["MonthlyCharges"]))}
    return Customer(*(values.get(name) for name in FIELDS))


def absent_total(tenure: Amount, monthly: Amount) -> Amount:
    """What TotalCharges is taken for when it is absent, for one customer or for columns of them."""
    return tenure * monthly


def may_be_thousands(totals: Amount, tenure: Amount, monthly: Amount) -> Amount:
    """Whether amounts that were read with a decimal point may be meant as thousands, going by what is expected; for
    columns of them, without the look at their texts that settles it."""
    return (totals > 0) & (totals < 1000) & (absent_total(tenure, monthly) > _MIDDLE * totals)


def _unknown(name: str) -> FieldError:
    """The error for a name that no field has, with the one that is most likely meant."""
    nearest = likely(name)
    remedy = f"did you mean {nearest}?" if nearest else "remove it."
    return FieldError(shortened(name), "unknown", f"{echo(name)} is no field of a customer; {remedy}")


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
