"""The two kinds of field a customer has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from churn.customer.phrases import money

BLANK, OTHER = "", "Other"
"""The values that are added to a category in which a blank is a value, and to one that takes unknown values."""

_FLAG = ("0", "1")


def is_other(value: str) -> bool:
    """Whether a declared value is the one that stands for all other ones."""
    return value.casefold() == OTHER.casefold()


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

    `columns` are further names that the field is read under. With `other` rare and unknown values are read as the value
    "Other", which is added if it is not declared. Where a blank is a value, it is the added value "", the last one.
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
    columns: tuple[str, ...] = ()
    other: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The values as the data set spells them, in the order of their codes."""
        return tuple(self.values)

    @property
    def is_flag(self) -> bool:
        """Whether the values are 0 and 1, which are numbers in JSON and shown to people as No and Yes."""
        return self.names in (_FLAG, (*_FLAG, BLANK))

    @property
    def json_values(self) -> tuple[Any, ...]:
        """The values as JSON has them, in the order of their codes: texts, but 0 and 1 for a flag."""
        return (0, 1, *self.names[2:]) if self.is_flag else self.names

    @property
    def labels(self) -> tuple[str, ...]:
        """The values as they are shown to people, in the order of their codes."""
        names = ("No", "Yes", *self.names[2:]) if self.is_flag else self.names
        return tuple(name or "Blank" for name in names)

    @property
    def options(self) -> list[dict[str, Any]]:
        """The values with what is shown for them, in the order of their codes, as JSON: value, label and words."""
        return [
            {"value": value, "label": label, "words": words}
            for value, label, words in zip(self.json_values, self.labels, self.values.values(), strict=True)
        ]

    @property
    def blank_is_value(self) -> bool:
        """Whether a blank is a value of its own; otherwise the field is then absent."""
        return BLANK in self.values

    @property
    def blank(self) -> int | None:
        """The code of a blank; None where a blank is no value."""
        return self.code(BLANK) if self.blank_is_value else None

    @property
    def rest(self) -> int | None:
        """The code that rare and unknown values are read as; None where they are refused."""
        return next(code for code, name in enumerate(self.names) if is_other(name)) if self.other else None

    @property
    def declined(self) -> int | None:
        """The code of "No", which in an implied field is for those who could have it and do not; None without one."""
        return self.code("No") if "No" in self.values else None

    @property
    def plain(self) -> int:
        """The code that an implied field is given for somebody who could have it, if no more is known.

        It is that of "No" if there is one, else the first code; never the one that is implied.
        """
        implied = self.implied_by.implies if self.implied_by else None
        possible = [value for value in self.names if value != implied]
        return self.code("No" if "No" in possible else possible[0])

    def code(self, value: str) -> int:
        """The code of a value, from 0. Raises ValueError for a text that is not one of `names`."""
        return self.names.index(value)


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `low` to `high`, both allowed, in `unit`.

    `whole` means without a fraction, `money` that the unit is the currency. `phrase` returns the words for a value.
    `bands` are the edges of the groups that it is shown in. `role` tells the product what the number stands for:
    "tenure", "monthly_value" (the bill) or "total_value" (all that has been billed); None for anything else. With
    `protected` it is a trait of people, such as their age, and the model should treat the bands alike. `columns` are
    further names that the field is read under. Where a blank is a value, it is held as `math.nan`.
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
    protected: bool = False
    columns: tuple[str, ...] = ()
    blank_is_value: bool = False

    @property
    def range(self) -> str:
        """The bounds in words: "0 and 100 months", "$0 and $200"."""
        if self.money:
            return f"{money(self.low, self.unit, ',')} and {money(self.high, self.unit, ',')}"
        return f"{self.low} and {self.high} {self.unit}".rstrip()


Field = Category | Number
