"""An additive model as data: an intercept and a weight for each of the columns that models see.

log-odds = intercept + Σ weight × column. A field's effect is Σ weight × (column − average of the column) over the
columns made of it; a column of several fields counts for each of them in equal parts. What a customer cannot have
without a service counts for that service: without internet, the add-ons' effects belong to InternetService.

If other columns explain a column, as the services' prices explain the bill, no data can separate its effect from
theirs. So each of them gets the part that it explains, weight × slope × (column − average), and only the rest of the
explained column counts for its own fields. This moves effects between fields and leaves their sum as it is.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from churn.customer.declaration import Customer
from churn.model.layout import layout_of
from churn.model.lookup import NotTabulated, Tabulated, require_tabulated
from churn.model.scoring import FloatArray, sigmoid, sigmoids
from churn.schema import Schema

Slopes = Mapping[str, Mapping[str, float]]
"""For each column that others explain linearly, its growth per unit of each of them, by name."""


def share_matrix(schema: Schema) -> FloatArray:
    """How each column's effect is shared among the fields, shape (columns, fields); every row sums to 1."""
    features = schema.features.features
    shares = np.zeros((len(features), len(schema.fields)))
    for column, feature in enumerate(features):
        shares[column, [schema.position[name] for name in feature.fields]] = 1 / len(feature.fields)
    return shares


def effect_matrix(schema: Schema, weights: FloatArray, slopes: Slopes) -> FloatArray:
    """What a unit of each column adds to each field's effect, shape (columns, fields).

    Every row sums to the column's weight. Raises ValueError when slopes are of other columns.
    """
    shares, slope_matrix = share_matrix(schema), _slope_matrix(schema.features.names, slopes)
    explained = weights @ slope_matrix
    effects: FloatArray = (weights + explained)[:, None] * shares - (slope_matrix * weights[:, None]).T @ shares
    return effects


def _slope_matrix(columns: tuple[str, ...], slopes: Slopes) -> FloatArray:
    """The slopes as a matrix, shape (columns, columns): item (i, j) is the growth of column i per unit of column j.

    Raises ValueError when they are of other columns.
    """
    named = {name for column, by in slopes.items() for name in (column, *by)}
    if unknown := named - set(columns):
        raise ValueError(f"a scorecard has no column {min(unknown)!r} that others could explain")
    out = np.zeros((len(columns), len(columns)))
    for name, by in slopes.items():
        for other, slope in by.items():
            out[columns.index(name), columns.index(other)] = float(slope)
    return out


def _moves(schema: Schema) -> tuple[tuple[int, int, tuple[int, ...]], ...]:
    """By implying field: its position, its code for no service, and the positions of the fields that it implies."""
    families: dict[tuple[str, str], list[int]] = {}
    for name, rule in schema.implied.items():
        families.setdefault((rule.field, rule.value), []).append(schema.position[name])
    return tuple(
        (schema.position[field], schema.categories[field].code(value), tuple(children))
        for (field, value), children in families.items()
    )


class Scorecard:
    """A weight and an average for each column, and the slopes between columns; implements Scorer."""

    additive = True

    def __init__(
        self,
        schema: Schema,
        intercept: float,
        weights: Mapping[str, float],
        averages: Mapping[str, float],
        slopes: Slopes | None = None,
    ) -> None:
        """Raises ValueError when the columns are not exactly the schema's, in name, or slopes are of others."""
        names = schema.features.names
        if set(weights) != set(names) or set(averages) != set(names):
            count = len(names)
            raise ValueError(
                f"a scorecard needs a weight and an average for each of the {count} columns, and no others"
            )
        self.schema = schema
        self.slopes: Slopes = slopes or {}
        self.intercept = float(intercept)
        self.weights = [float(weights[name]) for name in names]
        self.averages = [float(averages[name]) for name in names]
        self.average_log_odds = self.intercept + sum(w * a for w, a in zip(self.weights, self.averages, strict=True))
        self._vector = np.array(self.weights)
        self._effects = effect_matrix(schema, self._vector, self.slopes)
        self._effects_at_average = np.array(self.averages) @ self._effects
        self._moves = _moves(schema)

    @cached_property
    def tabulated(self) -> Tabulated | None:
        """Look-up tables of the log-odds and the effects; None for a schema without a layout for them.

        Raises ValueError if a column does not fit.
        """
        layout = layout_of(self.schema)
        if layout is None:
            return None
        try:
            return Tabulated(self.schema, layout, self._log_odds_and_effects)
        except NotTabulated:
            require_tabulated(self.schema)  # it knows which column does not fit
            raise

    @classmethod
    def from_dict(cls, schema: Schema, data: Mapping[str, Any]) -> "Scorecard":
        """Raises KeyError, TypeError or ValueError when the data is no scorecard, or one that cannot be looked up."""
        scorecard = cls(schema, data["intercept"], data["weights"], data["averages"], data.get("slopes"))
        _ = scorecard.tabulated  # now: one that cannot be looked up must not come into service
        return scorecard

    def to_dict(self) -> dict[str, Any]:
        """The scorecard as `from_dict` reads it: intercept, and by column weights, averages and slopes."""
        return {
            "intercept": self.intercept,
            "weights": dict(zip(self.schema.features.names, self.weights, strict=True)),
            "averages": dict(zip(self.schema.features.names, self.averages, strict=True)),
            "slopes": self.slopes,
        }

    def log_odds(self, customer: Customer) -> float:
        """The log-odds of a customer, by looking up if there are tables."""
        if self.tabulated is not None:
            return self.tabulated.first(customer)
        return float(self._log_odds(self._columns(self.schema.table_of([customer])))[0])

    def probability(self, customer: Customer) -> float:
        """The churn probability of a customer, 0 to 1, by looking up if there are tables."""
        return sigmoid(self.log_odds(customer))

    def probabilities(self, table: Customer) -> FloatArray:
        """The churn probabilities of n customers, shape (n,), by the formula over the columns."""
        return sigmoids(self._log_odds(self._columns(table)))

    def effects(self, customer: Customer) -> list[float]:
        """What each field adds to the log-odds, in the fields' order, by looking up if there are tables."""
        if self.tabulated is None:
            return [float(effect) for effect in self.effects_table(self.schema.table_of([customer]))[0]]
        effects: list[float] = self.tabulated.all(customer)[1:].tolist()
        return effects

    def effects_table(self, table: Customer) -> FloatArray:
        """The effects of n customers, shape (n, fields), by the formula over the columns."""
        return self.effects_of(self._columns(table), table)

    def explained(self, table: Customer) -> tuple[FloatArray, FloatArray]:
        """The probabilities, shape (n,), and the effects, shape (n, fields), by looking up if there are tables."""
        if self.tabulated is None:
            columns = self._columns(table)
            return sigmoids(self._log_odds(columns)), self.effects_of(columns, table)
        sums = self.tabulated.table(table)
        return sigmoids(sums[0]), sums[1:].T

    def effects_of(self, columns: FloatArray, table: Customer) -> FloatArray:
        """The effects, shape (n, fields), if the table's matrix of shape (n, columns) has been made already."""
        # Field by field, so that each step runs over consecutive memory.
        effects: FloatArray = self._effects.T @ columns.T - self._effects_at_average[:, None]
        for parent, code, children in self._moves:
            without = table[parent] == code
            effects[parent] += effects[children, :].sum(axis=0) * without
            for child in children:
                effects[child] *= ~without
        return effects.T

    def _log_odds_and_effects(self, table: Customer) -> FloatArray:
        """The log-odds, then the effects, shape (n, 1 + fields)."""
        columns = self._columns(table)
        return np.column_stack([self._log_odds(columns), self.effects_of(columns, table)])

    def _columns(self, table: Customer) -> FloatArray:
        return self.schema.features.matrix(table)

    def _log_odds(self, columns: FloatArray) -> FloatArray:
        log_odds: FloatArray = self.intercept + columns @ self._vector
        return log_odds
