"""Whether the customers who are scored now are like those whom the release was trained on, field by field.

The figure is the population stability index (PSI): with the shares p of the bins now and q then, the sum of
(p − q) · ln(p / q). Beside it stands what chance alone may look like. Without drift PSI / (1/n + 1/m) has about the χ²
distribution with one degree of freedom less than there are bins, n rows now and m then (Yurdakul and Naranjo, 2020,
"Statistical properties of the population stability index"): the usual limit of 0.1 alone rings at most looks of a
hundred rows. Rows without a value are left out of the index and shown as a share of their own, since a caller who gives
the required fields alone is no other customer.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.schema import Schema
from churn.tracking.reference import Counts, FieldReference, Reference

WINDOW = timedelta(days=7)
"""What is looked at together, back from today: who scores all customers once a week has them in each window."""

# Of a false alarm in a field, at a look at all of a release's fields together.
CHANCE = 0.001

# The usual limit of a large drift, and an index below which nobody need look.
LARGE, SMALL = 0.1, 0.02

# An alarm is a drift that stays: so many of the last windows that have rows.
LAST, OF_LAST = 4, 3

# By how much more often than then a value may be absent before somebody should look.
MORE_ABSENT = 0.05

State = Literal["none", "notice", "alarm"]


class FieldDrift(NamedTuple):
    """The index of a field in one window, and what it is held against; `rows` are those with a value."""

    psi: float
    guard: float
    """What chance alone may look like."""

    rows: int

    @property
    def limit(self) -> float:
        """The index from which a drift is large and no chance."""
        return max(LARGE, self.guard)

    @property
    def is_large(self) -> bool:
        """Whether the index is above its limit."""
        return self.psi > self.limit

    @property
    def is_noted(self) -> bool:
        """Whether the index is no chance, and not too small to look at."""
        return self.psi > max(SMALL, self.guard)


def psi(then: NDArray[np.int64], now: NDArray[np.int64]) -> float:
    """The index from counts by bin; half a row is added to each bin, as an empty one has no logarithm."""
    q, p = _shares(then), _shares(now)
    return float(((p - q) * np.log(p / q)).sum())


def field_drift(reference: FieldReference, counts: NDArray[np.int64]) -> FieldDrift:
    """The drift of the rows that have a value; without any, an index of 0 that nothing can be above."""
    then, now = np.array(reference.counts[:-1]), counts[:-1]
    n, m = now.sum(), then.sum()
    if not (n and m):
        return FieldDrift(0.0, 0.0, int(n))
    return FieldDrift(psi(then, now), reference.quantile * float(1 / n + 1 / m), int(n))


def drift_of(reference: Reference, schema: Schema, windows: Iterable[tuple[date, Counts]]) -> dict[str, Any] | None:
    """The `drift` of a release as GET /quality shows it, of its latest window; None where nothing was counted.

    `windows` has counts of the release's predictions with the days that their windows begin on, in any order, and a
    window any number of times, as `churn.tracking.field_counts.by_window` yields them for each file.
    """
    summed: dict[date, dict[str, NDArray[np.int64]]] = {}
    for since, counts in windows:
        held = summed.setdefault(since, {})
        for name in reference.fields:
            held[name] = held[name] + counts[name] if name in held else counts[name]
    last = [summed[since] for since in sorted(summed)[-LAST:]]
    if not last:
        return None
    since = max(summed)
    entries = [
        _entry(name, field, schema, [counts[name] for counts in last]) for name, field in reference.fields.items()
    ]
    return {
        "since": since.isoformat(),
        "until": (since + WINDOW - timedelta(days=1)).isoformat(),
        "fields": entries[:-1],
        "score": entries[-1],
    }


def _entry(name: str, field: FieldReference, schema: Schema, last: list[NDArray[np.int64]]) -> dict[str, Any]:
    drifts, then, now = [field_drift(field, counts) for counts in last], _part(field.counts), _part(last[-1])
    absent = {"then": float(then[-1]), "now": float(now[-1])}
    drift, declared = drifts[-1], schema.fields.get(name)
    unseen = np.array(field.counts[:-1]) == 0
    if name in schema.categories and (rest := schema.categories[name].rest) is not None:
        unseen[rest] = True  # what is not declared is read as this value
    return {
        "field": name,
        "title": declared.title if declared else "Churn probability",
        "psi": drift.psi,
        "limit": drift.limit,
        "n": int(last[-1].sum()),
        "state": _state(drifts, absent["now"] - absent["then"]),
        "unseen": float(now[:-1][unseen].sum()),
        "absent": absent,
        "bins": [
            {"bin": name, "label": label, "then": float(before), "now": float(after)}
            for name, label, before, after in zip(field.bins, _labels(name, field, schema), then, now, strict=True)
        ],
    }


def _state(drifts: list[FieldDrift], more_absent: float) -> State:
    if drifts[-1].is_large and sum(drift.is_large for drift in drifts) >= OF_LAST:
        return "alarm"
    return "notice" if drifts[-1].is_noted or more_absent > MORE_ABSENT else "none"


def _labels(name: str, field: FieldReference, schema: Schema) -> tuple[str, ...]:
    """The bins as they are shown to people."""
    if name in schema.categories:
        return (*schema.categories[name].labels, "Absent")
    unit = f" {schema.numbers[name].unit}".rstrip() if name in schema.numbers and not schema.numbers[name].money else ""
    return tuple(label.capitalize() if label.isalpha() else label + unit for label in field.bins)


def _part(counts: Any) -> NDArray[np.float64]:
    """Counts as shares of all rows; of no rows, zeros."""
    whole = np.array(counts, np.float64)
    shares: NDArray[np.float64] = whole / max(float(whole.sum()), 1.0)
    return shares


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    return shares
