"""Which schemas can be served from look-up tables, and how their fields are grouped for it.

The groups are the declared ones. All but one have categories only; that one is the account, with the tenure in whole
months, the terms of the contract and the charges.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

from churn.customer.declaration import Customer
from churn.customer.fields import Category, Field
from churn.schema import Schema

Fields = tuple[str, ...]

# The most combinations of values in all groups: look-up tables number them as 16-bit integers, which are fast.
_MOST_COMBINATIONS = np.iinfo(np.int16).max

# Customers for whom the look-up tables are compared with the model's formula.
_PROBES = 500

# Schemas that the results are kept for: they come and go with releases.
KEPT = 8


class Layout(NamedTuple):
    """How the fields of a schema are grouped for look-up tables, by their names.

    `groups` have categories only, `terms` are the categories of the account, `charges` are the monthly and the total
    charges, and `months` are the values that `tenure` can have.
    """

    groups: tuple[Fields, ...]
    terms: Fields
    tenure: str
    charges: Fields
    months: range


@lru_cache(KEPT)
def layout_of(schema: Schema) -> Layout | None:
    """The layout for a schema, or None if its customers cannot be served from look-up tables.

    Columns that are not written by hand are not linear in the charges.
    """
    if schema.derived_columns is None:
        return None
    tenure, monthly, total = (schema.role(role) for role in ("tenure", "monthly_value", "total_value"))
    if tenure is None or monthly is None or total is None or len(schema.numbers) > 3:
        return None
    account = schema.numbers[tenure]
    groups = tuple(schema.in_group(group) for group in schema.groups if group != account.group)
    months = range(int(account.low), int(account.high) + 1)
    layout = Layout(groups, schema.in_group(account.group), tenure, (monthly, total), months)
    return layout if account.whole and account.low == 0 and _is_known(schema) and _is_narrow(schema, layout) else None


def _is_known(schema: Schema) -> bool:
    """Whether every customer has all numbers, since each is required or computed from others."""
    computed = schema.product[0] if schema.product else None
    return all(field.required or name == computed for name, field in schema.numbers.items())


def _is_narrow(schema: Schema, layout: Layout) -> bool:
    """Whether no group is empty, no field implies one of another group, and there are not too many combinations."""
    groups = [*layout.groups, layout.terms]
    sizes = [math.prod(len(schema.categories[name].names) for name in names) for names in groups]
    sizes[-1] *= len(layout.months)
    implied = all((name in names) == (rule.field in names) for name, rule in schema.implied.items() for names in groups)
    return implied and all(groups) and sum(sizes) <= _MOST_COMBINATIONS


def combinations(schema: Schema, names: Fields) -> list[dict[str, int]]:
    """All combinations of codes that these fields can have together, each by field."""
    every = product(*(range(len(schema.categories[name].names)) for name in names))
    return [held for codes in every if _allowed(schema, held := dict(zip(names, codes, strict=True)))]


def _allowed(schema: Schema, held: Mapping[str, int]) -> bool:
    return all(
        schema.settled[name].get((held[rule.field], held[name])) == held[name]
        for name, rule in schema.implied.items()
        if name in held
    )


@lru_cache(KEPT)
def probes(schema: Schema) -> Customer:
    """Random customers, the same ones on every call, whom the rules allow, as a table of _PROBES rows."""
    rng = np.random.default_rng(0)
    return schema.table_of([_probe(schema, rng) for _ in range(_PROBES)])


def _probe(schema: Schema, rng: np.random.Generator) -> Customer:
    held = {name: int(rng.integers(*_bounds(field))) for name, field in schema.fields.items()}
    for name, rule in schema.implied.items():
        allowed = {code for (parent, _), code in schema.settled[name].items() if parent == held[rule.field]}
        held[name] = int(rng.choice(sorted(allowed)))
    return tuple(held.values())


def _bounds(field: Field) -> tuple[int, int]:
    """The first code or whole number of a field, and the one after the last."""
    return (0, len(field.names)) if isinstance(field, Category) else (int(field.low), int(field.high) + 1)
