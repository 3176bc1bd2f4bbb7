"""Columns that say what another one says already: in other words, in another unit, or more roughly."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from churn_trainer.inspect.column import BLANK, Column

# Numbers whose correlation is at least this are one number: a charge rounded to cents is its minutes times a rate.
_SAME = 0.9999

# How many rows are compared at first.
_SAMPLE = 20_000

# A value that fewer of the customers have may lie apart in a number by chance.
_LEAST_SHARE = 0.01

# Numbers that occur so often, each with one value only, do so by no chance: at most one in twenty is another one.
_REPEATED = 0.05

# More values than this are not one number cut into groups.
_MOST_GROUPS = 20

# Of two columns that say the same, texts are kept rather than codes, and few values rather than many.
_NEARLY_AS_MANY = 0.95


def find(columns: Sequence[Column]) -> dict[str, str]:
    """By the name of each column that repeats another one, how it does, in words."""
    found: dict[str, str] = {}
    numeric = [column for column in columns if column.is_numeric]
    for column, other in _same_numbers(numeric):
        if other.name not in found:
            found.setdefault(column.name, f"always in proportion to {other.name}")
    for column, other in _same_values(columns):
        if other.name not in found:
            found.setdefault(column.name, f"says the same as {other.name}")
    for column in columns:
        if column.name not in found and 2 <= len(column.texts) <= _MOST_GROUPS:
            cut = next((other for other in numeric if other.name not in found and _is_cut_from(column, other)), None)
            if cut is not None:
                found[column.name] = f"says more roughly what {cut.name} says"
    return found


def _same_numbers(columns: Sequence[Column]) -> list[tuple[Column, Column]]:
    """Pairs of a column and an earlier one with which it is in proportion, but for a constant."""
    many = [column for column in columns if len(column.texts) > 2]
    pairs = []
    for place, column in enumerate(many):
        for other in many[:place]:
            if _in_proportion(column, other, slice(_SAMPLE)) and _in_proportion(column, other, slice(None)):
                pairs.append((column, other))
                break
    return pairs


def _in_proportion(column: Column, other: Column, rows: slice) -> bool:
    first, second = column.amounts_of(rows), other.amounts_of(rows)
    known = ~np.isnan(first)
    if not np.array_equal(known, ~np.isnan(second)) or known.sum() < 3:
        return False
    first, second = first[known] - first[known].mean(), second[known] - second[known].mean()
    size = float(np.sqrt((first @ first) * (second @ second)))
    return size > 0 and abs(float(first @ second)) >= _SAME * size


def _same_values(columns: Sequence[Column]) -> list[tuple[Column, Column]]:
    """Pairs of a column and the one that is kept instead, of whose values each goes with one of the column's."""
    pairs = []
    for place, column in enumerate(columns):
        for other in columns[:place]:
            few, many = sorted((column, other), key=lambda one: len(one.texts))
            if (
                len(few.texts) < 2
                or len(few.texts) < _NEARLY_AS_MANY * len(many.texts)
                or len(many.texts) > len(many) / 2
            ):
                continue
            if _follows(few, many):
                kept, dropped = (column, other) if other.is_numeric and not column.is_numeric else (other, column)
                pairs.append((dropped, kept))
                break
    return pairs


def _follows(column: Column, other: Column) -> bool:
    """Whether each value of `other` always goes with the same value of `column`, and blanks with blanks."""
    return all(
        _distinct(column.codes[rows], other.codes[rows]) == len(np.unique(other.codes[rows]))
        for rows in (slice(_SAMPLE), slice(None))
    ) and np.array_equal(column.blank, other.blank)


def _distinct(first: NDArray[np.int32], second: NDArray[np.int32]) -> int:
    """The number of different pairs of codes."""
    pairs = (first.astype(np.int64) + 1) * (int(second.max(initial=BLANK)) + 2) + second + 1
    return len(np.unique(pairs))


def _is_cut_from(column: Column, number: Column) -> bool:
    """Whether each number goes with one of the column's values: its values are groups of the number.

    A yes and no that tells only whether there is any of the number is a question of its own.
    """
    if len(number.texts) <= 2 * len(column.texts) or column.blank.any() or np.isnan(number.amounts).any():
        return False
    if (column.is_numeric and len(column.texts) > 2) or column.counts.min() < _LEAST_SHARE * len(column):
        return False
    if len(number.texts) <= _REPEATED * len(number):
        return _follows(column, number) and not _is_any(column, number)
    return all(_are_ranges(column, number, rows) for rows in (slice(_SAMPLE), slice(None))) and not _is_any(
        column, number
    )


def _is_any(column: Column, number: Column) -> bool:
    """Whether one of the column's two values goes with 0, and with no other number."""
    none = np.unique(column.codes[number.amounts == 0])
    return len(column.texts) == 2 and len(none) == 1 and not (number.amounts[column.codes == none[0]] != 0).any()


def _are_ranges(column: Column, number: Column, rows: slice) -> bool:
    """Whether the column's values are ranges of a number that do not overlap."""
    amounts, codes = number.amounts_of(rows), column.codes[rows]
    order = np.lexsort((codes, amounts))
    amounts, codes = amounts[order], codes[order]
    changes = np.flatnonzero(np.diff(codes))
    return 0 < len(changes) == len(np.unique(codes)) - 1 and bool(np.all(amounts[changes] < amounts[changes + 1]))
