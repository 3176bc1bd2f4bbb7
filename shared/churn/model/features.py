"""The 45 columns that a model sees, each defined once for one customer and for whole columns of customers.

A formula works on a Customer of plain numbers and on a Customer of arrays alike, since it uses operators only; where a
logarithm is needed it gets the fitting one. So one row, a batch and training cannot disagree.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn.customer.declaration import CATEGORIES, IMPLIED, Customer

Log1p = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Feature:
    """A column: its name, the customer's fields that its effect is shared among in equal parts, and its formula."""

    name: str
    fields: tuple[str, ...]
    formula: Callable[[Customer, Log1p], Any]


ADD_ONS = tuple(name for name, rule in IMPLIED.items() if rule.field == "InternetService")
STREAMING = ("StreamingTV", "StreamingMovies")
PROTECTION = tuple(name for name in ADD_ONS if name not in STREAMING)

_YES = CATEGORIES["TechSupport"].code("Yes")
_LINES_YES = CATEGORIES["MultipleLines"].code("Yes")
_FIBER = CATEGORIES["InternetService"].code("Fiber optic")
_OFFLINE = CATEGORIES["InternetService"].code("No")
_MONTHLY = CATEGORIES["Contract"].code("Month-to-month")
_TWO_YEAR = CATEGORIES["Contract"].code("Two year")
_AUTOMATIC = CATEGORIES["PaymentMethod"].code(
    "Credit card (automatic)"
)  # it and the one before it are the automatic ones


def _titled(value: str) -> str:
    return value.title()


def _is(field: str, code: int) -> Callable[[Customer, Log1p], Any]:
    position = Customer._fields.index(field)
    return lambda c, _: c[position] == code


def _levels(field: str) -> list[Feature]:
    """One column for each value but the first. The column of an implied value belongs to the field that implies it."""
    rule = IMPLIED.get(field)
    names = ("No", "Yes") if field == "SeniorCitizen" else CATEGORIES[field].names
    return [
        Feature(
            f"{field}_{_titled(value)}", (rule.field if rule and value == rule.implies else field,), _is(field, code)
        )
        for code, value in enumerate(names)
        if code > 0
    ]


def _charge_drift(c: Customer) -> Any:
    """MonthlyCharges − TotalCharges/tenure, 0 at tenure 0: how far today's bill is from the average bill."""
    at_start = c.tenure == 0
    return (c.MonthlyCharges - c.TotalCharges / (c.tenure + at_start)) * (1 - at_start)


def _unprotected_streaming(c: Customer) -> Any:
    streams = (c.StreamingTV == _YES) | (c.StreamingMovies == _YES)
    security, backup, device, support = (getattr(c, name) != _YES for name in PROTECTION)
    return streams & security & backup & device & support


FEATURES: tuple[Feature, ...] = (
    Feature("tenure", ("tenure",), lambda c, _: c.tenure),
    Feature("MonthlyCharges", ("MonthlyCharges",), lambda c, _: c.MonthlyCharges),
    Feature("TotalCharges", ("TotalCharges",), lambda c, _: c.TotalCharges),
    Feature("AvgChargePerMonth", ("TotalCharges", "tenure"), lambda c, _: c.TotalCharges / (c.tenure + 1)),
    *(level for field in CATEGORIES for level in _levels(field)),
    # Right-closed intervals of months; tenure 0 belongs to the first group, tenure above 72 to the last.
    Feature("TenureGroup_1-2 Years", ("tenure",), lambda c, _: (c.tenure > 12) & (c.tenure <= 24)),
    Feature("TenureGroup_2-4 Years", ("tenure",), lambda c, _: (c.tenure > 24) & (c.tenure <= 48)),
    Feature("TenureGroup_4+ Years", ("tenure",), lambda c, _: c.tenure > 48),
    Feature("LogTenure", ("tenure",), lambda c, log1p: log1p(c.tenure)),
    Feature("MtMxLogTenure", ("Contract", "tenure"), lambda c, log1p: (c.Contract == _MONTHLY) * log1p(c.tenure)),
    Feature("TenureLE1", ("tenure",), lambda c, _: c.tenure <= 1),
    Feature("TwoYearxLogTenure", ("Contract", "tenure"), lambda c, log1p: (c.Contract == _TWO_YEAR) * log1p(c.tenure)),
    Feature(
        "NoSecNoSupport",
        ("OnlineSecurity", "TechSupport"),
        lambda c, _: (c.InternetService != _OFFLINE) & (c.OnlineSecurity != _YES) & (c.TechSupport != _YES),
    ),
    Feature("StreamNoProt", ADD_ONS, lambda c, _: _unprotected_streaming(c)),
    Feature(
        "StreamxFiber",
        ("InternetService", *STREAMING),
        lambda c, _: ((c.StreamingTV == _YES) * 1 + (c.StreamingMovies == _YES)) * (c.InternetService == _FIBER),
    ),
    Feature(
        "MultiLinesxFiber",
        ("InternetService", "MultipleLines"),
        lambda c, _: (c.MultipleLines == _LINES_YES) & (c.InternetService == _FIBER),
    ),
    Feature("NumAddOns", ADD_ONS, lambda c, _: sum((getattr(c, name) == _YES) * 1 for name in ADD_ONS)),
    Feature("AutoPay", ("PaymentMethod",), lambda c, _: c.PaymentMethod <= _AUTOMATIC),
    Feature("ChargeDrift", ("MonthlyCharges", "TotalCharges", "tenure"), lambda c, _: _charge_drift(c)),
)

COLUMNS: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
"""The names of the 45 columns, in the order of every matrix."""

_FORMULAS = tuple(feature.formula for feature in FEATURES)


def features(customer: Customer) -> list[float]:
    """The 45 columns of one complete customer."""
    return [formula(customer, math.log1p) for formula in _FORMULAS]


def matrix(table: Customer, dtype: type[np.floating[Any]] = np.float64) -> NDArray[Any]:
    """The 45 columns of n complete customers, given as a Customer of arrays of length n; shape (n, 45)."""
    out = np.empty((len(table.tenure), len(FEATURES)), dtype, order="F")  # each column is written in one go
    for column, formula in enumerate(_FORMULAS):
        out[:, column] = formula(table, np.log1p)
    return out
