"""Values that follow from another field: a blank, or "No internet service", exactly where there is no internet."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from churn_trainer.inspect.column import BLANK, FEW, Column

# Rules over fewer rows hold by chance.
_LEAST_SHARE = 0.005

# Values that say that there is none of it.
_NONE = re.compile(r"(no|none|not|without|n/a)\b.*|0|false|n", re.IGNORECASE).fullmatch
_PLAIN_NO = re.compile(r"no|none|0|false|n", re.IGNORECASE).fullmatch


class Rule(NamedTuple):
    """A column's value is `implies`, "" for a blank, exactly where the column `field` is `value`."""

    field: str
    value: str
    implies: str


class _Value(NamedTuple):
    column: Column
    code: int
    rows: int

    @property
    def text(self) -> str:
        return "" if self.code == BLANK else str(self.column.texts[self.code])


def find(columns: Sequence[Column]) -> dict[str, Rule]:
    """The rules that hold in every row, by the name of the column that follows from another one."""
    rules: dict[str, Rule] = {}
    for group in _equal([value for column in columns for value in _values(column)]):
        parent = next((value for value in group if _PLAIN_NO(value.text)), None)
        if parent is None or parent.column.name in rules or _is_amount(parent.column):
            continue
        for value in group:
            if value is not parent and value.column.name not in {rule.field for rule in rules.values()}:
                rules.setdefault(value.column.name, Rule(parent.column.name, parent.text, value.text))
    return {name: rule for name, rule in rules.items() if rule.field not in rules}


def _values(column: Column) -> list[_Value]:
    """The column's values that may follow from another one or have others follow: blanks, and those for none of it."""
    least = max(_LEAST_SHARE * len(column), 2)
    blanks = int(column.blank.sum())
    values = [_Value(column, BLANK, blanks)] if least <= blanks < len(column) else []
    if len(column.texts) <= FEW:
        values += [
            _Value(column, code, int(count))
            for code, count in enumerate(column.counts)
            if count >= least and _NONE(column.texts[code]) and not _is_amount(column)
        ]
    return values


def _is_amount(column: Column) -> bool:
    return column.is_numeric and len(column.texts) > 2


def _equal(values: list[_Value]) -> list[list[_Value]]:
    """The values in groups that have exactly the same rows, those of two columns and more."""
    groups = []
    for _, same in groupby(sorted(values, key=lambda value: value.rows), key=lambda value: value.rows):
        left = list(same)
        while len(left) > 1:
            rows = left[0].column.codes == left[0].code
            equal = [value for value in left if np.array_equal(value.column.codes == value.code, rows)]
            left = [value for value in left if value not in equal]
            if len(equal) > 1:
                groups.append(equal)
    return groups
