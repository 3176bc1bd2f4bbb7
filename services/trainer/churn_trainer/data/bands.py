"""The groups that the values of a number are told apart by."""

from itertools import pairwise

import pandas as pd

from churn.customer.fields import Number

# The group of the customers of whom a number is blank.
_BLANK = "blank"


def banded(values: pd.Series, field: Number) -> pd.Series:
    """The values of a number as the groups that they fall into, such as 12–24; the first includes its left end."""
    # Groups of whole numbers do not share their edges: 0–6, 7–12.
    edges = [(low + (field.whole and place > 0), high) for place, (low, high) in enumerate(pairwise(field.bands))]
    labels = [f"{low:,}–{high:,}" if low < high else f"{high:,}" for low, high in edges]
    groups = pd.cut(values, field.bands, labels=labels, include_lowest=True)
    return groups.cat.add_categories(_BLANK).fillna(_BLANK) if field.blank_is_value else groups
