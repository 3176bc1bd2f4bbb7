"""What goes with churn: odds ratios of changes that mean something to people, with intervals.

A weight of a single column says little here, because a field acts through several columns (a contract's term changes
how tenure counts). So each driver is a change of a whole customer, such as a two-year contract in place of a monthly
one, made for everyone it can be made for, and the mean difference of the log-odds is its effect. It is taken from the
logistic regression, which has intervals, whichever model serves. These are associations: nothing was varied by
experiment.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from churn.customer import CATEGORIES, FIELDS, IMPLIED, Customer, words_for
from churn.features import COLUMNS, matrix
from churn_trainer.candidates import LOGISTIC_REGRESSION, SEED
from churn_trainer.prepare import BLOCK, Prepared

# Customers that a change is tried on; more change no digit that is shown.
_SAMPLE = 2_000
_Z = 1.959964

Floats = NDArray[np.float64]


class Change(NamedTuple):
    """A field changed from one value to another for all customers who can have both."""

    field: str
    before: Any
    after: Any
    from_table: Customer
    to_table: Customer


def drivers(model: LogisticRegression, prepared: Prepared) -> dict[str, Any]:
    """Field by field, the largest change first, and column by column; odds ratios with 95 % intervals."""
    covariance = _covariance(model, prepared)
    weights = model.coef_[0].astype(np.float64)
    rows = np.sort(np.random.default_rng(SEED).permutation(prepared.split.development)[:_SAMPLE])
    fields = [
        _driver(change, weights, covariance, prepared) for change in _changes(prepared.table.take(rows).customers)
    ]
    fields.sort(key=lambda one: -abs(math.log(one["odds_ratio"])))
    return {
        "model": LOGISTIC_REGRESSION,
        "meaning": "How the odds of churning differ, on average, where one field differs and the others do not. "
        "An association, not a promised effect.",
        "fields": fields,
        "columns": list(_column_drivers(weights, covariance)),
    }


def _covariance(model: LogisticRegression, prepared: Prepared) -> Floats:
    """The covariance of the weights of a ridge-penalised logistic regression by the sandwich H⁻¹ (XᵀWX) H⁻¹, with
    H = XᵀWX + I/C, in scaled columns and an intercept."""
    information = np.zeros((len(COLUMNS) + 1, len(COLUMNS) + 1))
    rows = prepared.split.development
    for start in range(0, len(rows), BLOCK):
        scaled = prepared.scaled(rows[start : start + BLOCK]).astype(np.float64)
        probability = model.predict_proba(scaled)[:, 1]
        whole = np.column_stack([scaled, np.ones(len(scaled))])
        information += whole.T @ (whole * (probability * (1 - probability))[:, None])
    penalty = np.diag([*np.full(len(COLUMNS), 1 / model.C), 0.0])  # the intercept is free
    inverse = np.linalg.inv(information + penalty)
    covariance: Floats = (inverse @ information @ inverse)[:-1, :-1]
    return covariance


def _driver(change: Change, weights: Floats, covariance: Floats, prepared: Prepared) -> dict[str, Any]:
    step = (matrix(change.to_table) - matrix(change.from_table)).mean(axis=0) / prepared.scaler.scale_
    effect = float(step @ weights)
    error = math.sqrt(max(float(step @ covariance @ step), 0.0))
    field = FIELDS[change.field]
    return {
        "field": change.field,
        "title": field.title,
        "from": change.before,
        "to": change.after,
        "text": f"{_words(change.field, change.to_table)} instead of {_words(change.field, change.from_table)}",
        **_odds(effect, error),
    }


def _odds(effect: float, error: float) -> dict[str, Any]:
    return {
        "log_odds": effect,
        "odds_ratio": math.exp(effect),
        "low": math.exp(effect - _Z * error),
        "high": math.exp(effect + _Z * error),
        "direction": "raises" if effect > 0 else "lowers",
    }


def _words(name: str, table: Customer) -> str:
    words = words_for(name, Customer(*(column[0] for column in table)))
    return words if words[1].isupper() else words[0].lower() + words[1:]


def _changes(people: Customer) -> Iterator[Change]:
    """Every category against its commonest value, tenure and bills from their lower to their upper quartile."""
    for name in CATEGORIES:
        yield from _category_changes(name, people)
    for name in ("tenure", "MonthlyCharges"):
        low, high = (float(one) for one in np.quantile(getattr(people, name), (0.25, 0.75), method="nearest"))
        if low < high:
            yield Change(name, low, high, _with_number(people, name, low), _with_number(people, name, high))


def _category_changes(name: str, people: Customer) -> Iterator[Change]:
    able = people
    if name in IMPLIED:
        rule = IMPLIED[name]
        able = _where(people, getattr(people, rule.field) != CATEGORIES[rule.field].code(rule.value))
    values = CATEGORIES[name].names
    counts = np.bincount(getattr(able, name), minlength=len(values))
    usual = int(counts.argmax())
    for code, value in enumerate(values):
        if code != usual and counts[code]:
            yield Change(name, values[usual], value, _with(able, name, usual), _with(able, name, code))


def _where(people: Customer, rows: NDArray[np.bool]) -> Customer:
    return Customer(*(column[rows] for column in people))


def _with(people: Customer, name: str, code: int) -> Customer:
    """Everyone with one value, and what it implies: without the service nothing that needs it, with it a plain line."""
    changed = people._replace(**{name: np.full_like(getattr(people, name), code)})
    for child, rule in IMPLIED.items():
        if rule.field == name:
            implied, plain = CATEGORIES[child].code(rule.implies), CATEGORIES[child].code("No")
            held = getattr(changed, child)
            without = code == CATEGORIES[name].code(rule.value)
            settled = np.full_like(held, implied) if without else np.where(held == implied, plain, held)
            changed = changed._replace(**{child: settled})
    return changed


def _with_number(people: Customer, name: str, value: float) -> Customer:
    """Everyone with one number; what was billed so far follows from it."""
    changed = people._replace(**{name: np.full_like(getattr(people, name), value)})
    return changed._replace(TotalCharges=changed.tenure * changed.MonthlyCharges)


def _column_drivers(weights: Floats, covariance: Floats) -> Iterator[dict[str, Any]]:
    """Each column's odds ratio for one standard deviation more, the others held fixed."""
    errors = np.sqrt(np.diag(covariance))
    order = np.argsort(-np.abs(weights), kind="stable")
    for position in order:
        yield {"column": COLUMNS[position], **_odds(float(weights[position]), float(errors[position]))}
