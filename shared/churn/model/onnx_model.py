"""A model that is not additive, as an ONNX graph over scaled columns, run by onnxruntime.

Its effects are measured by varying a customer: a field's effect is the customer's log-odds less their mean when this
field alone takes the values it has in the background sample, each as often as it occurs there (a centred individual
conditional expectation, after Goldstein et al. 2015, "Peeking inside the black box"). Such effects need not add up.
"""

import os
from typing import Any

import numpy as np

from churn.customer.declaration import Customer
from churn.model.background import Background
from churn.model.scoring import FloatArray, logits
from churn.model.terms import Terms
from churn.schema import Schema

# How many values a number takes: the medians of as many equal parts of the sample.
QUANTILES = 5

# How many customers are explained at once: each has about 60 variants with some dozens of columns of 8 bytes.
BLOCK = 500


class OnnxModel:
    """Implements Scorer over a graph that gives both classes' probabilities for rows of scaled columns."""

    additive = False

    def __init__(
        self, graph: bytes, means: list[float], scales: list[float], background: Background, terms: Terms | None = None
    ) -> None:
        """`means` and `scales` are those of the columns; the effects are measured over `background`.

        A graph that weighs `terms` against other models takes their log-odds as a further column.

        Raises ValueError when the scaling does not fit the columns or the graph cannot be read.
        """
        schema = self.schema = background.schema
        count = len(schema.features.names)
        if not len(means) == len(scales) == count:
            raise ValueError(f"an ONNX model needs a mean and a scale for each of the {count} columns")
        self._means, self._scales = np.array(means), np.array(scales)
        self._terms = terms
        self._session = _session(graph)
        entry = self._session.get_inputs()[0]
        self._input = entry.name
        self._dtype = np.float64 if entry.type == "tensor(double)" else np.float32
        self._output = self._session.get_outputs()[-1].name
        self._substitutes = {name: _substitutes(name, background) for name in schema.fields}
        self.average_log_odds = float(logits(self.probabilities(background.table)).mean())

    def probabilities(self, table: Customer) -> FloatArray:
        """The churn probabilities of n customers, shape (n,), by one run of the graph."""
        scaled = (self.schema.features.matrix(table) - self._means) / self._scales
        if self._terms is not None:
            scaled = np.column_stack([scaled, self._terms.log_odds_of(table)])
        (both,) = self._session.run([self._output], {self._input: scaled.astype(self._dtype)})
        return np.asarray(both[:, 1], np.float64)

    def probability(self, customer: Customer) -> float:
        """The churn probability of a customer, 0 to 1, by a run of the graph for this customer alone."""
        return float(self.probabilities(self.schema.table_of([customer]))[0])

    def effects(self, customer: Customer) -> list[float]:
        """The measured effect of each field on the log-odds, in the fields' order."""
        return [float(effect) for effect in self.effects_table(self.schema.table_of([customer]))[0]]

    def effects_table(self, table: Customer) -> FloatArray:
        """The measured effects of n customers, shape (n, fields), in blocks that bound the memory."""
        blocks = [
            self._effects(self.schema.customer(column[start : start + BLOCK] for column in table))
            for start in range(0, len(table[0]), BLOCK)
        ]
        return np.concatenate(blocks) if blocks else np.empty((0, len(self.schema.fields)))

    def explained(self, table: Customer) -> tuple[FloatArray, FloatArray]:
        """The probabilities, shape (n,), and the effects, shape (n, fields)."""
        return self.probabilities(table), self.effects_table(table)

    def _effects(self, table: Customer) -> FloatArray:
        schema = self.schema
        variants = [_with(schema, table, name, value) for name, held in self._substitutes.items() for value, _ in held]
        stacked = schema.customer(map(np.concatenate, zip(table, *variants, strict=True)))
        log_odds = logits(self.probabilities(stacked)).reshape(1 + len(variants), -1)
        effects = np.tile(log_odds[0][:, None], len(schema.fields))
        owners = [(position, weight) for position, held in enumerate(self._substitutes.values()) for _, weight in held]
        for (position, weight), variant in zip(owners, log_odds[1:], strict=True):
            effects[:, position] -= weight * variant
        return effects


def _session(graph: bytes) -> Any:
    # onnxruntime would keep a device id and events in the home folder and report them; it reads this when imported.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime  # 20 MB and 0.1 s that only a release of this kind needs

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # as many processes as cores serve already
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no other base
        raise ValueError(f"the ONNX graph cannot be read ({error})") from error


def _substitutes(name: str, background: Background) -> list[tuple[float, float]]:
    """The values of a field in the sample with their shares, which sum to 1.

    Implied values are left out, unless the sample has no others.
    """
    schema = background.schema
    column = background.table[schema.position[name]]
    if name not in schema.categories:
        middles = (np.arange(QUANTILES) + 0.5) / QUANTILES
        if np.isnan(column).any():  # blanks, which are sorted to the end
            places = np.rint(middles * (len(column) - 1)).astype(np.intp)
            return [(float(value), 1 / QUANTILES) for value in np.sort(column)[places]]
        return [(float(value), 1 / QUANTILES) for value in np.quantile(column, middles, method="nearest")]
    if name in schema.implied:
        able = column != schema.categories[name].code(schema.implied[name].implies)
        column = column[able] if able.any() else column
    values, counts = np.unique(column, return_counts=True)
    return [(float(value), float(count) / len(column)) for value, count in zip(values, counts, strict=True)]


def _with(schema: Schema, table: Customer, name: str, value: float) -> Customer:
    """The table with one field set to one value throughout, and the cross-field rules applied to the others."""
    column = np.full_like(table[schema.position[name]], value)
    return schema.obeying(schema.replaced(table, {name: column}))
