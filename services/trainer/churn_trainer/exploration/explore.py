"""What the table looks like before any model is fitted, computed anew for every table."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta

from churn.intervals import wilson
from churn.schema import Schema
from churn_trainer.data.bands import banded
from churn_trainer.data.hashes import row_hashes
from churn_trainer.data.table import Findings, Table
from churn_trainer.exploration.narrative import plain_words

# Smaller groups of customers say too little.
MIN_SEGMENT = 50
_SEGMENTS = 10
_FENCE = 1.5

# Pairs are made of so many fields at most, those that go most closely with leaving: of 64 fields there are 2,016 pairs.
_PAIRED = 20


def frame_of(table: Table) -> pd.DataFrame:
    """The table as a data frame, with categories in the data set's words and the outcome as 0 and 1."""
    schema, columns = table.schema, dict[str, Any]()
    for name, column in zip(schema.fields, table.customers, strict=True):
        if name in schema.categories:
            columns[name] = pd.Categorical.from_codes(column, categories=pd.Index(schema.categories[name].labels))
        else:
            columns[name] = column
    return pd.DataFrame(columns | {schema.outcome: table.churn}, copy=False)


def explore(table: Table, findings: Findings) -> dict[str, Any]:
    """The exploration report, as JSON holds it: shape, churn, repairs, faults, distributions, segments, findings."""
    schema, frame = table.schema, frame_of(table)
    report = {
        "shape": {"rows": findings.rows, "usable_rows": len(table), "fields": len(schema.fields)},
        "types": {name: "number" if name in schema.numbers else "category" for name in schema.fields},
        "churn": _share(int(table.churn.sum()), len(table)),
        "repairs": findings.repairs,
        "missing": findings.missing,
        "faults": [fault.figures() for fault in findings.faults.values()],
        "duplicates": _duplicates(table),
        "numbers": {name: _number(frame[name]) for name in schema.numbers},
        "churn_by_field": {name: list(_rates(schema, frame, name)) for name in schema.fields},
        "correlations": _correlations(frame, schema),
        "cramers_v": _cramers(frame, schema),
        **_segments(frame, schema),
    }
    return report | {"findings": plain_words(report, schema)}


def grouped(schema: Schema, frame: pd.DataFrame, name: str) -> pd.Series:
    """The group of each customer in a field: the value of a category, the band of a number."""
    return banded(frame[name], schema.numbers[name]) if name in schema.numbers else frame[name]


def strongest(schema: Schema, frame: pd.DataFrame) -> list[str]:
    """The fields by how closely their groups go with leaving (Cramér's V), the closest first."""
    outcome = frame[schema.outcome].to_numpy()
    found = {name: cramers_v(grouped(schema, frame, name).cat.codes.to_numpy(), outcome) for name in schema.fields}
    return sorted(found, key=lambda name: -found[name])


def _share(churned: int, customers: int) -> dict[str, Any]:
    low, high = wilson(churned, customers)
    return {"customers": customers, "churned": churned, "rate": churned / max(customers, 1), "low": low, "high": high}


def _rates(schema: Schema, frame: pd.DataFrame, name: str) -> Iterator[dict[str, Any]]:
    """Churn in each group of a field, with 95 % Wilson intervals."""
    counts = frame[schema.outcome].groupby(grouped(schema, frame, name), observed=True).agg(["size", "sum"])
    for value, size, churned in counts.itertuples():
        yield {"value": value, **_share(int(churned), int(size))}


def _number(column: pd.Series) -> dict[str, Any]:
    """A number's distribution, and the values outside Tukey's fences, 1.5 interquartile ranges beyond the quartiles.

    Blanks are counted, if there are any, and left out of everything else.
    """
    values = column.dropna()
    blank = {} if len(values) == len(column) else {"blank": len(column) - len(values)}
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
        **blank,
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


def correlation_frame(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The columns that have correlations: numbers, the outcome, and categories with two values as 0 and 1."""
    columns: dict[str, Any] = {name: frame[name] for name in schema.numbers}
    columns |= {name: frame[name].cat.codes for name in schema.categories if len(frame[name].cat.categories) == 2}
    return pd.DataFrame(columns | {schema.outcome: frame[schema.outcome]})


def _correlations(frame: pd.DataFrame, schema: Schema) -> dict[str, Any]:
    """Pearson's correlations; None where a column has one value only, as its correlation is undefined."""
    matrix = correlation_frame(frame, schema).corr().round(6)
    return {
        "fields": list(matrix.columns),
        "matrix": [[None if math.isnan(value) else value for value in row] for row in matrix.to_numpy().tolist()],
    }


def _cramers(frame: pd.DataFrame, schema: Schema) -> dict[str, float]:
    """The association of each category with churn, 0 to 1 (Cramér's V), the strongest first."""
    outcome = frame[schema.outcome].to_numpy()
    values = {name: cramers_v(frame[name].cat.codes.to_numpy(), outcome) for name in schema.categories}
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


def _segments(frame: pd.DataFrame, schema: Schema) -> dict[str, Any]:
    """The pairs of values with the highest churn, by the lower end of its interval, and how many pairs were compared.

    In any table, the worst of a thousand groups looks bad by chance. So the intervals hold for all groups at once at
    95 % (Bonferroni): each is an exact one (Clopper and Pearson 1934) at 1 − 0.05 / groups.
    """
    computed = schema.product[0] if schema.product else None
    names = [name for name in schema.fields if name != computed]
    if len(names) > _PAIRED:
        names = [name for name in strongest(schema, frame) if name != computed][:_PAIRED]
    groups = pd.DataFrame({name: grouped(schema, frame, name) for name in (*names, schema.outcome)}, copy=False)
    pairs = [(first, second) for index, first in enumerate(names) for second in names[index + 1 :]]
    found = [group for pair in pairs for group in _pair(groups, schema.outcome, *pair)]
    for group in found:
        group |= exact_interval(group["churned"], group["customers"], 0.05 / len(found))
    found.sort(key=lambda group: (-group["low"], str(group["fields"])))
    return {"segments": found[:_SEGMENTS], "segments_compared": len(found)}


def _pair(frame: pd.DataFrame, outcome: str, first: str, second: str) -> Iterator[dict[str, Any]]:
    """Customers and churners for each pair of values of two fields, if at least MIN_SEGMENT customers have it."""
    counts = frame.groupby([first, second], observed=True)[outcome].agg(["size", "sum"])
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
