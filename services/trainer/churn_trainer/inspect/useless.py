"""Columns that are no fields of a customer, with the reason: dates, names, texts, numbers of rows, constants."""

import re

import numpy as np

from churn_trainer.inspect import identity, names
from churn_trainer.inspect.column import FEW, Column

# The share of the rows from which values are taken for names or texts, as nearly every customer has another one.
_NEARLY_OWN = 0.5

# A value and so few blanks are one value.
_FEW_BLANKS = 0.01

# Words in a value, on average, from which it is taken for a text.
_WORDS = 5


def reason(column: Column) -> str | None:
    """Why the column is left out, whatever the outcome; None if it may be a field."""
    if not len(column.texts):
        return "blank in every row"
    if len(column.texts) == 1 and column.blank_share <= _FEW_BLANKS:
        return f"the same in every row ({column.texts[0][:40]})"
    if column.is_date:
        return "a date: make it months before the export"
    if names.is_personal(column.name) and len(column.texts) > 2:
        return "tells who the customer is: no field"
    if identity.counts_up(column) or (identity.is_unique(column) and names.is_row_number(column.name)):
        return "counts the rows"
    if names.is_coordinate(column.name):
        return "a place on the map: a region says it better"
    if identity.is_unique(column) and names.is_id(column.name):
        return "another number that customers are known by"
    return None if column.is_numeric else _text_reason(column)


def _text_reason(column: Column) -> str | None:
    filled = int(column.counts.sum())
    if len(column.texts) > max(_NEARLY_OWN * filled, 2):
        return "a name or a free text: nearly every customer has another one"
    if len(column.texts) > 20 and _mean_words(column) >= _WORDS:
        return "a free text"
    return None


def _mean_words(column: Column) -> float:
    return float(np.mean([len(re.findall(r"\w+", text)) for text in column.texts[:FEW]]))
