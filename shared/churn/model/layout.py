"""Which customers' sums can be looked up, and how their fields are grouped for it.

Fields are grouped as they are declared: all groups but one have categories alone, and that one is the account, which is
whole tenure with the terms of the contract and the charges.
"""

import math
from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from churn.customer.declaration import Customer
from churn.customer.fields import Category, Field
from churn.schema import Schema

Fields = tuple[str, ...]

# Combinations of what a group's fields can hold, at most: those that narrow numbers count.
_MOST_COMBINATIONS = np.iinfo(np.int16).max

# Customers whose sums are tried.
_PROBES = 500


class Layout(NamedTuple):
    """The groups of categories alone, the categories of the account, the names of tenure and of the charges, by the
    month and in all, and the months that a tenure can have."""

    groups: tuple[Fields, ...]
    terms: Fields
    tenure: str
    charges: Fields
    months: range


@cache
def layout_of(schema: Schema) -> Layout | None:
    """How fields are grouped; None where customers are others than the look-up tables are for."""
    tenure, monthly, total = (schema.role(role) for role in ("tenure", "monthly_value", "total_value"))
    if tenure is None or monthly is None or total is None or len(schema.numbers) > 3:
        return None
    account = schema.numbers[tenure]
    groups = tuple(schema.in_group(group) for group in schema.groups if group != account.group)
    months = range(int(account.low), int(account.high) + 1)
    layout = Layout(groups, schema.in_group(account.group), tenure, (monthly, total), months)
    return layout if account.whole and account.low == 0 and _is_known(schema) and _is_narrow(schema, layout) else None


def _is_known(schema: Schema) -> bool:
    """Whether of every customer all numbers are known."""
    computed = schema.product[0] if schema.product else None
    return all(field.required or name == computed for name, field in schema.numbers.items())


def _is_narrow(schema: Schema, layout: Layout) -> bool:
    """Whether each group has few combinations, and no field implies one of another group."""
    groups = [*layout.groups, layout.terms]
    sizes = [math.prod(len(schema.categories[name].names) for name in names) for names in groups]
    sizes[-1] *= len(layout.months)
    implied = all((name in names) == (rule.field in names) for name, rule in schema.implied.items() for names in groups)
    return implied and all(groups) and max(sizes) <= _MOST_COMBINATIONS


def combinations(schema: Schema, names: Fields) -> list[dict[str, int]]:
    """All that a group's fields can hold together."""
    every = product(*(range(len(schema.categories[name].names)) for name in names))
    return [held for codes in every if _allowed(schema, held := dict(zip(names, codes, strict=True)))]


def _allowed(schema: Schema, held: Mapping[str, int]) -> bool:
    return all(
        schema.settled[name].get((held[rule.field], held[name])) == held[name]
        for name, rule in schema.implied.items()
        if name in held
    )


@cache
def probes(schema: Schema) -> Customer:
    """Customers of all kinds whom the rules allow, as a table."""
    rng = np.random.default_rng(0)
    return schema.table_of([_probe(schema, rng) for _ in range(_PROBES)])


def _probe(schema: Schema, rng: np.random.Generator) -> Customer:
    held = {name: int(rng.integers(*_bounds(field))) for name, field in schema.fields.items()}
    for name, rule in schema.implied.items():
        allowed = {code for (parent, _), code in schema.settled[name].items() if parent == held[rule.field]}
        held[name] = int(rng.choice(sorted(allowed)))
    return tuple(held.values())


def _bounds(field: Field) -> tuple[int, int]:
    """The first code or number, and the one behind the last."""
    return (0, len(field.names)) if isinstance(field, Category) else (int(field.low), int(field.high) + 1)
