"""An additive model as data: an intercept, tables over one field or over two, and slopes.

log-odds = intercept + Σ entries + Σ slopes. An entry is found by the bins of its table's fields (see `bins`). A slope
is weight × f(x − low), where low is the least that the number can be and f one of `SLOPES`, and 0 for a blank.

Effects are measured from the average: a term counts with its difference from its own average, one half of it for each
field of a pair. Effects and `average_log_odds` add up to the log-odds exactly. An implied value counts for its own
field.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from churn.customer.declaration import Customer
from churn.customer.features import SLOPES, Formula
from churn.model.bins import Bins, Cuts, Positions, bin_count, bins_of
from churn.model.scoring import FloatArray, sigmoid, sigmoids
from churn.schema import Schema

# Rows that are looked up together: enough for the calls to cost nothing beside the work, and a few megabytes of bins.
_BLOCK = 8192

# Tables with fewer rows are looked up row by row, as arrays of so few are no faster.
_FEW = 24


class TableTerm(NamedTuple):
    """The entries over one field's bins, shape (bins,), or over two fields' bins, shape (bins, bins).

    `cuts` has the cuts of each field. `average` is that of the entry over the customers whom effects are measured from.
    """

    fields: tuple[str, ...]
    cuts: tuple[Cuts, ...]
    entries: FloatArray
    average: float = 0.0

    def of(self, schema: Schema, table: Customer) -> FloatArray:
        """What the term adds to the log-odds of n customers, shape (n,)."""
        columns = (table[schema.position[field]] for field in self.fields)
        places = zip(self.fields, self.cuts, columns, strict=True)
        values: FloatArray = self.entries[tuple(bins_of(schema, *place) for place in places)]
        return values


class SlopeTerm(NamedTuple):
    """A number's weight per unit of what the slope of this `kind` makes of how far it is above its least value."""

    field: str
    kind: str
    weight: float
    average: float = 0.0

    def of(self, schema: Schema, table: Customer) -> FloatArray:
        """What the term adds to the log-odds of n customers, shape (n,)."""
        above = table[schema.position[self.field]] - schema.numbers[self.field].low
        values: FloatArray = np.nan_to_num(self.weight * SLOPES[self.kind](above, np.log1p))
        return values


class _Pair(NamedTuple):
    """Half of what a pair of fields adds, less half of its average.

    `one` and `other` are the fields' positions. `entries` have a row for each bin of the first field that the table
    tells apart, over all bins of the second. `rows` is where the row begins for each bin of the first field.
    """

    one: int
    other: int
    rows: Positions
    entries: FloatArray

    def as_lists(self) -> tuple[int, int, list[list[float]]]:
        """The positions of both fields, and the row for each bin of the first; equal rows are one list."""
        listed, width = self.entries.tolist(), self.entries.shape[1]
        return self.one, self.other, [listed[start // width] for start in self.rows.tolist()]


class Terms:
    """Tables and slopes, at most one for the same fields; implements Scorer."""

    additive = True

    def __init__(
        self, schema: Schema, intercept: float, tables: Sequence[TableTerm], slopes: Sequence[SlopeTerm] = ()
    ) -> None:
        """Raises KeyError, TypeError or ValueError for terms that do not fit the schema's fields."""
        self.schema = schema
        self.intercept = _number(intercept)
        self.tables, self.slopes = tuple(tables), tuple(slopes)
        _check(schema, self.tables, self.slopes)
        averages = [*(_number(term.average) for term in self.tables), *(_number(term.average) for term in self.slopes)]
        self.average_log_odds = math.fsum([self.intercept, *averages])
        self._bins = Bins(
            schema, (each for table in self.tables for each in zip(table.fields, table.cuts, strict=True))
        )
        self._rates = tuple(map(self._rate, self.slopes))
        self._types = tuple(np.float64 if name in schema.numbers else np.intp for name in schema.fields)
        self._singles, self._pairs = self._single(), tuple(self._paired())
        # The same as lists, which are faster for a single customer.
        self._single_lists = [entries.tolist() for entries in self._singles]
        self._pair_lists = tuple(pair.as_lists() for pair in self._pairs)

    @classmethod
    def from_dict(cls, schema: Schema, data: Mapping[str, Any]) -> "Terms":
        """Raises KeyError, TypeError or ValueError when the data is no model of the schema's fields."""
        tables = [
            TableTerm(
                tuple(table["fields"]), tuple(map(tuple, table["cuts"])), _array(table["entries"]), table["average"]
            )
            for table in data["tables"]
        ]
        slopes = [
            SlopeTerm(slope["field"], slope["kind"], slope["weight"], slope["average"]) for slope in data["slopes"]
        ]
        return cls(schema, data["intercept"], tables, slopes)

    def to_dict(self) -> dict[str, Any]:
        """The model as `from_dict` reads it."""
        return {
            "intercept": self.intercept,
            "tables": [table._replace(entries=table.entries.tolist())._asdict() for table in self.tables],
            "slopes": [slope._asdict() for slope in self.slopes],
        }

    def sums(self, table: Customer) -> FloatArray:
        """The sum over n customers of what each table, and then each slope, adds to the log-odds, shape (terms,)."""
        tables = [term.of(self.schema, table).sum() for term in self.tables]
        return np.array([*tables, *(term.of(self.schema, table).sum() for term in self.slopes)], np.float64)

    def measured_from(self, averages: FloatArray) -> "Terms":
        """The same model, its effects measured from these averages of the tables and then of the slopes."""
        count = len(self.tables)
        held = averages.tolist()
        tables = [term._replace(average=each) for term, each in zip(self.tables, held[:count], strict=True)]
        slopes = [term._replace(average=each) for term, each in zip(self.slopes, held[count:], strict=True)]
        return Terms(self.schema, self.intercept, tables, slopes)

    def log_odds(self, customer: Customer) -> float:
        """The log-odds of a customer."""
        return self.average_log_odds + sum(self.effects(customer))

    def log_odds_of(self, table: Customer) -> FloatArray:
        """The log-odds of n customers, shape (n,)."""
        sums: FloatArray = self.average_log_odds + self.effects_table(table).sum(axis=1)
        return sums

    def probability(self, customer: Customer) -> float:
        """The churn probability of a customer, 0 to 1."""
        return sigmoid(self.log_odds(customer))

    def probabilities(self, table: Customer) -> FloatArray:
        """The churn probabilities of n customers, shape (n,)."""
        return sigmoids(self.log_odds_of(table))

    def explained(self, table: Customer) -> tuple[FloatArray, FloatArray]:
        """The probabilities, shape (n,), and the effects, shape (n, fields)."""
        effects = self.effects_table(table)
        return sigmoids(self.average_log_odds + effects.sum(axis=1)), effects

    def effects(self, customer: Customer) -> list[float]:
        """What each field adds to the log-odds, in the fields' order."""
        bins = self._bins.of(customer)
        effects = [entries[each] for entries, each in zip(self._single_lists, bins, strict=True)]
        for one, other, rows in self._pair_lists:
            half = rows[bins[one]][bins[other]]
            effects[one] += half
            effects[other] += half
        for place, low, weight, slope in self._rates:
            above = customer[place] - low
            if above == above:  # a blank is NaN
                effects[place] += weight * slope(above, math.log1p)
        return effects

    def effects_table(self, table: Customer) -> FloatArray:
        """The effects of n customers, shape (n, fields)."""
        count = len(table[0])
        if count < _FEW:
            columns = [column.astype(dtype).tolist() for column, dtype in zip(table, self._types, strict=True)]
            rows = zip(*columns, strict=True)
            return np.array([self.effects(row) for row in rows]).reshape(count, len(table))
        effects = np.empty((len(table), count))
        for start in range(0, count, _BLOCK):
            block = slice(start, start + _BLOCK)
            self._write(tuple(column[block] for column in table), list(effects[:, block]))
        return effects.T

    def _write(self, table: Customer, effects: list[FloatArray]) -> None:
        """Write the effects of n customers, one array of shape (n,) for each field."""
        bins = self._bins.of_table(table)
        for column, entries, places in zip(effects, self._singles, bins, strict=True):
            column[:] = entries.take(places)
        for one, other, rows, entries in self._pairs:
            places = rows.take(bins[one])
            places += bins[other]
            half = entries.take(places)
            effects[one] += half
            effects[other] += half
        for place, low, weight, slope in self._rates:
            effects[place] += np.nan_to_num(weight * slope(table[place] - low, np.log1p))

    def _rate(self, slope: SlopeTerm) -> tuple[int, float, float, Formula]:
        """The position of a number, its least value, the slope's weight, and its formula."""
        schema = self.schema
        return schema.position[slope.field], schema.numbers[slope.field].low, slope.weight, SLOPES[slope.kind]

    def _single(self) -> list[FloatArray]:
        """What each field adds by its own table, by bin, less the averages of the table and of the field's slopes."""
        position = self.schema.position
        singles = [np.zeros(size) for size in self._bins.sizes]
        for fields, cuts, entries, average in self.tables:
            if len(fields) == 1:
                singles[position[fields[0]]] += entries[self._bins.own(fields[0], cuts[0])] - average
        for slope in self.slopes:
            singles[position[slope.field]] -= slope.average
        return singles

    def _paired(self) -> Iterator[_Pair]:
        for fields, cuts, entries, average in self.tables:
            if len(fields) > 1:
                row, column = map(self._bins.own, fields, cuts)
                halves = ((entries - average) / 2)[:, column]
                one, other = (self.schema.position[field] for field in fields)
                yield _Pair(one, other, row * halves.shape[1], halves)


def _check(schema: Schema, tables: Sequence[TableTerm], slopes: Sequence[SlopeTerm]) -> None:
    """Raises KeyError, TypeError or ValueError for terms that do not fit the schema's fields."""
    named = [*(frozenset(table.fields) for table in tables), *((slope.field, slope.kind) for slope in slopes)]
    if len(set(named)) < len(named):
        raise ValueError("two terms of a model are of the same fields")
    for table in tables:
        if not 1 <= len(set(table.fields)) == len(table.fields) <= 2:
            raise ValueError(f"a table is of one field or of two, not of {', '.join(table.fields)}")
        for field, cuts in zip(table.fields, table.cuts, strict=True):
            if (cuts and field in schema.categories) or any(
                not low < high for low, high in pairwise(map(_number, cuts))
            ):
                raise ValueError(f"the cuts of {field} are not ascending, or are of a category")
        shape = tuple(bin_count(schema, *each) for each in zip(table.fields, table.cuts, strict=True))
        if table.entries.shape != shape or not np.isfinite(table.entries).all():
            raise ValueError(f"the table of {' and '.join(table.fields)} does not hold {shape} finite numbers")
    for slope in slopes:
        _ = _number(slope.weight), schema.numbers[slope.field], SLOPES[slope.kind]


def _number(value: Any) -> float:
    """A finite number. Raises TypeError or ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    if not math.isfinite(value):
        raise ValueError(f"{value!r} is no finite number")
    return float(value)


def _array(values: Any) -> FloatArray:
    """Numbers as an array. Raises TypeError or ValueError for anything else."""
    array = np.array(values)
    if array.dtype.kind not in "if":
        raise TypeError("a table holds something that is no number")
    return array.astype(np.float64)
