"""What a customer is, as declared in a file: fields, types, ranges, values, cross-field rules, titles and words.

The declaration is data, read from its file by `churn.customer.loading`. The readers of customers, the JSON schema, the
web form, the checks of a CSV file and the columns of models are all derived from it. It is no pydantic model, because
values are read in many spellings (any letter case, numbers as text, aliases), every fault has one of the product's own
codes, and whole columns are read by tables that are made from the same declaration.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from churn.customer.fields import Category, Field, ImpliedBy, Number, Product

# How many names an object may have to be read as a customer, unless the fields, the id and the outcome are more.
_MAX_NAMES = 64

Amount: TypeAlias = Any
"""A number: an int or float for one customer, a float array for a column, None when absent."""

Customer: TypeAlias = tuple[Any, ...]
"""One customer as the values of the fields in their order, or, with an array of shape (n,) for each field, a table of
n customers. Categories are held as codes; None is absent."""


def picker(places: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """A function that returns the items at these positions, or under these names, always as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda held: tuple(held[place] for place in places)


class Expectation(NamedTuple):
    """What a model has to agree with: a customer whose `field` is `after` is not at a higher risk than with `before`.

    The words name the two values in the gate that checks it, such as "a two-year contract" and "month-to-month".
    """

    field: str
    before: str
    after: str
    before_words: str
    after_words: str


class Rule(NamedTuple):
    """A cross-field rule by positions and codes: `parent` is the field of a service, `child` a field that needs it.

    Of the parent, `none` is the code for no service and `first` that of the first kind of it. Of the child, `implied`
    is the code without the service, `lent` the one that is assumed with it, and `declined` that of "No" (or None),
    which is also read for a customer without the service.
    """

    parent: int
    child: int
    none: int
    first: int
    implied: int
    lent: int
    declined: int | None

    def needs(self, value: Any) -> bool:
        """Whether this value of the child, None if it is absent, is possible only with the service."""
        return value is not None and value not in (self.implied, self.declined)


@dataclass(frozen=True, eq=False)
class Declaration:
    """A declared customer: `fields` by name, in the order of the data set.

    `id` and `outcome` are the names of two further columns; `left` and `stayed` are the spellings of the outcome, and
    customers with one of `set_aside` are not trained on. `file` is the name of the table to train on. `currency` is the
    sign or code of amounts. `source` is the file's text, which a release carries.
    """

    name: str
    id: str
    outcome: str
    left: tuple[str, ...]
    stayed: tuple[str, ...]
    set_aside: tuple[str, ...]
    file: str
    missing: frozenset[str]
    """What is written, in lower case, where a value is not known; an empty cell always says that."""

    segments: tuple[str, ...]
    """The fields by which the rates of saved customers are learned."""

    leave_out: Mapping[str, str]
    """Columns of the table that are no fields, with the reason."""

    label_window_months: int | None
    currency: str
    groups: tuple[str, ...]
    services: str | None
    """The group of the fields that are services, whose prices are part of the bill; None without one."""

    derived_columns: str | None
    """The name of the columns written by hand for this declaration (see `churn.schema`); None for the plain ones."""

    fields: Mapping[str, Field]
    similar_columns: Mapping[str, tuple[str, ...]]
    """Other names that a column may have, by the field, id or outcome that they may mean."""

    expectations: tuple[Expectation, ...]
    source: str = field(repr=False)

    @cached_property
    def categories(self) -> dict[str, Category]:
        """The fields that have a closed list of values, by name."""
        return {name: field for name, field in self.fields.items() if isinstance(field, Category)}

    @cached_property
    def numbers(self) -> dict[str, Number]:
        """The fields that are numbers, by name."""
        return {name: field for name, field in self.fields.items() if isinstance(field, Number)}

    @cached_property
    def implied(self) -> dict[str, ImpliedBy]:
        """The cross-field rules, by the name of the field that is implied."""
        return {name: field.implied_by for name, field in self.categories.items() if field.implied_by}

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The names of the fields that every customer must have."""
        return tuple(name for name, field in self.fields.items() if field.required)

    @property
    def max_names(self) -> int:
        """The most names that a customer may have; an object with more is refused as a whole, not name by name."""
        return max(_MAX_NAMES, len(self.fields) + 2)

    @cached_property
    def fault_names(self) -> frozenset[str]:
        """The names under which the metrics count faults; any other name is counted as "other"."""
        return frozenset({*self.fields, self.id})

    @cached_property
    def product(self) -> tuple[str, Product] | None:
        """The name of the number that is computed from two others where it is absent, and how; None without one."""
        return next(((name, field.when_absent) for name, field in self.numbers.items() if field.when_absent), None)

    @cached_property
    def position(self) -> dict[str, int]:
        """The position of each field in a customer, from 0."""
        return {name: place for place, name in enumerate(self.fields)}

    @cached_property
    def settled(self) -> dict[str, dict[tuple[int, int | None], int]]:
        """The cross-field rules as code tables, by implied field.

        A table maps (code of the implying field, code of this field or None) to the code that this field then has. Two
        codes that are not in it contradict each other.
        """
        return {name: _settled(self.categories[name], rule, self.categories) for name, rule in self.implied.items()}

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The cross-field rules by positions and codes."""
        return tuple(_rule(self, name, rule) for name, rule in self.implied.items())

    def obeying(self, table: Customer) -> Customer:
        """The table with the cross-field rules applied: implied fields follow the fields that imply them.

        A field whose value was implied and no longer is becomes what is assumed of somebody who could have it.
        """
        columns = list(table)
        for rule in self.rules:
            column = columns[rule.child] = columns[rule.child].copy()
            column[column == rule.implied] = rule.lent
            column[columns[rule.parent] == rule.none] = rule.implied
        return self.customer(columns)

    @cached_property
    def customer_type(self) -> Any:
        """The named tuple of the fields' values; a field whose name is no Python identifier has no attribute."""
        return namedtuple("Customer", self.fields, rename=True)

    def role(self, role: str) -> str | None:
        """The name of the number with this role ("tenure", "monthly_value" or "total_value"), or None."""
        return next((name for name, field in self.numbers.items() if field.role == role), None)

    def in_group(self, group: str) -> tuple[str, ...]:
        """The names of the categories in a group."""
        return tuple(name for name, field in self.categories.items() if field.group == group)

    def customer(self, values: Iterable[Any]) -> Customer:
        """A customer of these values, or a table of these arrays, given in the order of the fields."""
        customer: Customer = self.customer_type._make(values)
        return customer

    def table_of(self, customers: Sequence[Customer]) -> Customer:
        """The n customers as a table: a Customer of float64 arrays of shape (n,)."""
        return self.customer(np.array(customers, np.float64).reshape(-1, len(self.fields)).T.copy())

    def replaced(self, customer: Customer, values: Mapping[str, Any]) -> Customer:
        """The customer, or the table, with the fields named in `values` replaced."""
        pairs = zip(self.fields, customer, strict=True)
        return self.customer(values.get(name, held) for name, held in pairs)

    def value_of(self, name: str, customer: Customer) -> Any:
        """The customer's value of the field as the data set spells it: text, a number, 0 or 1 for a flag.

        It is None for what is absent, and for a number that is blank.
        """
        held = customer[self.position[name]]
        field = self.fields[name]
        if isinstance(field, Number):
            return None if held != held else held  # only a NaN differs from itself
        return None if held is None else field.json_values[held]

    def words_for(self, name: str, customer: Customer) -> str:
        """The customer's value of the field in the words an agent would say."""
        held = customer[self.position[name]]
        field = self.fields[name]
        return field.phrase(held) if isinstance(field, Number) else field.values[field.names[held]]


def _rule(declaration: Declaration, child: str, rule: ImpliedBy) -> Rule:
    service, field = declaration.categories[rule.field], declaration.categories[child]
    first = next(code for code, name in enumerate(service.names) if name != rule.value)
    places = declaration.position[rule.field], declaration.position[child]
    return Rule(*places, service.code(rule.value), first, field.code(rule.implies), field.plain, field.declined)


def _settled(field: Category, rule: ImpliedBy, categories: Mapping[str, Category]) -> dict[tuple[int, int | None], int]:
    implied = field.code(rule.implies)
    codes: dict[tuple[int, int | None], int] = {}
    for parent_code, parent_value in enumerate(categories[rule.field].names):
        if parent_value == rule.value:
            codes |= {(parent_code, held): implied for held in (None, field.declined, implied)}
        else:
            codes |= {(parent_code, code): code for code in range(len(field.names)) if code != implied}
    return codes
