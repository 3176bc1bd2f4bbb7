"""The two kinds of field a customer has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ImpliedBy:
    """Where `field` has `value`, the field that carries this rule can only be `implies`, and nowhere else may it be."""

    field: str
    value: str
    implies: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What a retention team can change: the value offered, the words of the offer, and who it is for."""

    to: str
    words: str
    held: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """One of a closed list of values.

    `values` maps each value, in alphabetical order as the data set spells it, to the words a call-centre agent would
    say for it; a value's place in it is its code. `aliases` are further spellings that are read, in lower case. `none`
    is the value that a word for nothing ("None", "-") may mean as well as that it is not known.
    """

    title: str
    group: str
    description: str
    values: Mapping[str, str]
    example: str
    required: bool = False
    aliases: Mapping[Any, str] | None = None
    offers: tuple[Offer, ...] = ()
    implied_by: ImpliedBy | None = None
    none: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The values in the data set's spelling, in the order of their codes."""
        return tuple(self.values)

    def code(self, value: str) -> int:
        """The code of a value. Raises ValueError for a text that is not one of `names`."""
        return self.names.index(value)


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `low` to `high`, both allowed, in `unit`; `whole` where it has no fraction."""

    title: str
    group: str
    description: str
    unit: str
    low: int
    high: int
    phrase: Callable[[float], str]
    example: float
    required: bool = False
    whole: bool = False

    @property
    def range(self) -> str:
        """The bounds in words: "0 and 100 months", "$0 and $200"."""
        return f"${self.low:,} and ${self.high:,}" if self.unit == "$" else f"{self.low} and {self.high} {self.unit}"


Field = Category | Number
