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
class Product:
    """What a number is taken for where it is absent: the product of two others, and how that is told."""

    factors: tuple[str, str]
    words: str


@dataclass(frozen=True, slots=True)
class Category:
    """One of a closed list of values.

    `values` maps each value, in alphabetical order as the data set spells it, to the words a call-centre agent would
    say for it; a value's place in it is its code. `aliases` are further spellings that are read, in lower case, and
    `similar` is what a person may have written for a value, who is asked about it. `none` is the value that a word for
    nothing ("None", "-") may mean as well as that it is not known. `protected` names the group of
    each value where nobody may be treated differently for it.
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
    similar: Mapping[str, tuple[str, ...]] | None = None
    protected: Mapping[str, str] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The values in the data set's spelling, in the order of their codes."""
        return tuple(self.values)

    @property
    def is_flag(self) -> bool:
        """Whether the values are nought and one, which JSON has as numbers and a person reads as no and yes."""
        return self.names == ("0", "1")

    @property
    def labels(self) -> tuple[str, ...]:
        """The values as a person reads them."""
        return ("No", "Yes") if self.is_flag else self.names

    @property
    def declined(self) -> int | None:
        """Of a field that another one implies: the code of the value for those who could have it and do not."""
        return self.code("No") if "No" in self.values else None

    @property
    def plain(self) -> int:
        """Of a field that another one implies: the code that somebody is given who could have it, and of whom it is not
        known: the declined one, or else the first that is not implied."""
        implied = self.implied_by.implies if self.implied_by else None
        first = next(code for code, value in enumerate(self.names) if value != implied)
        return first if self.declined is None else self.declined

    def code(self, value: str) -> int:
        """The code of a value. Raises ValueError for a text that is not one of `names`."""
        return self.names.index(value)


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `low` to `high`, both allowed, in `unit`; `whole` where it has no fraction, `money` where the unit
    is the currency. `bands` are the edges of the groups that it is shown in. `role` says what it is beside a number:
    "tenure", "monthly_value" or "total_value"."""

    title: str
    group: str
    description: str
    unit: str
    low: float
    high: float
    phrase: Callable[[float], str]
    example: float
    required: bool = False
    whole: bool = False
    money: bool = False
    bands: tuple[float, ...] = ()
    when_absent: Product | None = None
    role: str | None = None

    @property
    def range(self) -> str:
        """The bounds in words: "0 and 100 months", "$0 and $200"."""
        if self.money:
            return f"{self.unit}{self.low:,} and {self.unit}{self.high:,}"
        return f"{self.low} and {self.high} {self.unit}".rstrip()


Field = Category | Number
