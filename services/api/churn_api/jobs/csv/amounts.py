"""Amounts of money in a column that no field has."""

import math

from churn.customer.numbers import meant


def amount(cell: str) -> float:
    """The number in a cell, with or without a currency; NaN where there is none, or where it can mean two."""
    found = meant(cell, "$")
    return found[0] if len(found) == 1 else math.nan
