"""An additive model as data: an intercept and a weight for each of the 45 columns.

log-odds = intercept + Σ weight × column. A field's effect is Σ weight × (column − average of the column) over the
columns made of it, a column of several fields counting for each in equal parts. What a customer cannot have for want of
a service counts for that service: without internet, the add-ons' effects belong to InternetService.

Of a column that others explain, such as the bill, which is the sum of the services' prices, no data can tell the effect
from theirs. So each of them takes what it explains, weight × slope × (column − average), and only the rest of the
explained column counts for its own fields. That moves effects between fields; their sum stays what it is.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from churn.customer.declaration import CATEGORIES, FIELDS, IMPLIED, Customer
from churn.model.features import COLUMNS, FEATURES, matrix
from churn.model.lookup import NotTabulated, Tabulated, require_tabulated
from churn.model.scoring import FloatArray, sigmoid, sigmoids

Slopes = Mapping[str, Mapping[str, float]]
"""Of a column, by how much it grows with each of those that explain it linearly."""

_POSITION = {name: position for position, name in enumerate(FIELDS)}

# Column index → the positions of the fields that share its effect.
_OWNERS = tuple(tuple(_POSITION[field] for field in feature.fields) for feature in FEATURES)

# (position of the implying field, its code, positions of the fields it implies)
_MOVES = tuple(
    (
        _POSITION[parent],
        CATEGORIES[parent].code("No"),
        tuple(_POSITION[name] for name, rule in IMPLIED.items() if rule.field == parent),
    )
    for parent in dict.fromkeys(rule.field for rule in IMPLIED.values())
)


def share_matrix() -> FloatArray:
    """How each column's effect is shared among the fields, shape (45, 19); every row sums to 1."""
    shares = np.zeros((len(COLUMNS), len(FIELDS)))
    for column, owners in enumerate(_OWNERS):
        shares[column, list(owners)] = 1 / len(owners)
    return shares


def effect_matrix(weights: FloatArray, slopes: Slopes) -> FloatArray:
    """What a unit of each column adds to each field's effect, shape (45, 19); every row sums to the column's weight.

    Raises ValueError when slopes are of other columns.
    """
    shares, slope_matrix = share_matrix(), _slope_matrix(slopes)
    explained = weights @ slope_matrix
    effects: FloatArray = (weights + explained)[:, None] * shares - (slope_matrix * weights[:, None]).T @ shares
    return effects


def _slope_matrix(slopes: Slopes) -> FloatArray:
    """Shape (45, 45): by how much the column of the row grows with that of the column."""
    named = {name for column, by in slopes.items() for name in (column, *by)}
    if unknown := named - set(COLUMNS):
        raise ValueError(f"a scorecard has no column {min(unknown)!r} that others could explain")
    out = np.zeros((len(COLUMNS), len(COLUMNS)))
    for name, by in slopes.items():
        for other, slope in by.items():
            out[COLUMNS.index(name), COLUMNS.index(other)] = float(slope)
    return out


class Scorecard:
    """Weights and averages over the 45 columns; implements Scorer."""

    additive = True

    def __init__(
        self,
        intercept: float,
        weights: Mapping[str, float],
        averages: Mapping[str, float],
        slopes: Slopes | None = None,
    ) -> None:
        """Raises ValueError when the columns are not exactly the 45, in name, or slopes are of others."""
        if set(weights) != set(COLUMNS) or set(averages) != set(COLUMNS):
            raise ValueError("a scorecard needs a weight and an average for each of the 45 columns, and no others")
        self.slopes: Slopes = slopes or {}
        self.intercept = float(intercept)
        self.weights = [float(weights[name]) for name in COLUMNS]
        self.averages = [float(averages[name]) for name in COLUMNS]
        self.average_log_odds = self.intercept + sum(w * a for w, a in zip(self.weights, self.averages, strict=True))
        self._vector = np.array(self.weights)
        self._effects = effect_matrix(self._vector, self.slopes)
        self._effects_at_average = np.array(self.averages) @ self._effects

    @cached_property
    def tabulated(self) -> Tabulated:
        """The log-odds and the effects by looking up. Raises NotTabulated where a column does not fit."""
        try:
            return Tabulated(self._log_odds_and_effects)
        except NotTabulated:
            require_tabulated()  # it knows which column does not fit
            raise

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Scorecard":
        """Raises KeyError, TypeError or ValueError when the data is no scorecard, or one that cannot be looked up."""
        scorecard = cls(data["intercept"], data["weights"], data["averages"], data.get("slopes"))
        _ = scorecard.tabulated  # now: one that cannot be looked up must not come into service
        return scorecard

    def to_dict(self) -> dict[str, Any]:
        """The scorecard as `from_dict` reads it: intercept, and by column weights, averages and slopes."""
        return {
            "intercept": self.intercept,
            "weights": dict(zip(COLUMNS, self.weights, strict=True)),
            "averages": dict(zip(COLUMNS, self.averages, strict=True)),
            "slopes": self.slopes,
        }

    def log_odds(self, customer: Customer) -> float:
        """The log-odds of a customer, by looking up."""
        return self.tabulated.first(customer)

    def probability(self, customer: Customer) -> float:
        """The churn probability of a customer, 0 to 1, by looking up."""
        return sigmoid(self.log_odds(customer))

    def probabilities(self, table: Customer) -> FloatArray:
        """The churn probabilities of n customers, shape (n,), by the formula over the columns."""
        return sigmoids(self.intercept + matrix(table) @ self._vector)

    def effects(self, customer: Customer) -> list[float]:
        """What each of the nineteen fields adds to the log-odds, by looking up."""
        effects: list[float] = self.tabulated.all(customer)[1:].tolist()
        return effects

    def effects_table(self, table: Customer) -> FloatArray:
        """The effects of n customers, shape (n, 19), by the formula over the columns."""
        return self.effects_of(matrix(table), table)

    def explained(self, table: Customer) -> tuple[FloatArray, FloatArray]:
        """The probabilities, shape (n,), and the effects, shape (n, 19), by looking up."""
        sums = self.tabulated.table(table)
        return sigmoids(sums[0]), sums[1:].T

    def effects_of(self, columns: FloatArray, table: Customer) -> FloatArray:
        """The effects, shape (n, 19), where the (n, 45) matrix of the table has been made already."""
        # Field by field, so that each step runs over consecutive memory.
        effects: FloatArray = self._effects.T @ columns.T - self._effects_at_average[:, None]
        for parent, code, children in _MOVES:
            without = table[parent] == code
            effects[parent] += effects[children, :].sum(axis=0) * without
            for child in children:
                effects[child] *= ~without
        return effects.T

    def _log_odds_and_effects(self, table: Customer) -> FloatArray:
        """Shape (n, 20): the log-odds, then the effects."""
        columns = matrix(table)
        return np.column_stack([self.intercept + columns @ self._vector, self.effects_of(columns, table)])
