"""The 45 columns of IBM's Telco customers, written by hand for the shipped declaration.

Their names and formulas do not change, because releases and readers of their files refer to them by name.
"""

from typing import Any

from churn.customer.declaration import Declaration
from churn.customer.features import Feature, levels


def telco_features(declaration: Declaration) -> list[Feature]:
    """The columns, in their order.

    Raises KeyError or ValueError if the declaration lacks a field or a value that they are made of.
    """
    terms = _Terms(declaration)
    return [
        Feature("tenure", ("tenure",), lambda c, _: c.tenure),
        Feature("MonthlyCharges", ("MonthlyCharges",), lambda c, _: c.MonthlyCharges),
        Feature("TotalCharges", ("TotalCharges",), lambda c, _: c.TotalCharges),
        Feature("AvgChargePerMonth", ("TotalCharges", "tenure"), lambda c, _: c.TotalCharges / (c.tenure + 1)),
        *levels(declaration),
        *_of_tenure(terms),
        *_of_services(terms),
        Feature("AutoPay", ("PaymentMethod",), lambda c, _: c.PaymentMethod <= terms.automatic),
        Feature("ChargeDrift", ("MonthlyCharges", "TotalCharges", "tenure"), lambda c, _: _charge_drift(c)),
    ]


_NUMBERS = ("tenure", "MonthlyCharges", "TotalCharges")


class _Terms:
    """The codes of values and the names of fields that the formulas use."""

    def __init__(self, declaration: Declaration) -> None:
        categories, implied = declaration.categories, declaration.implied
        if unknown := [name for name in _NUMBERS if declaration.numbers[name].blank_is_value]:
            raise ValueError(f"{unknown[0]} may be blank")
        self.add_ons = tuple(name for name, rule in implied.items() if rule.field == "InternetService")
        self.streaming = ("StreamingTV", "StreamingMovies")
        self.protection = tuple(name for name in self.add_ons if name not in self.streaming)
        self.yes = categories["TechSupport"].code("Yes")
        self.lines_yes = categories["MultipleLines"].code("Yes")
        self.fiber = categories["InternetService"].code("Fiber optic")
        self.offline = categories["InternetService"].code("No")
        self.monthly = categories["Contract"].code("Month-to-month")
        self.two_year = categories["Contract"].code("Two year")
        # The automatic ways of payment are this code and the one before it.
        self.automatic = categories["PaymentMethod"].code("Credit card (automatic)")


def _of_tenure(terms: _Terms) -> list[Feature]:
    monthly, two_year = terms.monthly, terms.two_year
    return [
        # Right-closed intervals of months; tenure 0 belongs to the first group, tenure above 72 to the last.
        Feature("TenureGroup_1-2 Years", ("tenure",), lambda c, _: (c.tenure > 12) & (c.tenure <= 24)),
        Feature("TenureGroup_2-4 Years", ("tenure",), lambda c, _: (c.tenure > 24) & (c.tenure <= 48)),
        Feature("TenureGroup_4+ Years", ("tenure",), lambda c, _: c.tenure > 48),
        Feature("LogTenure", ("tenure",), lambda c, log1p: log1p(c.tenure)),
        Feature("MtMxLogTenure", ("Contract", "tenure"), lambda c, log1p: (c.Contract == monthly) * log1p(c.tenure)),
        Feature("TenureLE1", ("tenure",), lambda c, _: c.tenure <= 1),
        Feature(
            "TwoYearxLogTenure", ("Contract", "tenure"), lambda c, log1p: (c.Contract == two_year) * log1p(c.tenure)
        ),
    ]


def _of_services(terms: _Terms) -> list[Feature]:
    yes, fiber, offline, add_ons = terms.yes, terms.fiber, terms.offline, terms.add_ons
    return [
        Feature(
            "NoSecNoSupport",
            ("OnlineSecurity", "TechSupport"),
            lambda c, _: (c.InternetService != offline) & (c.OnlineSecurity != yes) & (c.TechSupport != yes),
        ),
        Feature("StreamNoProt", add_ons, lambda c, _: _unprotected_streaming(c, terms)),
        Feature(
            "StreamxFiber",
            ("InternetService", *terms.streaming),
            lambda c, _: ((c.StreamingTV == yes) * 1 + (c.StreamingMovies == yes)) * (c.InternetService == fiber),
        ),
        Feature(
            "MultiLinesxFiber",
            ("InternetService", "MultipleLines"),
            lambda c, _: (c.MultipleLines == terms.lines_yes) & (c.InternetService == fiber),
        ),
        Feature("NumAddOns", add_ons, lambda c, _: sum((getattr(c, name) == yes) * 1 for name in add_ons)),
    ]


def _charge_drift(c: Any) -> Any:
    """MonthlyCharges − TotalCharges/tenure, 0 at tenure 0: how far today's bill is from the average bill."""
    at_start = c.tenure == 0
    return (c.MonthlyCharges - c.TotalCharges / (c.tenure + at_start)) * (1 - at_start)


def _unprotected_streaming(c: Any, terms: _Terms) -> Any:
    streams = (c.StreamingTV == terms.yes) | (c.StreamingMovies == terms.yes)
    security, backup, device, support = (getattr(c, name) != terms.yes for name in terms.protection)
    return streams & security & backup & device & support
