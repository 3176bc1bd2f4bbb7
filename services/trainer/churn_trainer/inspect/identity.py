"""Which column is the customer's id, and which only count or name the rows."""

from collections.abc import Sequence

import numpy as np

from churn.customer.likeness import fold
from churn.customer.references import ID
from churn_trainer.inspect import names
from churn_trainer.inspect.column import Column

# Ids are echoed in answers, where they have at most as many characters.
_MAX_LENGTH = 100

# The least share of the rows that have an id of their own.
_MANY = 0.2


def is_unique(column: Column) -> bool:
    """Whether every row has a text of its own."""
    return len(column.texts) == len(column) and not column.blank.any()


def counts_up(column: Column) -> bool:
    """Whether the column is a whole number that grows from row to row, as a row's number does."""
    if not (column.is_numeric and is_unique(column)):
        return False
    amounts = column.amounts
    return bool(np.all(np.diff(amounts) > 0) and np.all(amounts == np.floor(amounts)))


def find(columns: Sequence[Column]) -> Column | None:
    """The customer's id; None if no column has another value in each row, or only numbers that count the rows.

    A column that is called an id is it even if some customers are there several times, and one that is called as ids
    are in answers is no field in any case.
    """
    possible = [column for column in columns if is_unique(column) and _may_be_id(column)]
    called = [column for column in columns if names.is_id(column.name) and len(column.texts) >= _MANY * len(column)]
    called += [column for column in columns if fold(column.name) == fold(ID)]
    return max(possible, key=_likelihood, default=next(iter(called), None))


def _likelihood(column: Column) -> tuple[bool, bool]:
    return names.is_id(column.name), not column.is_numeric


def _may_be_id(column: Column) -> bool:
    if names.is_row_number(column.name) or column.texts.str.len_chars().gt(_MAX_LENGTH).any():
        return False
    if names.is_id(column.name):
        return True
    # What has no such name is an id only if it is one word in each row, and tells nothing else.
    is_word = not column.is_numeric and not column.texts.str.contains(r"\s").any()
    return is_word and not names.is_personal(column.name) and not column.is_date
