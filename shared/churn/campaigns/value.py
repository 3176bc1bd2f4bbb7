"""What a customer is worth over the plan's horizon, if they survive the label window that they are at risk in.

The released scorer is rolled forward, so that no second model is needed. With the label window W in months, the hazard
of the k-th window from now is h_k = p(tenure + kW, total + kW·bill), all else as it is. Who survives the present window
is there at S_k = Π_{1≤j≤k} (1 − h_j), and

    V = Σ_{k=0,1,…} S_k · w_k · margin · bill · (1 + discount)^(−t_k / 12)

over the windows of the horizon: w_k is the length of the k-th in months, W but for a shorter last one, whose survival
is (1 − h_k)^(w_k/W), and t_k its middle. Who leaves within a window pays nothing for it. It is the value over so many
months, not of a lifetime (Singer & Willett 2003, Applied Longitudinal Data Analysis, on discrete hazards; Fader &
Hardie 2010, Marketing Science 29, on the value of customers who pay by contract).

Where that is not possible, the hazard stays at today's probability: for customers with absent fields, whose probability
is a mean over others, and for tables that declare no tenure in a known unit.
"""

from collections.abc import Mapping

import numpy as np

from churn.campaigns.candidates import Flags
from churn.campaigns.plans import Plan
from churn.customer.declaration import Customer
from churn.customer.fields import Number
from churn.model.predictor import Predictor
from churn.model.scoring import FloatArray
from churn.schema import Schema

WINDOWS = (1, 3, 6)
"""The label windows, in months, that the sensitivity of a plan is shown for beside the declared one."""

# How many of a tenure's units a month has; a tenure in another unit cannot be moved on.
_PER_MONTH = {"month": 1.0, "year": 1 / 12, "quarter": 1 / 3, "week": 365.25 / 84, "day": 365.25 / 12}

# Rows that are scored together: a few megabytes of columns.
_BLOCK = 8192


def values(
    predictor: Predictor,
    table: Customer,
    probability: FloatArray,
    plan: Plan,
    *,
    complete: Flags | None = None,
    given: FloatArray | None = None,
) -> FloatArray:
    """The value of each of n customers in the currency, at least 0, shape (n,).

    `table` holds their fields, an array of shape (n,) for each; where a customer is not `complete` (shape (n,), None if
    all are), only the bill is read, NaN if absent, for which the median bill of the release's background stands in.
    `given` is the file's column that the plan names as value, NaN where it has none: such a customer is worth nothing.
    """
    if plan.value is not None:
        return _given(plan, len(probability), given)
    window = _declared(predictor.schema)
    return _Rolling(predictor, plan, (window,)).values(table, probability, complete)[window]


def values_by_window(
    predictor: Predictor,
    table: Customer,
    probability: FloatArray,
    plan: Plan,
    *,
    complete: Flags | None = None,
) -> Mapping[int, FloatArray]:
    """The values under the declared label window and those of WINDOWS, by months, each of shape (n,).

    It is empty where the plan gives the value, which then does not depend on the window.
    """
    if plan.value is not None:
        return {}
    windows = tuple(sorted({_declared(predictor.schema), *WINDOWS}))
    return _Rolling(predictor, plan, windows).values(table, probability, complete)


def _declared(schema: Schema) -> int:
    if schema.label_window_months is None:
        raise ValueError(f"{schema.name} declares no label_window_months, and the plan gives no value")
    return schema.label_window_months


def _given(plan: Plan, count: int, given: FloatArray | None) -> FloatArray:
    worth = plan.value
    if worth is not None and worth.amount is not None:
        return np.full(count, worth.amount)
    if given is None:
        raise ValueError("the plan names a column as the value, so the column must be given")
    amounts: FloatArray = np.maximum(np.nan_to_num(np.asarray(given, np.float64)), 0.0)
    return amounts


class _Rolling:
    """Rolls customers forward through the windows of a plan's horizon."""

    def __init__(self, predictor: Predictor, plan: Plan, windows: tuple[int, ...]) -> None:
        schema = predictor.schema
        self._predictor, self._plan, self._windows = predictor, plan, windows
        self._months = sorted({month for window in windows for month in range(window, plan.horizon_months, window)})
        self._tenure, self._total = schema.role("tenure"), schema.role("total_value")
        monthly = schema.role("monthly_value")
        if monthly is None:
            raise ValueError(f"{schema.name} declares no monthly value, and the plan gives no value")
        self._monthly = schema.position[monthly]
        self._usual = float(np.median(predictor.background.table[self._monthly]))
        self._step = _per_month(schema.numbers[self._tenure]) if self._tenure else None

    def values(self, table: Customer, probability: FloatArray, complete: Flags | None) -> dict[int, FloatArray]:
        """The values by window."""
        count = len(probability)
        found = {window: np.empty(count) for window in self._windows}
        for start in range(0, count, _BLOCK):
            rows = slice(start, start + _BLOCK)
            block = tuple(np.asarray(column[rows], np.float64) for column in table)
            bills = np.maximum(np.nan_to_num(block[self._monthly], nan=self._usual), 0.0)
            whole = np.ones(len(bills), np.bool_) if complete is None else complete[rows]
            hazards = self._hazards(block, bills, probability[rows], whole)
            for window, value in found.items():
                value[rows] = self._worth(hazards, window, len(bills)) * bills
        return found

    def _hazards(
        self, table: Customer, bills: FloatArray, probability: FloatArray, complete: Flags
    ) -> dict[int, FloatArray]:
        """The hazard of the window that begins in so many months, by months, each of shape (n,)."""
        now: FloatArray = np.clip(np.nan_to_num(probability), 0.0, 1.0)
        if self._step is None or not complete.any():
            return dict.fromkeys(self._months, now)
        schema, scorer = self._predictor.schema, self._predictor.scorer
        rolled = schema.customer(column[complete] for column in table)
        later: dict[int, FloatArray] = {}
        for month in self._months:
            hazard = later[month] = now.copy()
            hazard[complete] = scorer.probabilities(self._moved(rolled, bills[complete], month))
        return later

    def _moved(self, table: Customer, bills: FloatArray, months: int) -> Customer:
        """The customers after so many months.

        Numbers stay within their declared ranges, since no model has been tried beyond them.
        """
        schema, changed = self._predictor.schema, {}
        for name, more in ((self._tenure, months * (self._step or 0.0)), (self._total, months * bills)):
            if name is not None:
                field = schema.numbers[name]
                moved = np.minimum(table[schema.position[name]] + more, field.high)
                # What is recorded in whole years is recorded so then.
                changed[name] = np.floor(moved + 1e-9) if field.whole else moved
        return schema.replaced(table, changed)

    def _worth(self, hazards: Mapping[int, FloatArray], window: int, count: int) -> FloatArray:
        """The value of a customer who pays 1 a month, shape (n,)."""
        plan, survival, worth = self._plan, np.ones(count), np.zeros(count)
        for start in range(0, plan.horizon_months, window):
            length = min(window, plan.horizon_months - start)
            if start:
                survival *= (1 - hazards[start]) ** (length / window)
            worth += survival * (length * (1 + plan.discount) ** (-(start + length / 2) / 12))
        return plan.margin * worth


def _per_month(field: Number) -> float | None:
    """How much the tenure grows in a month, or None if its unit is not known."""
    return _PER_MONTH.get(field.unit.strip().casefold().removesuffix("s"))
