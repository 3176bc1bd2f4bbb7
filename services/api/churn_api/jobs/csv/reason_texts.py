"""The texts of reasons by number, so that columns of reasons are columns of numbers until they are written."""

import math
from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.customer.declaration import Customer
from churn.customer.fields import Category, Number
from churn.schema import Schema
from churn_api.jobs.csv.output import written

Numbers = NDArray[np.intp]
Places = NDArray[np.uint32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_NONE = -1

# Numbers have tables with an item of four bytes for each hundredth, those of the smallest ranges first: so many items
# in all, which is ten megabytes.
_MOST_ITEMS = 2_500_000

# With more texts than this, each of a few dozen bytes, the list is full.
_ENOUGH = 100_000


class ReasonTexts:
    """A growing list of texts as they are written into a CSV, for one thread; start a new one when it is `full`."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._texts: list[str] = []
        self._numbers: dict[str, int] = {}
        self._series = pl.Series(dtype=pl.String)
        self._names = tuple(schema.fields)
        self._first = {name: self._add_values(field) for name, field in schema.categories.items()}
        self._by_hundredths = {name: np.full(items, _NONE, np.int32) for name, items in _affordable(schema)}

    def _add_values(self, field: Category) -> int:
        first = len(self._texts)
        self._texts += map(written, field.values.values())
        return first

    @property
    def full(self) -> bool:
        """Whether there are so many texts that the next chunk should start a new list."""
        return len(self._texts) > _ENOUGH

    def add(self, text: str) -> int:
        """The number of a text, which is kept once however often it is added."""
        known = self._numbers.get(text)
        if known is None:
            known = self._numbers[text] = len(self._texts)
            self._texts.append(written(text))
        return known

    def of(self, table: Customer, fields: Numbers, derived: Flags) -> Places:
        """The numbers of the texts about one field of each of n customers, shape (n,).

        `fields` are the positions of these fields in a customer, and `derived` is True where the number that is
        computed from others was absent; both have shape (n,).
        """
        found = np.empty(len(fields), np.uint32)
        for position in np.flatnonzero(np.bincount(fields)).tolist():
            rows = np.flatnonzero(fields == position)
            name, held = self._names[position], table[position][rows]
            field = self.schema.fields[name]
            if isinstance(field, Number):
                found[rows] = self._phrases(name, field, held)
            else:  # codes are bytes, whose sum with a place may be none, or floats where rows were read alone
                found[rows] = np.add(held, self._first[name], dtype=np.intp, casting="unsafe")
        if derived.any() and self.schema.product:
            name, product = self.schema.product
            found[derived & (fields == self.schema.position[name])] = self.add(product.words)
        return found

    def _phrases(self, name: str, field: Number, held: Floats) -> Places:
        """The numbers of the texts for values of a number: by a table if they are whole hundredths, else one by one."""
        if field.blank_is_value and (blank := np.isnan(held)).any():
            found = np.full(len(held), self.add(field.phrase(math.nan)), np.uint32)
            found[~blank] = self._phrases(name, field, held[~blank])
            return found
        if name not in self._by_hundredths:
            amounts, places = np.unique(held, return_inverse=True)
            return np.array([self.add(field.phrase(amount)) for amount in amounts.tolist()], np.uint32)[places]
        known, places = self._by_hundredths[name], np.rint(held * 100).astype(np.intp)
        for place in np.unique(places[known[places] == _NONE]).tolist():
            known[place] = self.add(field.phrase(place / 100))
        numbers: Places = known[places].astype(np.uint32)
        for row in np.flatnonzero(places / 100 != held).tolist():
            numbers[row] = self.add(field.phrase(float(held[row])))
        return numbers

    def texts(self, numbers: Places) -> pl.Series:
        """The texts with these numbers, as a column."""
        if len(self._series) < len(self._texts):
            self._series = pl.Series(self._texts, dtype=pl.String)
        return self._series.gather(numbers)


def _affordable(schema: Schema) -> Iterator[tuple[str, int]]:
    """The numbers that have a table, each with its items, from the smallest to where _MOST_ITEMS are reached."""
    items = {name: round(100 * field.high) + 1 for name, field in schema.numbers.items() if field.low >= 0}
    left = _MOST_ITEMS
    for name in sorted(items, key=items.__getitem__):
        left -= items[name]
        if left < 0:
            return
        yield name, items[name]
