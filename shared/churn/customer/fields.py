"""The two kinds of field a customer has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ImpliedBy:
    """A field with this rule must be `implies` where `field` is `value`, and may not be `implies` anywhere else."""

    field: str
    value: str
    implies: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What a retention team can change: the value offered, the words of the offer, and the values it can replace."""

    to: str
    words: str
    held: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """How a number is computed where it is absent: the names of the two numbers to multiply, and the words for it."""

    factors: tuple[str, str]
    words: str


@dataclass(frozen=True, slots=True)
class Category:
    """One of a closed list of values.

    `values` maps each value, as the data set spells it and in alphabetical order, to the words that a call-centre agent
    would say; the position of a value is its code. `aliases` maps further spellings that are read, in lower case, to
    values. `similar` lists, by value, spellings that are not read but asked about. `none` is the value that a word such
    as "None" or "-" may mean, which can also mean that nothing is known. `protected` maps values to the names of groups
    of people that the model should treat alike; None if the field is no such trait.
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
        """The values as the data set spells them, in the order of their codes."""
        return tuple(self.values)

    @property
    def is_flag(self) -> bool:
        """Whether the values are 0 and 1, which are numbers in JSON and shown to people as No and Yes."""
        return self.names == ("0", "1")

    @property
    def labels(self) -> tuple[str, ...]:
        """The values as they are shown to people, in the order of their codes."""
        return ("No", "Yes") if self.is_flag else self.names

    @property
    def declined(self) -> int | None:
        """The code of "No", which in an implied field is for those who could have it and do not; None without one."""
        return self.code("No") if "No" in self.values else None

    @property
    def plain(self) -> int:
        """The code that an implied field is given for somebody who could have it, if no more is known.

        It is that of "No" if there is one, else the first code that is not implied.
        """
        implied = self.implied_by.implies if self.implied_by else None
        first = next(code for code, value in enumerate(self.names) if value != implied)
        return first if self.declined is None else self.declined

    def code(self, value: str) -> int:
        """The code of a value, from 0. Raises ValueError for a text that is not one of `names`."""
        return self.names.index(value)


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `low` to `high`, both allowed, in `unit`.

    `whole` means without a fraction, `money` that the unit is the currency. `phrase` returns the words for a value.
    `bands` are the edges of the groups that it is shown in. `role` tells the product what the number stands for:
    "tenure", "monthly_value" (the bill) or "total_value" (all that has been billed); None for anything else.
    """

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
