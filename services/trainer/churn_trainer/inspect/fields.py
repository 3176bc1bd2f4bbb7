"""Drafting one field of a customer from its column: its type, its values or range, and what a person has to decide."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from churn_trainer.data.outcome import folded_name
from churn_trainer.inspect import names, ranges
from churn_trainer.inspect.column import FEW, Column
from churn_trainer.inspect.implied import Rule

PEOPLE, BILLS, USE = "Who they are", "Contract and bills", "Services and use"
"""The groups that fields are put into, by their names."""

# A category with more values lists as many, the most frequent, and takes the others as one.
MOST_VALUES = 20

# The listed values of a category must be those of this share of the customers at least.
_LEAST_COVERED = 0.1

# Larger numbers are not told apart one by one.
_LARGEST = 2**53

# A number with fewer values, but more than two, may be a code.
_CODES = 8

_SIGN = "[$€£¥₹]"

_CONTRACT = ("contract", "plan", "payment", "billing", "tariff", "subscription", "term", "offer", "remaining")


@dataclass(slots=True)
class Draft:
    """A field as it will be declared. `marks` are questions to a person, by the key that they are about.

    `flag` is whether the values are 0 and 1. `product` are two numbers whose product this one is where it is absent.
    """

    column: Column
    kind: str
    title: str
    group: str = USE
    values: list[str] = field(default_factory=list)
    flag: bool = False
    other: bool = False
    blank_is_value: bool = False
    low: float = 0.0
    high: float = 1.0
    bands: list[float] = field(default_factory=list)
    whole: bool = False
    money: bool = False
    example: float = 0.0
    unit: str = ""
    role: str | None = None
    protected: bool = False
    required: bool = False
    rule: Rule | None = None
    product: tuple[str, str] | None = None
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The column's name, which is the field's."""
        return self.column.name

    @property
    def is_number(self) -> bool:
        """Whether the field is a number; otherwise it is a category."""
        return self.kind == "number"

    @property
    def faulty(self) -> NDArray[np.bool_]:
        """Whether each row holds what is not read, shape (n,): words, a number out of range, or one of two numbers."""
        if not self.is_number:
            return np.zeros(len(self.column), np.bool_)
        amounts = self.column.amounts
        return ~self.column.blank & (~((amounts >= self.low) & (amounts <= self.high)) | self.column.unclear)

    def begin_with(self, low: float) -> None:
        """Take no number below this one, which is below all the others."""
        self.low, self.bands = low, [low, *(edge for edge in self.bands if edge > low)]


def draft(column: Column) -> Draft | str:
    """The draft of a field, or the reason why the column is better left out."""
    kind, question = _kind(column)
    if kind == "category" and (reason := _too_many(column)):
        return reason
    if kind == "number" and np.nanmax(np.abs(column.numbers)) > _LARGEST:
        return "its numbers are too large to be amounts"
    found = Draft(column, kind, names.title(column.name), protected=names.is_protected(column.name))
    if question:
        found.marks["type"] = question
    if kind == "number":
        _describe_number(found)
    else:
        _describe_category(found)
        if not found.values:
            return "its values have line ends or other signs that cannot be printed"
    found.group = _group(found)
    return found


def _kind(column: Column) -> tuple[str, str]:
    """The field's type, and what a person has to decide about it, if anything."""
    if not column.is_numeric:
        return "category", ""
    numbers = np.unique(column.numbers[~np.isnan(column.numbers)])
    if len(numbers) <= 2:
        return "category", ""
    listed = ", ".join(f"{number:g}" for number in numbers[:_CODES])
    if names.is_code(column.name):
        return "category", 'its numbers look like a code; if they are amounts, make it type = "number"'
    if len(numbers) > _CODES:
        return "number", ""
    is_trait = names.is_protected(column.name) and not names.is_count(column.name)
    if is_trait or not _may_be_counts(numbers):
        return "category", f'its {len(numbers)} numbers ({listed}) look like a code; is it type = "number"?'
    return "number", f'it has {len(numbers)} values ({listed}): a number, or a code, so type = "category"?'


def _may_be_counts(numbers: NDArray[np.float64]) -> bool:
    """Whether nearly all whole numbers from 0 or 1 to the largest are there, as of things that are counted."""
    return numbers[0] in (0, 1) and bool(np.all(numbers == np.floor(numbers))) and numbers[-1] < 2 * len(numbers)


def _too_many(column: Column) -> str | None:
    """Why a category has too many values to be one."""
    covered = np.sort(column.counts)[::-1][:MOST_VALUES].sum() / len(column)
    if len(column.texts) <= MOST_VALUES or covered >= _LEAST_COVERED:
        return None
    return (
        f"{len(column.texts):,} values, and only {covered:.1%} of the customers have one of the {MOST_VALUES} commonest"
    )


def _describe_category(found: Draft) -> None:
    column = found.column
    values = [text for text in column.most_common(MOST_VALUES) if text.isprintable()]
    whole = [text.removesuffix(".0") for text in values]
    found.flag = set(whole) == {"0", "1"}
    found.values = sorted(whole if found.flag else values)
    found.other = len(column.texts) > len(values)
    if found.other:
        found.marks["other"] = (
            f"{len(column.texts):,} values; the {MOST_VALUES} commonest are listed, the others are one"
        )


def _describe_number(found: Draft) -> None:
    amounts = found.column.amounts
    known = amounts[~np.isnan(amounts)]
    found.whole = bool(np.all(known == np.floor(known)))
    found.low, found.high = ranges.bounds(amounts)
    found.bands = ranges.bands(amounts, found.low, found.high, whole=found.whole)
    beside = found.column.unit
    found.money = beside == "$" and (names.is_money(found.name) or currency(found.column) is not None)
    found.unit = "" if found.money else _unit(found.name) if beside == "$" else beside
    found.example = float(f"{np.quantile(known, 0.5, method='lower'):.6g}")
    found.marks["high"] = f"seen are {known.min():,.6g} to {known.max():,.6g}; what is possible?"


def currency(column: Column) -> str | None:
    """The sign of a currency that stands beside the column's numbers; None without one."""
    return next(iter(column.texts.head(FEW).str.extract(_SIGN, 0).drop_nulls()), None)


def _unit(name: str) -> str:
    """The unit that the name ends with, or names."""
    words = names.spaced(name)
    for unit in ("month", "minute", "day", "year", "hour"):
        if f" {unit} " in words or folded_name(name).endswith((f"in{unit}s", f"{unit}s")):
            return f"{unit}s" if "total day" not in words or unit != "day" else ""
    return ""


def _group(found: Draft) -> str:
    if found.protected:
        return PEOPLE
    text = names.spaced(found.name)
    return BILLS if found.money or any(word in text for word in _CONTRACT) else USE
