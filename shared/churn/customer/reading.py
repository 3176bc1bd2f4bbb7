"""Reading one customer from a JSON object or from the cells of a CSV row.

Spellings are free: any letter case, outer blanks, numbers in the usual notations, the words of programs for yes and no;
null, a blank or a word such as "unknown" for an absent value, or for a blank where that is a value; "No" for what the
customer cannot have. Meaning is not:
unknown fields, booleans as numbers, values that are not finite or out of range, contradictions and texts with two
possible meanings are refused. Every fault is reported, not only the first.
"""

import logging
import math
import traceback
from collections.abc import Mapping
from typing import Any, NamedTuple

from churn.customer.columns import ColumnNames
from churn.customer.declaration import Amount, Customer, Declaration
from churn.customer.echo import MAX_ECHO as MAX_ECHO
from churn.customer.echo import echo as echo
from churn.customer.echo import shortened
from churn.customer.fast_reading import MAX_ID_LENGTH as MAX_ID_LENGTH
from churn.customer.fast_reading import FastReader
from churn.customer.fields import BLANK, Category, Number
from churn.customer.ids import Fault, read_id
from churn.customer.numbers import meant
from churn.customer.spellings import Spellings, either, listed
from churn.errors import MAX_LISTED, FieldError, ValidationError

# A text that can mean a number or a thousand times as much means the larger one if the expected amount is nearer to it:
# if it is more than this many times the smaller one.
_MIDDLE = math.sqrt(1000)

_log = logging.getLogger(__name__)


class Reading(NamedTuple):
    """A customer as read: `assumed` lists the absent fields that nothing implies, which are None in `customer`.

    `derived` lists the absent fields whose values in `customer` were computed from other fields.
    """

    customer: Customer
    customer_id: str | None
    assumed: tuple[str, ...]
    derived: tuple[str, ...] = ()


class Reader:
    """Reads customers of one declaration; `glance` and `glance_all` are those of its FastReader."""

    def __init__(self, declaration: Declaration, spellings: Spellings, names: ColumnNames) -> None:
        self._declaration, self._spellings, self._names = declaration, spellings, names
        self._fields, self._codes, self._settled = declaration.fields, spellings.codes, declaration.settled
        self._blanks = spellings.blanks
        self._known = frozenset(names.known)
        self._products = (declaration.product[0],) if declaration.product else ()
        self._families = {
            parent: tuple(name for name, rule in declaration.implied.items() if rule.field == parent)
            for parent in dict.fromkeys(rule.field for rule in declaration.implied.values())
        }
        fast = FastReader(declaration)
        self.glance, self.glance_all = fast.glance, fast.glance_all

    def read(self, record: Mapping[str, Any], most: int = MAX_LISTED, *, every_fault: bool = True) -> Reading:
        """Read a customer by the data set's field names.

        Raises ValidationError with every fault; of unknown names only the first `most` are described, the others are
        counted. Without `every_fault` it stops at the first one, which is cheaper.
        """
        if (known := self.glance(record)) is not None:
            return Reading(known, record.get(self._declaration.id), ())
        if len(record) > (most_names := self._declaration.max_names):
            message = f"A customer has at most {most_names} names; got {len(record):,}. Send its own fields alone."
            raise ValidationError([FieldError("customer", "unknown", message)])
        unknown = [] if record.keys() <= self._known else [name for name in record if name not in self._known]
        faults = [self._unknown(name) for name in unknown[:most]]
        values: dict[str, Any] = {}
        for name, spellings in self._codes.items():
            raw = record.get(name)
            # A short cut, since most values are spelled as they are declared.
            if type(raw) is str and raw in spellings:
                values[name] = spellings[raw]
            elif name in self._blanks and name in record and self._spellings.is_absent(name, raw):
                values[name] = self._blanks[name]
            else:
                self._read_field(name, raw, values, faults)
                if faults and not every_fault:
                    raise ValidationError(faults[:1])
        customer_id = self._id_of(record, faults)
        faults += self._settle(values, {fault.field for fault in faults})
        if faults:
            raise ValidationError(faults, max(len(unknown) - most, 0))
        return self._reading(values, customer_id)

    def read_guarded(self, record: Any, most: int = MAX_LISTED) -> Reading:
        """Read any value as a customer. Raises nothing but ValidationError.

        An unexpected exception is reported as a fault of this customer, so that it does not fail the other customers of
        a request. The log says where it was raised, and nothing about the customer.
        """
        if not isinstance(record, dict):
            message = f"A customer must be a JSON object; got {echo(record)}."
            raise ValidationError([FieldError("customer", "wrong_type", message)])
        try:
            return self.read(record, most)
        except ValidationError:
            raise
        except Exception as error:  # any bug that this customer's values reach must not fail other customers
            frame = traceback.extract_tb(error.__traceback__)[-1]
            name, line = frame.name, frame.lineno
            _log.error("A customer could not be read: %s in %s, line %s", type(error).__name__, name, line)
            message = "The customer cannot be read; check its values for unusual characters."
            raise ValidationError([FieldError("customer", "wrong_type", message)]) from None

    def _read_field(self, name: str, raw: Any, values: dict[str, Any], faults: list[FieldError]) -> None:
        """Put the field's value into `values` or its fault into `faults`; neither if it is absent and may be."""
        field = self._fields[name]
        if raw is None or self._spellings.is_absent(name, raw):
            if field.required:
                faults.append(FieldError(name, "missing", f"{name} is required."))
            return
        try:
            if isinstance(field, Number):
                values[name] = self._read_number(name, field, raw, values)
            else:
                values[name] = self._read_category(name, field, raw)
        except Fault as fault:
            faults.append(FieldError(name, fault.code, str(fault)))

    def _read_category(self, name: str, field: Category, raw: Any) -> int:
        code = self._spellings.code_of(name, raw)
        if code is not None:
            return code
        wanted = f"{name} must be {listed(field)}"
        if self._spellings.takes(name, raw):
            raise Fault("not_allowed", f"{wanted}; got {echo(raw)}.{self._spellings.advice(name, raw)}")
        raise Fault("wrong_type", f"{wanted}, given as text; got {echo(raw)}.")

    def _read_number(self, name: str, field: Number, raw: Any, values: Mapping[str, Any]) -> float:
        numbers = _numbers(field, raw)
        if not numbers:
            wanted = f"{name} must be a number such as {field.example}"
            raise Fault("wrong_type", f"{wanted}; got {echo(raw)}.{self._spellings.advice(name, raw)}")
        # Of a negative number that no field takes, it does not matter which one is meant.
        single = len(numbers) == 1 or numbers[0] < 0 <= field.low
        number = numbers[0] if single else _chosen(name, field, raw, numbers, self._expected(name, values))
        if not field.low <= number <= field.high:
            raise Fault("out_of_range", f"{name} must be between {field.range}; got {echo(raw)}.")
        if not field.whole:
            return number + 0.0  # makes -0.0 positive
        if number != int(number):
            raise Fault("wrong_type", f"{name} must be a whole number{_of(field.unit)}; got {echo(raw)}.")
        return int(number)

    def _expected(self, name: str, values: Mapping[str, Any]) -> float | None:
        """The product that the number `name` is declared to be, of values that were read before it; else None."""
        product = self._declaration.product
        if product is None or name != product[0] or not all(factor in values for factor in product[1].factors):
            return None
        first, second = (values[factor] for factor in product[1].factors)
        return float(first * second)

    def _id_of(self, record: Mapping[str, Any], faults: list[FieldError]) -> str | None:
        name = self._declaration.id
        try:
            return read_id(name, record.get(name))
        except Fault as fault:
            faults.append(FieldError(name, fault.code, str(fault)))
            return None

    def _reading(self, values: dict[str, Any], customer_id: str | None) -> Reading:
        derived = tuple(name for name in self._products if name not in values)
        for name in derived:
            expected, field = self._expected(name, values), self._declaration.numbers[name]
            if expected is not None and field.low <= expected <= field.high:
                values[name] = expected
        assumed = tuple(name for name in self._fields if name not in values)
        customer = self._declaration.customer(map(values.get, self._fields))
        return Reading(customer, customer_id, assumed, tuple(name for name in derived if name in values))

    def _unknown(self, name: str) -> FieldError:
        """The fault of a name that no field has, with the name that is probably meant."""
        nearest = self._names.likely(name)
        remedy = f"did you mean {nearest}?" if nearest else "remove it."
        return FieldError(shortened(name), "unknown", f"{echo(name)} is no field of a customer; {remedy}")

    def _settle(self, values: dict[str, Any], faulty: set[str]) -> list[FieldError]:
        """Apply the cross-field rules to `values` in place; returns the contradictions.

        A rule whose implying field is among the `faulty` ones is left out.
        """
        faults = []
        for parent, children in self._families.items():
            if parent in faulty:
                continue
            if parent not in values:
                self._imply_parent(parent, children, values)
            if parent in values:
                for name in children:
                    held, code = values.get(name), values[parent]
                    settled = self._settled[name].get((code, held))
                    if settled is not None:
                        values[name] = settled
                    elif held is not None:
                        faults.append(self._contradiction(name, code, held))
        return faults

    def _imply_parent(self, parent: str, children: tuple[str, ...], values: dict[str, Any]) -> None:
        """Put the absent implying field `parent` into `values` if a field that it implies decides it.

        An implied value decides it, and so does any other value but No, if the parent has only one value left for it.
        """
        categories = self._declaration.categories
        names = categories[parent].names
        for name in [name for name in children if name in values]:
            rule, field, code = self._declaration.implied[name], categories[name], values[name]
            without = names.index(rule.value)
            if field.names[code] == rule.implies:
                values[parent] = without
                return
            if len(names) == 2 and code != field.declined:
                values[parent] = 1 - without

    def _contradiction(self, name: str, parent_code: int, code: int) -> FieldError:
        rule, field = self._declaration.implied[name], self._declaration.categories[name]
        value, parent_value = field.names[code], self._declaration.categories[rule.field].names[parent_code]
        here, there = _named(value), f"when {rule.field} is {_named(parent_value)}"
        if value == rule.implies:
            others = [other for other in field.names if other not in (rule.implies, BLANK)]
            blank = field.blank_is_value and rule.implies != BLANK
            message = f"{name} cannot be {here} {there}; send {either(others, blank=blank)}."
        elif rule.implies == BLANK:
            message = f"{name} cannot be {here} {there}; leave it blank."
        else:
            message = (
                f'{name} cannot be {here} for a customer with "{rule.implies}"; send "{rule.implies}" or leave it out.'
            )
        return FieldError(name, "contradiction", message)


def _named(value: str) -> str:
    return f'"{value}"' if value else "blank"


def _of(unit: str) -> str:
    return f" of {unit}" if unit else ""


def _numbers(field: Number, raw: Any) -> tuple[float, ...]:
    """The numbers that a value can mean, as `churn.customer.numbers.meant` returns them; empty if it is no number."""
    if type(raw) is str:
        return meant(raw, field.unit)
    if isinstance(raw, int | float) and not isinstance(raw, bool) and raw == raw:  # false for NaN only
        return (raw,)
    return ()


def _chosen(name: str, field: Number, raw: str, numbers: tuple[float, ...], expected: float | None) -> float:
    """The one of two numbers that is meant, going by `expected`, which is about what the number should be.

    A point is a decimal point unless the larger number is nearer to what is expected. A comma separates thousands only
    if it is. Raises Fault for everything else, since neither number is certain.
    """
    decimal, thousands = numbers
    nearer = expected is not None and expected > _MIDDLE * decimal > 0 and thousands <= field.high
    if "." in raw and not nearer:
        return decimal
    if "," in raw and nearer:
        return thousands
    remedy = f'write "{thousands:.0f}" or "{decimal:.2f}" for what is meant'
    raise Fault("wrong_type", f"{name} can be read as {thousands:,.0f} or as {decimal}: {remedy}; got {echo(raw)}.")


def may_be_thousands(amounts: Amount, expected: Amount) -> Amount:
    """Whether amounts that were read with a decimal point may mean thousands, because much more was expected.

    For arrays of shape (n,), whose texts are unknown here: where it is True, the text has to be read again to decide.
    """
    return (amounts > 0) & (amounts < 1000) & (expected > _MIDDLE * amounts)
