"""The columns that a model sees, each defined once for one customer and for whole columns of customers.

A formula uses operators only, so it works on a Customer of plain numbers and on a Customer of arrays; for logarithms it
is passed the function for either. So one row, a batch and training cannot disagree.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.customer.declaration import Customer, Declaration
from churn.customer.fields import Number

Log1p = Callable[[Any], Any]
Formula = Callable[[Any, Log1p], Any]

SLOPES: dict[str, Formula] = {"linear": lambda above, _: above, "log": lambda above, log1p: log1p(above)}
"""What a column, and a slope of a model's terms, makes of how far a number is above its lowest, by kind."""


class Shape(NamedTuple):
    """What a column makes of one field: one of SLOPES, which is 0 for a blank, or a 0 or 1.

    It is 1 for a number above `at` ("step"), for a blank ("blank"), or for a value with the code `at` ("level").
    """

    field: str
    kind: str
    at: float = 0


@dataclass(frozen=True, slots=True)
class Feature:
    """A column: its name, the customer's fields that its effect is shared among in equal parts, and its formula.

    `shape` says the same as the formula of a column that is not written by hand.
    """

    name: str
    fields: tuple[str, ...]
    formula: Formula
    shape: Shape | None = None


class Features:
    """The columns of one declaration; every matrix has them in this order."""

    def __init__(self, features: Iterable[Feature]) -> None:
        """Raises ValueError if two columns have one name."""
        self.features = tuple(features)
        self.names = tuple(feature.name for feature in self.features)
        if repeated := [name for place, name in enumerate(self.names) if name in self.names[:place]]:
            raise ValueError(f"two columns are called {repeated[0]!r}")
        self._formulas = tuple(feature.formula for feature in self.features)

    def of(self, customer: Customer) -> list[float]:
        """The columns of one complete customer, in order."""
        return [formula(customer, math.log1p) for formula in self._formulas]

    def matrix(self, table: Customer, dtype: type[np.floating[Any]] = np.float64) -> NDArray[Any]:
        """The columns of n complete customers, given as a Customer of arrays of length n; shape (n, columns)."""
        out = np.empty((len(table[0]), len(self.names)), dtype, order="F")  # each column is written in one go
        for column, formula in enumerate(self._formulas):
            out[:, column] = formula(table, np.log1p)
        return out


def plain_features(declaration: Declaration) -> list[Feature]:
    """The columns of a declaration without columns written by hand: those of its numbers, then its levels."""
    numbers = [column for name, field in declaration.numbers.items() for column in _of_number(declaration, name, field)]
    return [*numbers, *levels(declaration)]


def _of_number(declaration: Declaration, name: str, field: Number) -> list[Feature]:
    """The slopes of a number above its lowest, and a step of 0 or 1 at each edge between its bands.

    They are 0 where the number is blank, and a further column is 1 there, if a blank is a value.
    """
    position, low = declaration.position[name], field.low
    above = partial(_above_or_blank if field.blank_is_value else _above, position, low)
    columns: list[tuple[str, Formula, Shape]] = [
        *(
            (name if kind == "linear" else f"{name}_{kind.title()}", partial(_slope, slope, above), Shape(name, kind))
            for kind, slope in SLOPES.items()
        ),
        *(
            (f"{name}_Above_{edge}", partial(_exceeds, position, edge), Shape(name, "step", edge))
            for edge in field.bands[1:-1]
        ),
    ]
    if field.blank_is_value:
        columns.append((f"{name}_Blank", partial(_is_blank, position), Shape(name, "blank")))
    return [Feature(column, (name,), formula, shape) for column, formula, shape in columns]


def levels(declaration: Declaration) -> list[Feature]:
    """One column, 0 or 1, for each value of each category but its first.

    The effect of an implied value's column counts for the field that implies it.
    """
    return [level for name in declaration.categories for level in _levels(declaration, name)]


def _levels(declaration: Declaration, name: str) -> list[Feature]:
    rule, field = declaration.implied.get(name), declaration.categories[name]
    is_code = partial(_is, declaration.position[name])
    return [
        Feature(
            f"{name}_{label.title()}",
            (rule.field if rule and value == rule.implies else name,),
            partial(is_code, code),
            Shape(name, "level", code),
        )
        for code, (value, label) in enumerate(zip(field.names, field.labels, strict=True))
        if code > 0
    ]


def _above(position: int, low: float, c: Customer) -> Any:
    return c[position] - low


def _above_or_blank(position: int, low: float, c: Customer) -> Any:
    number = c[position]
    if isinstance(number, np.ndarray):
        return np.where(np.isnan(number), 0, number - low)
    return 0 if math.isnan(number) else number - low


def _slope(slope: Formula, above: Callable[[Customer], Any], c: Customer, log1p: Log1p) -> Any:
    return slope(above(c), log1p)


def _exceeds(position: int, edge: float, c: Customer, _: Log1p) -> Any:
    return c[position] > edge


def _is_blank(position: int, c: Customer, _: Log1p) -> Any:
    return c[position] != c[position]  # only a NaN differs from itself


def _is(position: int, code: int, c: Customer, _: Log1p) -> Any:
    return c[position] == code
