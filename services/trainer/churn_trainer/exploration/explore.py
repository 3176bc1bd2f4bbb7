"""What the table looks like before any model is fitted, computed anew for every table."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta

from churn.customer.declaration import CATEGORIES, FIELDS, LABEL
from churn.customer.fields import Number
from churn_trainer.data.hashes import row_hashes
from churn_trainer.data.table import Findings, Table
from churn_trainer.exploration.narrative import plain_words
from churn_trainer.model_metrics import wilson

NUMBERS = tuple(name for name, field in FIELDS.items() if isinstance(field, Number))

# Edges of the groups that numbers are shown in; the first interval includes its left end.
BANDS = {
    "tenure": (0, 6, 12, 24, 48, 72, 100),
    "MonthlyCharges": (0, 30, 50, 70, 90, 110, 200),
    "TotalCharges": (0, 100, 500, 1000, 2500, 5000, 20_000),
}

# Smaller groups of customers say too little.
MIN_SEGMENT = 50
_SEGMENTS = 10
_FENCE = 1.5


def frame_of(table: Table) -> pd.DataFrame:
    """The table as a data frame, with categories in the data set's words and Churn as 0 and 1."""
    columns: dict[str, Any] = {}
    for name, column in zip(FIELDS, table.customers, strict=True):
        if name in CATEGORIES:
            names = ["No", "Yes"] if name == "SeniorCitizen" else list(CATEGORIES[name].names)
            columns[name] = pd.Categorical.from_codes(column, categories=pd.Index(names))
        else:
            columns[name] = column
    return pd.DataFrame(columns | {LABEL: table.churn}, copy=False)


def explore(table: Table, findings: Findings) -> dict[str, Any]:
    """The exploration report, as JSON holds it: shape, churn, repairs, faults, distributions, segments, findings."""
    frame = frame_of(table)
    report = {
        "shape": {"rows": findings.rows, "usable_rows": len(table), "fields": len(FIELDS)},
        "types": {name: "number" if name in NUMBERS else "category" for name in FIELDS},
        "churn": _share(int(table.churn.sum()), len(table)),
        "repairs": findings.repairs,
        "missing": findings.missing,
        "faults": [fault.figures() for fault in findings.faults.values()],
        "duplicates": _duplicates(table),
        "numbers": {name: _number(frame[name]) for name in NUMBERS},
        "churn_by_field": {name: list(_rates(frame, name)) for name in FIELDS},
        "correlations": _correlations(frame),
        "cramers_v": _cramers(frame),
        **_segments(frame),
    }
    return report | {"findings": plain_words(report)}


def banded(values: pd.Series, name: str) -> pd.Series:
    """The values of a number as the groups that they fall into, such as 12–24; `name` is a key of BANDS."""
    edges = BANDS[name]
    # Groups of whole numbers do not share their edges: 0–6, 7–12.
    step = int(FIELDS[name].whole)  # type: ignore[union-attr]  # only numbers have bands
    labels = [f"{low + step * (low > 0):,}–{high:,}" for low, high in pairwise(edges)]
    return pd.cut(values, edges, labels=labels, include_lowest=True)


def _share(churned: int, customers: int) -> dict[str, Any]:
    low, high = wilson(churned, customers)
    return {"customers": customers, "churned": churned, "rate": churned / max(customers, 1), "low": low, "high": high}


def _rates(frame: pd.DataFrame, name: str) -> Iterator[dict[str, Any]]:
    """Churn in each group of a field, with 95 % Wilson intervals."""
    groups = banded(frame[name], name) if name in NUMBERS else frame[name]
    counts = frame[LABEL].groupby(groups, observed=True).agg(["size", "sum"])
    for value, size, churned in counts.itertuples():
        yield {"value": value, **_share(int(churned), int(size))}


def _number(values: pd.Series) -> dict[str, Any]:
    """A number's distribution, and the values outside Tukey's fences, 1.5 interquartile ranges beyond the quartiles."""
    low, median, high = (float(quartile) for quartile in values.quantile([0.25, 0.5, 0.75]))
    reach = _FENCE * (high - low)
    outside = (values < low - reach) | (values > high + reach)
    counts, edges = np.histogram(values, bins=20)
    return {
        "mean": float(values.mean()),
        "std": float(values.std()),
        "min": float(values.min()),
        "quartiles": [low, median, high],
        "max": float(values.max()),
        "outliers": {"fences": [low - reach, high + reach], "count": int(outside.sum())},
        "histogram": {"edges": [float(edge) for edge in edges], "counts": counts.tolist()},
    }


def _duplicates(table: Table) -> dict[str, Any]:
    """How many customers are alike in every field, and how many such groups have both outcomes."""
    _, group, sizes = np.unique(row_hashes(table.customers), return_inverse=True, return_counts=True)
    churned = np.bincount(group, weights=table.churn)
    both = (churned > 0) & (churned < sizes)
    return {
        "repeated_rows": len(table) - len(sizes),
        "groups": int(np.count_nonzero(sizes > 1)),
        "conflicting_groups": int(np.count_nonzero(both)),
        "customers_in_conflict": int(sizes[both].sum()),
    }


def correlation_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns that have correlations: numbers, the outcome, and categories with two values as 0 and 1."""
    columns: dict[str, Any] = {name: frame[name] for name in NUMBERS}
    columns |= {name: frame[name].cat.codes for name in CATEGORIES if len(frame[name].cat.categories) == 2}
    return pd.DataFrame(columns | {LABEL: frame[LABEL]})


def _correlations(frame: pd.DataFrame) -> dict[str, Any]:
    """Pearson's correlations; None where a column has one value only, as its correlation is undefined."""
    matrix = correlation_frame(frame).corr().round(6)
    return {
        "fields": list(matrix.columns),
        "matrix": [[None if math.isnan(value) else value for value in row] for row in matrix.to_numpy().tolist()],
    }


def _cramers(frame: pd.DataFrame) -> dict[str, float]:
    """The association of each category with churn, 0 to 1 (Cramér's V), the strongest first."""
    values = {name: cramers_v(frame[name].cat.codes.to_numpy(), frame[LABEL].to_numpy()) for name in CATEGORIES}
    return dict(sorted(values.items(), key=lambda pair: -pair[1]))


def cramers_v(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Cramér's V of two arrays of codes, shape (n,): √(χ² / (n · (min(rows, columns) − 1))); 0 if one is constant."""
    counts = np.zeros((int(first.max()) + 1, int(second.max()) + 1))
    np.add.at(counts, (first, second), 1)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape) < 2:
        return 0.0
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    return float(np.sqrt(((counts - expected) ** 2 / expected).sum() / counts.sum() / (min(counts.shape) - 1)))


def _segments(frame: pd.DataFrame) -> dict[str, Any]:
    """The pairs of values with the highest churn, by the lower end of its interval, and how many pairs were compared.

    In any table, the worst of a thousand groups looks bad by chance. So the intervals hold for all groups at once at
    95 % (Bonferroni): each is an exact one (Clopper and Pearson 1934) at 1 − 0.05 / groups.
    """
    grouped = frame.assign(
        tenure=banded(frame["tenure"], "tenure"), MonthlyCharges=banded(frame["MonthlyCharges"], "MonthlyCharges")
    )
    names = [name for name in FIELDS if name != "TotalCharges"]
    pairs = [(first, second) for index, first in enumerate(names) for second in names[index + 1 :]]
    found = [group for pair in pairs for group in _pair(grouped, *pair)]
    for group in found:
        group |= exact_interval(group["churned"], group["customers"], 0.05 / len(found))
    found.sort(key=lambda group: (-group["low"], str(group["fields"])))
    return {"segments": found[:_SEGMENTS], "segments_compared": len(found)}


def _pair(frame: pd.DataFrame, first: str, second: str) -> Iterator[dict[str, Any]]:
    """Customers and churners for each pair of values of two fields, if at least MIN_SEGMENT customers have it."""
    counts = frame.groupby([first, second], observed=True)[LABEL].agg(["size", "sum"])
    for values, size, churned in counts.itertuples():
        if size >= MIN_SEGMENT:
            fields = {first: str(values[0]), second: str(values[1])}
            yield {"fields": fields, "customers": int(size), "churned": int(churned), "rate": int(churned) / int(size)}


def exact_interval(churned: int, customers: int, error: float) -> dict[str, float]:
    """The interval of the share churned / customers that misses it with at most the probability `error`.

    By Clopper and Pearson (1934).
    """
    low = float(beta.ppf(error / 2, churned, customers - churned + 1)) if churned else 0.0
    high = float(beta.ppf(1 - error / 2, churned + 1, customers - churned)) if churned < customers else 1.0
    return {"low": low, "high": high}
