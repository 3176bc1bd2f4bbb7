"""What a customer is, as it was declared: fields, types, ranges, allowed values, cross-field rules, titles and words.

The declaration is data, read from a file by `churn.customer.loading`; reading, the JSON schema, the web form, the
checks of a CSV and the trainer's columns are all derived from it. It is a table of its own and no pydantic model:
values are read kindly (any letter case, numeric text, aliases), every fault is reported under codes of our own, and the
same table makes the code tables of whole columns.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from churn.customer.fields import Category, Field, ImpliedBy, Number, Product

# Names of an object that may be a customer, where its fields are not more, with the id and the outcome.
_MAX_NAMES = 64

Amount: TypeAlias = Any
"""A number: an int or float for one customer, a float array for a column, None when absent."""

Customer: TypeAlias = tuple[Any, ...]
"""One customer, his values in the order of the fields, or, with arrays of equal length in place of numbers, a table of
customers. Categories are held as codes; None is absent."""


def picker(places: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """A function that takes what stands at these places, or under these names, always as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda held: tuple(held[place] for place in places)


class Expectation(NamedTuple):
    """What would be a scandal if a model said the contrary: `after` in place of `before` does not raise the risk. The
    words are those of a gate: "a two-year contract" for all, or "month-to-month"."""

    field: str
    before: str
    after: str
    before_words: str
    after_words: str


@dataclass(frozen=True, eq=False)
class Declaration:
    """A customer as declared. `source` is the file's text, which a release carries."""

    name: str
    id: str
    outcome: str
    left: tuple[str, ...]
    stayed: tuple[str, ...]
    label_window_months: int | None
    currency: str
    groups: tuple[str, ...]
    services: str | None
    """The group of what the customer pays for, the price of which is in the bill."""

    derived_columns: str | None
    """The name of the hand-made columns that models see, if there are any."""

    fields: Mapping[str, Field]
    similar_columns: Mapping[str, tuple[str, ...]]
    """What a column may have been called that is not there, by the name that may be meant."""

    expectations: tuple[Expectation, ...]
    source: str = field(repr=False)

    @cached_property
    def categories(self) -> dict[str, Category]:
        """The fields of a closed list of values."""
        return {name: field for name, field in self.fields.items() if isinstance(field, Category)}

    @cached_property
    def numbers(self) -> dict[str, Number]:
        """The fields that are numbers."""
        return {name: field for name, field in self.fields.items() if isinstance(field, Number)}

    @cached_property
    def implied(self) -> dict[str, ImpliedBy]:
        """The cross-field rules, by the field that is implied."""
        return {name: field.implied_by for name, field in self.categories.items() if field.implied_by}

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The fields that every customer has to tell."""
        return tuple(name for name, field in self.fields.items() if field.required)

    @property
    def max_names(self) -> int:
        """An object with more names is no customer, and is refused before anything is said of each of them."""
        return max(_MAX_NAMES, len(self.fields) + 2)

    @cached_property
    def fault_names(self) -> frozenset[str]:
        """What faults of customers are counted under; all others are counted as one."""
        return frozenset({*self.fields, self.id})

    @cached_property
    def product(self) -> tuple[str, Product] | None:
        """The number that is computed from two others where it is absent, if there is one."""
        return next(((name, field.when_absent) for name, field in self.numbers.items() if field.when_absent), None)

    @cached_property
    def position(self) -> dict[str, int]:
        """Each field's place in a customer."""
        return {name: place for place, name in enumerate(self.fields)}

    @cached_property
    def settled(self) -> dict[str, dict[tuple[int, int | None], int]]:
        """The cross-field rules as code tables, by implied field: (code of the implying field, code of this field or
        None) → this field's code; what is left out contradicts."""
        return {name: _settled(self.categories[name], rule, self.categories) for name, rule in self.implied.items()}

    @cached_property
    def customer_type(self) -> Any:
        """A tuple of the fields' values that can be looked at by name where a field's name is a word."""
        return namedtuple("Customer", self.fields, rename=True)

    def role(self, role: str) -> str | None:
        """The field with this role, if there is one."""
        return next((name for name, field in self.numbers.items() if field.role == role), None)

    def in_group(self, group: str) -> tuple[str, ...]:
        """The categories of a group."""
        return tuple(name for name, field in self.categories.items() if field.group == group)

    def customer(self, values: Iterable[Any]) -> Customer:
        """A customer, or a table, of the fields' values in their order."""
        customer: Customer = self.customer_type._make(values)
        return customer

    def table_of(self, customers: Sequence[Customer]) -> Customer:
        """One customer per row as a Customer of float64 arrays."""
        return self.customer(np.array(customers, np.float64).reshape(-1, len(self.fields)).T.copy())

    def replaced(self, customer: Customer, values: Mapping[str, Any]) -> Customer:
        """The customer, or the table, with other values for some fields."""
        pairs = zip(self.fields, customer, strict=True)
        return self.customer(values.get(name, held) for name, held in pairs)

    def value_of(self, name: str, customer: Customer) -> Any:
        """The customer's value of the field as the data set spells it: text, or a number, which a flag is too."""
        held = customer[self.position[name]]
        field = self.fields[name]
        return held if held is None or isinstance(field, Number) or field.is_flag else field.names[held]

    def words_for(self, name: str, customer: Customer) -> str:
        """The customer's value of the field in the words an agent would say."""
        held = customer[self.position[name]]
        field = self.fields[name]
        return field.phrase(held) if isinstance(field, Number) else field.values[field.names[held]]


def _settled(field: Category, rule: ImpliedBy, categories: Mapping[str, Category]) -> dict[tuple[int, int | None], int]:
    implied = field.code(rule.implies)
    codes: dict[tuple[int, int | None], int] = {}
    for parent_code, parent_value in enumerate(categories[rule.field].names):
        if parent_value == rule.value:
            codes |= {(parent_code, held): implied for held in (None, field.declined, implied)}
        else:
            codes |= {(parent_code, code): code for code in range(len(field.names)) if code != implied}
    return codes
