"""The background sample of a release: real customers from whom the absent fields of others are taken."""

import sys

import numpy as np
from numpy.typing import NDArray

from churn.customer.declaration import Customer
from churn.model.scoring import FloatArray
from churn.schema import Schema

# How many customers of the sample complete another one. Fewer make the mean noisy and the range too narrow, more are
# less similar; scripts/validation/absent.py measures both.
NEAREST = 50

# The difference of two bills, as a share of the bills' standard deviation, that counts as much as another kind of
# contract, or as a tenure that is e = 2.7 times as long (tenures are compared by their logarithms, as in the model). In
# IBM's table it is five dollars, the price of an add-on, because the bill shows which services a customer has.
_BILL_SHARE = 1 / 6

# Distances that differ by less are equal, so that rounding does not decide who is among the nearest.
_SAME = 1e-9


class Background:
    """A sample of n real, complete customers; `table` holds them."""

    def __init__(self, schema: Schema, customers: list[Customer], nearest: int | None = NEAREST) -> None:
        """`nearest` is how many of them complete another one; None for all who do not contradict what is known.

        Raises ValueError if the sample is empty.
        """
        if not customers:
            raise ValueError("the background sample holds nobody")
        self.schema = schema
        self.table = schema.table_of(customers)
        self._nearest = nearest
        self._served = {rule.parent: self.table[rule.parent] != rule.none for rule in schema.rules}
        # Similarity goes by required categories, which every customer has, and not by protected traits.
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
        """The position of the number with this role, if it is required; else None."""
        name = self.schema.role(role)
        return self.schema.position[name] if name and self.schema.fields[name].required else None

    def completions(self, customer: Customer) -> Customer:
        """The customer completed by each of the nearest background customers in turn, as a table of complete customers.

        The nearest are those most similar in tenure, required categories and bill, with all who are equally near, among
        those who do not contradict what is known: somebody without internet cannot complete the add-ons of a customer
        who has it.
        """
        monthly = 0.0 if self._monthly is None else customer[self._monthly]
        return self.filled(customer, self.nearest(self.distances(customer), monthly))

    def distances(self, customer: Customer) -> FloatArray:
        """The distance of each customer of the sample in tenure and required categories, shape (n,).

        It is infinite for those who contradict what is known of the customer, unless all of them do.
        """
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
        """The rows of the sample that are nearest if the difference to the `monthly` bill is added to `distances`."""
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
        """The customer completed by each of these rows of the sample, as a table without contradictions.

        A field that a row cannot complete is taken as declined, such as an add-on if the row is somebody without
        internet and the customer has it.
        """
        count = len(self.table[0][rows])
        columns = [
            column[rows] if value is None else np.full(count, value, float)
            for column, value in zip(self.table, customer, strict=True)
        ]
        for rule in self.schema.rules:
            if rule.needs(customer[rule.child]):
                # A copy, as a slice of the sample is the sample's own memory.
                service = columns[rule.parent] = columns[rule.parent].copy()
                service[service == rule.none] = rule.first
        return self.schema.obeying(self.schema.customer(columns))

    def _fitting(self, customer: Customer) -> NDArray[np.bool]:
        fitting = np.ones(len(self.table[0]), np.bool)
        for rule in self.schema.rules:
            value = customer[rule.child]
            if (value is None and customer[rule.parent] is not None) or rule.needs(value):
                fitting &= self._served[rule.parent]
        return fitting
