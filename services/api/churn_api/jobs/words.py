"""The words of reasons, numbered, so that columns of reasons are columns of numbers until they are written."""

from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.customer import FIELDS, Customer
from churn.fields import Category, Number
from churn_api.jobs.cells import written

Numbers = NDArray[np.intp]
Floats = NDArray[np.float64]


class Words:
    """A growing list of texts as they are written into a CSV; one for each chunk."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._numbers: dict[tuple[str, float], int] = {}
        self._first = {name: self._add_values(name) for name, field in FIELDS.items() if isinstance(field, Category)}

    def _add_values(self, name: str) -> int:
        first = len(self._texts)
        self._texts += _category_words(name)
        return first

    def add(self, text: str) -> int:
        self._texts.append(written(text))
        return len(self._texts) - 1

    def of(self, table: Customer, fields: Numbers) -> Numbers:
        """The numbers of the words for one field of each of n customers; `fields` are positions in the customer."""
        found = np.empty(len(fields), np.intp)
        for position in np.unique(fields):
            rows = np.flatnonzero(fields == position)
            name, held = Customer._fields[position], table[position][rows]
            field = FIELDS[name]
            found[rows] = self._phrases(name, field, held) if isinstance(field, Number) else self._first[name] + held
        return found

    def _phrases(self, name: str, field: Number, held: Floats) -> Numbers:
        values, places = np.unique(held, return_inverse=True)
        numbers = [self._phrase(name, field, value) for value in values.tolist()]
        return np.array(numbers, np.intp)[places]

    def _phrase(self, name: str, field: Number, value: float) -> int:
        number = self._numbers.get((name, value))
        if number is None:
            number = self._numbers[name, value] = self.add(field.phrase(value))
        return number

    def texts(self, numbers: Numbers) -> pl.Series:
        return pl.Series(self._texts, dtype=pl.String).gather(numbers)


@cache
def _category_words(name: str) -> tuple[str, ...]:
    field = FIELDS[name]
    return tuple(map(written, field.values.values())) if isinstance(field, Category) else ()
