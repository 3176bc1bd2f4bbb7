"""Real customers, carried by a release, that stand in for what is not known of another."""

import sys
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.customer.declaration import CATEGORIES, IMPLIED, Customer
from churn.customer.fields import ImpliedBy
from churn.model.scoring import FloatArray, table_of

# How many of the sample complete a customer. Fewer make the mean noisy and the range too narrow, more are less like
# him; scripts/validation/absent.py measures both.
NEAREST = 50

# Bills as far apart as this share of their spread are as unlike as two kinds of contract, or as tenures of which one
# is 2.7 times the other (e, in logarithms, as the model has them). In IBM's table that is five dollars, an add-on's
# price: the bill tells which services a customer has.
_BILL_SHARE = 1 / 6

# Distances nearer than this are the same: what is left of rounding must not decide who is among the nearest.
_SAME = 1e-9


class _Rule(NamedTuple):
    """A rule between two fields by their positions, with the codes that it speaks of: of the service none at all and
    its first kind, of what goes with it the implied one, No and Yes."""

    parent: int
    child: int
    none: int
    first: int
    implied: int
    declined: int
    yes: int


def _rule(child: str, rule: ImpliedBy) -> _Rule:
    position, service, field = Customer._fields.index, CATEGORIES[rule.field], CATEGORIES[child]
    first = next(code for code, name in enumerate(service.names) if name != rule.value)
    codes = (service.code(rule.value), first, field.code(rule.implies), field.code("No"), field.code("Yes"))
    return _Rule(position(rule.field), position(child), *codes)


_RULES = tuple(_rule(child, rule) for child, rule in IMPLIED.items())


class Background:
    """A sample of real, complete customers."""

    def __init__(self, customers: list[Customer], nearest: int | None = NEAREST) -> None:
        """`nearest` customers complete another one, or as many as contradict nothing where it is None.

        Raises ValueError where there is nobody in the sample.
        """
        if not customers:
            raise ValueError("the background sample holds nobody")
        self.table = table_of(customers)
        self._nearest = nearest
        self._unit = max(_BILL_SHARE * float(self.table.MonthlyCharges.std()), _SAME)
        self._bills = self.table.MonthlyCharges / self._unit
        self._served = {rule.parent: self.table[rule.parent] != rule.none for rule in _RULES}
        self._log_tenure = np.log1p(self.table.tenure)

    def completions(self, customer: Customer) -> Customer:
        """The customer with every absent field taken from one background customer after another, as a table.

        Those are used who are nearest in tenure, contract and bill, all that are equally near included, and who
        contradict nothing known: one without internet cannot lend his add-ons to a customer who has it.
        """
        return self.filled(customer, self.nearest(self.distances(customer), customer.MonthlyCharges))

    def distances(self, customer: Customer) -> FloatArray:
        """How unlike each of the sample is in tenure and contract, shape (n,); infinite for one who contradicts what is
        known, unless all of them do."""
        apart: FloatArray = np.abs(self._log_tenure - np.log1p(customer.tenure))
        apart += self.table.Contract != customer.Contract
        fitting = self._fitting(customer)
        if fitting.any():
            apart[~fitting] = np.inf
        return apart

    def nearest(self, distances: FloatArray, monthly: float) -> NDArray[np.intp]:
        """The places in the sample of those nearest in the bill as well."""
        if self._nearest is None:
            return np.flatnonzero(np.isfinite(distances))
        apart = self._bills - monthly / self._unit
        np.abs(apart, out=apart)
        apart += distances
        last = min(self._nearest, len(apart)) - 1
        farthest = float(np.partition(apart, last)[last])
        return np.flatnonzero(apart <= min(farthest + _SAME, sys.float_info.max))

    def filled(self, customer: Customer, rows: NDArray[np.intp] | slice) -> Customer:
        """The customer with every absent field taken from these rows of the sample, as a table without contradiction.

        What a row cannot lend is taken as declined: an add-on of one without internet, for a customer who has it.
        """
        count = len(self.table.tenure[rows])
        filled = Customer(
            *(
                column[rows] if value is None else np.full(count, value, float)
                for column, value in zip(self.table, customer, strict=True)
            )
        )
        for rule in _RULES:
            if customer[rule.child] == rule.yes:
                service = filled[rule.parent]
                service[service == rule.none] = rule.first
        for rule in _RULES:
            without, column = filled[rule.parent] == rule.none, filled[rule.child]
            column[~without & (column == rule.implied)] = rule.declined
            column[without] = rule.implied
        return filled

    def _fitting(self, customer: Customer) -> NDArray[np.bool]:
        fitting = np.ones(len(self.table.tenure), np.bool)
        for rule in _RULES:
            value = customer[rule.child]
            if (value is None and customer[rule.parent] is not None) or value == rule.yes:
                fitting &= self._served[rule.parent]
        return fitting
