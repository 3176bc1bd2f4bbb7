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

from churn.customer.declaration import CATEGORIES, FIELDS, IMPLIED, SERVICES, Customer, words_for
from churn.model.features import COLUMNS, matrix
from churn.model.scorecard import Scorecard
from churn_trainer.data.prepare import Prepared
from churn_trainer.model_metrics import NORMAL_95
from churn_trainer.training.candidates import LOGISTIC_REGRESSION, SEED

# How many customers a change is tried on. More of them change no digit that is shown.
_SAMPLE = 2_000

# How many customers with the nearest bill lend their services to a change of the bill.
_NEIGHBOURS = 100

Floats = NDArray[np.float64]


class Change(NamedTuple):
    """A field changed from one value to another, and the customers who can have both, before and after the change."""

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
    people = prepared.table.take(rows).customers
    fields = [_driver(change, spread) for change in _changes(people, _prices(regression))]
    fields.sort(key=lambda driver: -abs(driver["log_odds"]))
    return {
        "model": LOGISTIC_REGRESSION,
        "meaning": "How the odds of churning differ, on average, where one field differs, a service together with its "
        "price, and the others do not. The intervals are by refits on resampled customers, search for settings "
        "included. An association, not a promised effect.",
        "refits": len(refitted),
        "fields": fields,
        "columns": list(_column_drivers(spread, prepared.scaler.scale_)),
    }


class _Spread(NamedTuple):
    """The columns' weights, shape (45,), those of the refits, shape (refits, 45), and the factor for their spread."""

    weights: Floats
    refits: Floats
    factor: float

    def odds(self, step: Floats) -> dict[str, Any]:
        """The odds ratio of a step in the columns, shape (45,), with its 95 % interval."""
        effect, error = float(step @ self.weights), self.factor * float((self.refits @ step).std(ddof=1))
        return {
            "log_odds": effect,
            "odds_ratio": math.exp(effect),
            "low": math.exp(effect - NORMAL_95 * error),
            "high": math.exp(effect + NORMAL_95 * error),
            "direction": "raises" if effect > 0 else "lowers",
        }


def _prices(regression: Scorecard) -> Floats:
    """Dollars by which the monthly bill grows with each column, shape (45,); 0 where it does not."""
    slopes = regression.slopes["MonthlyCharges"]
    return np.array([slopes.get(name, 0.0) for name in COLUMNS])


def _driver(change: Change, spread: _Spread) -> dict[str, Any]:
    return {
        "field": change.field,
        "title": FIELDS[change.field].title,
        "from": change.before,
        "to": change.after,
        "text": _text(change),
        **spread.odds((matrix(change.to_table) - matrix(change.from_table)).mean(axis=0)),
    }


def _text(change: Change) -> str:
    words = f"{_words(change.field, change.to_table)} instead of {_words(change.field, change.from_table)}"
    if change.field == "MonthlyCharges":
        return f"{words}, with the services of such bills"
    return f"{words}, and its price" if FIELDS[change.field].group == SERVICES else words


def _words(name: str, table: Customer) -> str:
    words = words_for(name, Customer(*(column[0] for column in table)))
    return words if words[1].isupper() else words[0].lower() + words[1:]


def _changes(people: Customer, prices: Floats) -> Iterator[Change]:
    """Each category's values against its commonest one; tenure and bill from their lower to their upper quartile."""
    for name in CATEGORIES:
        yield from _category_changes(name, people, prices)
    for name, with_number in (("tenure", _with_tenure), ("MonthlyCharges", _with_bill)):
        low, high = (float(quartile) for quartile in np.quantile(getattr(people, name), (0.25, 0.75), method="nearest"))
        if low < high:
            yield Change(name, low, high, with_number(people, low), with_number(people, high))


def _category_changes(name: str, people: Customer, prices: Floats) -> Iterator[Change]:
    able = people
    if name in IMPLIED:
        rule = IMPLIED[name]
        able = _where(people, getattr(people, rule.field) != CATEGORIES[rule.field].code(rule.value))
    values = CATEGORIES[name].names
    counts = np.bincount(getattr(able, name), minlength=len(values))
    usual = int(counts.argmax())
    for code, value in enumerate(values):
        if code != usual and counts[code]:
            before, after = (_billed(able, _with(able, name, chosen), prices) for chosen in (usual, code))
            yield Change(name, values[usual], value, before, after)


def _billed(people: Customer, changed: Customer, prices: Floats) -> Customer:
    """The changed people with the bill they would always have had: theirs plus the price of the change."""
    more = (matrix(changed) - matrix(people)) @ prices
    bill = np.maximum(people.MonthlyCharges + more, 0.0)
    total = np.maximum(people.TotalCharges + more * people.tenure, 0.0)
    return changed._replace(MonthlyCharges=bill, TotalCharges=total)


def _where(people: Customer, rows: NDArray[np.bool]) -> Customer:
    return Customer(*(column[rows] for column in people))


def _with(people: Customer, name: str, code: int) -> Customer:
    """Everyone with one value of a category, and what it implies for the fields that depend on it.

    Without the service, the fields that need it say so; with it, they become No where they were implied before.
    """
    changed = people._replace(**{name: np.full_like(getattr(people, name), code)})
    for child, rule in IMPLIED.items():
        if rule.field == name:
            implied, plain = CATEGORIES[child].code(rule.implies), CATEGORIES[child].code("No")
            codes = getattr(changed, child)
            without = code == CATEGORIES[name].code(rule.value)
            settled = np.full_like(codes, implied) if without else np.where(codes == implied, plain, codes)
            changed = changed._replace(**{child: settled})
    return changed


def _with_tenure(people: Customer, months: float) -> Customer:
    """Everyone with the same tenure, and with the total that follows from it."""
    tenure = np.full_like(people.tenure, months)
    return people._replace(tenure=tenure, TotalCharges=tenure * people.MonthlyCharges)


def _with_bill(people: Customer, bill: float) -> Customer:
    """Everyone with the same bill, the services of somebody with such a bill, and the total that follows from it."""
    neighbours = np.argsort(np.abs(people.MonthlyCharges - bill), kind="stable")[:_NEIGHBOURS]
    donors = np.resize(neighbours, len(people.tenure))
    services = {name: getattr(people, name)[donors] for name in CATEGORIES if FIELDS[name].group == SERVICES}
    monthly = np.full_like(people.MonthlyCharges, bill)
    return people._replace(**services, MonthlyCharges=monthly, TotalCharges=people.tenure * monthly)


def _column_drivers(spread: _Spread, deviations: Floats) -> Iterator[dict[str, Any]]:
    """Each column's odds ratio for one standard deviation more, with the other columns fixed."""
    steps = np.diag(deviations)
    for position in np.argsort(-np.abs(spread.weights * deviations), kind="stable"):
        yield {"column": COLUMNS[position], **spread.odds(steps[position])}
