"""Real customers, carried by a release, that stand in for what is not known of another."""

import sys
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.customer.declaration import Customer
from churn.customer.fields import ImpliedBy
from churn.model.scoring import FloatArray
from churn.schema import Schema

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
    its first kind, of what goes with it the implied one, the one that is lent where nothing else can be, and the one
    of who declined it, which somebody without the service may be said to have as well."""

    parent: int
    child: int
    none: int
    first: int
    implied: int
    lent: int
    declined: int | None

    def needs(self, value: Any) -> bool:
        """Whether only somebody with the service can have this value."""
        return value is not None and value not in (self.implied, self.declined)


def _rule(schema: Schema, child: str, rule: ImpliedBy) -> _Rule:
    service, field = schema.categories[rule.field], schema.categories[child]
    first = next(code for code, name in enumerate(service.names) if name != rule.value)
    places = schema.position[rule.field], schema.position[child]
    return _Rule(*places, service.code(rule.value), first, field.code(rule.implies), field.plain, field.declined)


class Background:
    """A sample of real, complete customers."""

    def __init__(self, schema: Schema, customers: list[Customer], nearest: int | None = NEAREST) -> None:
        """`nearest` customers complete another one, or as many as contradict nothing where it is None.

        Raises ValueError where there is nobody in the sample.
        """
        if not customers:
            raise ValueError("the background sample holds nobody")
        self.schema = schema
        self.table = schema.table_of(customers)
        self._nearest = nearest
        self._rules = tuple(_rule(schema, child, rule) for child, rule in schema.implied.items())
        self._served = {rule.parent: self.table[rule.parent] != rule.none for rule in self._rules}
        # Customers are alike in what everybody has to tell; a protected trait makes nobody like another.
        self._alike = [
            schema.position[name] for name, field in schema.categories.items() if field.required and not field.protected
        ]
        self._tenure, self._monthly = self._known("tenure"), self._known("monthly_value")
        if self._tenure is not None:
            self._log_tenure = np.log1p(self.table[self._tenure])
        if self._monthly is not None:
            bills = self.table[self._monthly]
            self._unit = max(_BILL_SHARE * float(bills.std()), _SAME)
            self._bills = bills / self._unit

    def _known(self, role: str) -> int | None:
        """The place of the number with this role, if every customer has to tell it."""
        name = self.schema.role(role)
        return self.schema.position[name] if name and self.schema.fields[name].required else None

    def completions(self, customer: Customer) -> Customer:
        """The customer with every absent field taken from one background customer after another, as a table.

        Those are used who are nearest in tenure, contract and bill, all that are equally near included, and who
        contradict nothing known: one without internet cannot lend his add-ons to a customer who has it.
        """
        monthly = 0.0 if self._monthly is None else customer[self._monthly]
        return self.filled(customer, self.nearest(self.distances(customer), monthly))

    def distances(self, customer: Customer) -> FloatArray:
        """How unlike each of the sample is in tenure and contract, shape (n,); infinite for one who contradicts what is
        known, unless all of them do."""
        apart: FloatArray = np.zeros(len(self.table[0]))
        if self._tenure is not None:
            apart += np.abs(self._log_tenure - np.log1p(customer[self._tenure]))
        for position in self._alike:
            apart += self.table[position] != customer[position]
        fitting = self._fitting(customer)
        if fitting.any():
            apart[~fitting] = np.inf
        return apart

    def nearest(self, distances: FloatArray, monthly: float) -> NDArray[np.intp]:
        """The places in the sample of those nearest in the bill as well."""
        if self._nearest is None:
            return np.flatnonzero(np.isfinite(distances))
        apart = distances
        if self._monthly is not None:
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
        count = len(self.table[0][rows])
        filled = self.schema.customer(
            column[rows] if value is None else np.full(count, value, float)
            for column, value in zip(self.table, customer, strict=True)
        )
        for rule in self._rules:
            if rule.needs(customer[rule.child]):
                service = filled[rule.parent]
                service[service == rule.none] = rule.first
        for rule in self._rules:
            without, column = filled[rule.parent] == rule.none, filled[rule.child]
            column[~without & (column == rule.implied)] = rule.lent
            column[without] = rule.implied
        return filled

    def _fitting(self, customer: Customer) -> NDArray[np.bool]:
        fitting = np.ones(len(self.table[0]), np.bool)
        for rule in self._rules:
            value = customer[rule.child]
            if (value is None and customer[rule.parent] is not None) or rule.needs(value):
                fitting &= self._served[rule.parent]
        return fitting
