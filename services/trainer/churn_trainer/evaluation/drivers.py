"""What goes with churn: odds ratios of changes that a real customer could make, with intervals.

The weight of a single column says little here. A field acts through several columns (a contract's term changes how
tenure counts), and a service's price is in the bill as well. So a driver is a change of a whole customer, such as a
two-year contract in place of a monthly one, made for everyone for whom it is possible; its effect is the mean
difference of the log-odds. A service comes with its price: the bill, and what was billed so far, move by what it costs.
Effects are taken from the logistic regression, whichever model serves. They are associations, since nothing was varied
by experiment.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.customer.declaration import Customer
from churn.intervals import NORMAL_95
from churn.model.scorecard import Scorecard
from churn.schema import Schema
from churn_trainer.data.prepare import Prepared
from churn_trainer.data.table import Table
from churn_trainer.training.attribution import explained_by
from churn_trainer.training.candidates import LOGISTIC_REGRESSION, SEED

# How many customers a change is tried on. More of them change no digit that is shown.
_SAMPLE = 2_000

# How many customers with the nearest bill lend their services to a change of the bill.
_NEIGHBOURS = 100

Floats = NDArray[np.float64]


class Change(NamedTuple):
    """A field changed from one value to another, and the customers who can have both, before and after the change.

    A value is None where a blank is one.
    """

    field: str
    before: Any
    after: Any
    from_table: Customer
    to_table: Customer


def drivers(
    regression: Scorecard, refitted: Sequence[Scorecard], refitted_rows: int, prepared: Prepared
) -> dict[str, Any]:
    """Field by field, the largest change first, and column by column; odds ratios with 95 % intervals.

    `refitted_rows` is how many customers each of the `refitted` regressions was fitted on. The intervals are normal
    ones whose error is the standard deviation over the refits, scaled by √(refitted_rows / development rows), because
    refits on fewer customers spread more than the regression itself would.
    """
    spread = _Spread(
        np.array(regression.weights),
        np.array([refit.weights for refit in refitted]),
        math.sqrt(refitted_rows / len(prepared.split.development)),
    )
    rows = np.sort(np.random.default_rng(SEED).permutation(prepared.split.development)[:_SAMPLE])
    changes = _Changes(prepared.table.take(rows), _prices(regression))
    fields = [_driver(prepared.table.schema, change, spread) for change in changes.every()]
    fields.sort(key=lambda one: -abs(one["log_odds"]))
    priced = ", a service together with its price," if _has_prices(prepared.table.schema) else ""
    return {
        "model": LOGISTIC_REGRESSION,
        "meaning": f"How the odds of churning differ, on average, where one field differs{priced} and the others do "
        "not. The intervals are by refits on resampled customers, search for settings included. An association, not a "
        "promised effect.",
        "refits": len(refitted),
        "fields": fields,
        "columns": list(_column_drivers(prepared.columns, spread, prepared.scaler.scale_)),
    }


class _Spread(NamedTuple):
    """The columns' weights, shape (columns,), those of the refits, shape (refits, columns), and a factor.

    The standard deviation over the refits times `factor` is the standard error of the weights.
    """

    weights: Floats
    refits: Floats
    factor: float

    def odds(self, step: Floats) -> dict[str, Any]:
        """The odds ratio of a step in the columns, shape (columns,), with its 95 % interval."""
        effect, error = float(step @ self.weights), self.factor * float((self.refits @ step).std(ddof=1))
        return {
            "log_odds": effect,
            "odds_ratio": math.exp(effect),
            "low": math.exp(effect - NORMAL_95 * error),
            "high": math.exp(effect + NORMAL_95 * error),
            "direction": "raises" if effect > 0 else "lowers",
        }


def _prices(regression: Scorecard) -> Floats:
    """The amount by which the monthly bill grows with each column, shape (columns,); 0 where it does not."""
    schema = regression.schema
    slopes = regression.slopes.get(schema.role("monthly_value") or "", {})
    return np.array([slopes.get(name, 0.0) for name in schema.features.names])


def _driver(schema: Schema, change: Change, spread: _Spread) -> dict[str, Any]:
    matrix = schema.features.matrix
    return {
        "field": change.field,
        "title": schema.fields[change.field].title,
        "from": change.before,
        "to": change.after,
        "text": _text(schema, change),
        **spread.odds((matrix(change.to_table) - matrix(change.from_table)).mean(axis=0)),
    }


def _text(schema: Schema, change: Change) -> str:
    before, after = (_words(schema, change.field, table) for table in (change.from_table, change.to_table))
    words = f"{after} instead of {before}"
    if change.field == schema.role("monthly_value") and schema.services:
        return f"{words}, with the services of such bills"
    priced = _has_prices(schema) and schema.fields[change.field].group == schema.services
    return f"{words}, and its price" if priced else words


def _has_prices(schema: Schema) -> bool:
    """Whether it is known what services add to the bill, which takes tenure, bill and total."""
    return schema.role("monthly_value") in explained_by(schema)


def _words(schema: Schema, name: str, table: Customer) -> str:
    words = schema.words_for(name, schema.customer(column[0] for column in table))
    return words if words[1:2].isupper() else words[0].lower() + words[1:]


class _Changes:
    """The changes that a table of customers allows; `prices` are what each column adds to the monthly bill."""

    def __init__(self, people: Table, prices: Floats) -> None:
        self._schema, self._people, self._prices = people.schema, people.customers, prices
        self._tenure, self._monthly = self._schema.role("tenure"), self._schema.role("monthly_value")
        self._total = self._schema.role("total_value")

    def every(self) -> Iterator[Change]:
        """Each category's values against its commonest one; numbers from the lower to the upper quartile.

        The total is left out, as it follows from tenure and bill. A blank that is a value stands against the median.
        """
        for name in self._schema.categories:
            yield from self._category(name)
        others = [name for name in self._schema.numbers if name not in (self._tenure, self._monthly, self._total)]
        for name in filter(None, (self._tenure, self._monthly, *others)):
            held = self._held(name)
            low, middle, high = map(float, np.nanquantile(held, (0.25, 0.5, 0.75), method="nearest"))
            if low < high:
                yield Change(name, low, high, self._with_number(name, low), self._with_number(name, high))
            if np.isnan(held).any():
                yield Change(name, middle, None, self._with_number(name, middle), self._with_number(name, math.nan))

    def _held(self, name: str, people: Customer | None = None) -> Any:
        return (self._people if people is None else people)[self._schema.position[name]]

    def _category(self, name: str) -> Iterator[Change]:
        schema, able = self._schema, self._people
        if name in schema.implied:
            rule = schema.implied[name]
            rows = self._held(rule.field) != schema.categories[rule.field].code(rule.value)
            able = schema.customer(column[rows] for column in able)
        values = schema.categories[name].names
        counts = np.bincount(self._held(name, able), minlength=len(values))
        usual = int(counts.argmax())
        for code, value in enumerate(values):
            if code != usual and counts[code]:
                before, after = (self._billed(able, self._with(able, name, one)) for one in (usual, code))
                yield Change(name, values[usual], value, before, after)

    def _billed(self, people: Customer, changed: Customer) -> Customer:
        """The changed people with the bill they would always have had: theirs plus the price of the change."""
        if self._tenure is None or self._monthly is None or self._total is None:
            return changed
        matrix = self._schema.features.matrix
        more = (matrix(changed) - matrix(people)) @ self._prices
        bill = self._possible(self._monthly, self._held(self._monthly, people) + more)
        total = self._possible(self._total, self._held(self._total, people) + more * self._held(self._tenure, people))
        return self._schema.replaced(changed, {self._monthly: bill, self._total: total})

    def _possible(self, name: str, numbers: Floats) -> Floats:
        field = self._schema.numbers[name]
        return np.clip(numbers, field.low, field.high)

    def _with(self, people: Customer, name: str, code: int) -> Customer:
        """Everyone with one value of a category, and what it implies for the fields that depend on it.

        Without the service, the fields that need it say so; with it, they become their plain value (No, if they have
        one) where they were implied before.
        """
        changed = {name: np.full_like(self._held(name, people), code)}
        return self._schema.obeying(self._schema.replaced(people, changed))

    def _with_number(self, name: str, number: float) -> Customer:
        """Everyone with the same number, and with the total that follows from it.

        With the same bill, everyone has the services of somebody with such a bill.
        """
        services = self._services_of(number) if name == self._monthly else {}
        return self._followed({**services, name: np.full_like(self._held(name), number)})

    def _services_of(self, bill: float) -> dict[str, Any]:
        schema, bills = self._schema, self._held(str(self._monthly))
        neighbours = np.argsort(np.abs(bills - bill), kind="stable")[:_NEIGHBOURS]
        donors = np.resize(neighbours, len(bills))
        return {name: self._held(name)[donors] for name in schema.in_group(schema.services or "")}

    def _followed(self, values: dict[str, Any]) -> Customer:
        """Everyone with these values, and the declared product of two numbers (the total), if any, computed anew."""
        people = self._schema.replaced(self._people, values)
        if self._schema.product is None:
            return people
        name, product = self._schema.product
        first, second = (self._held(factor, people) for factor in product.factors)
        return self._schema.replaced(people, {name: self._possible(name, first * second)})


def _column_drivers(columns: Sequence[str], spread: _Spread, deviations: Floats) -> Iterator[dict[str, Any]]:
    """Each column's odds ratio for one standard deviation more, with the other columns fixed."""
    steps = np.diag(deviations)
    for position in np.argsort(-np.abs(spread.weights * deviations), kind="stable"):
        yield {"column": columns[position], **spread.odds(steps[position])}
