"""Summing up who is at risk among customers that were just scored, by risk band and by declared segment."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.customer.fields import Category
from churn.model.predictor import RISK_BANDS
from churn.schema import Schema
from churn.tracking.daily import HORIZON_MONTHS, AtRisk, Group, Segment, Sums
from churn.tracking.reference import FieldReference, Reference

UNKNOWN = "Not known"

_ENDS = [end for _, end in RISK_BANDS[:-1]]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


def columns_needed(schema: Schema) -> frozenset[str]:
    """The fields that `sums_of` looks at."""
    value = schema.role("monthly_value")
    return frozenset(schema.segments) | ({value} if value else set())


def sums_of(
    schema: Schema, columns: Mapping[str, pl.Series], probabilities: Floats, reference: Reference | None
) -> AtRisk:
    """The sums of n customers with these churn probabilities, shape (n,).

    `columns` has the fields of `columns_needed`, in which null is an absent value. A number that is a segment is
    grouped by the bins of the release's reference; without one it is left out.
    """
    value = schema.role("monthly_value")
    paid = columns[value].cast(pl.Float64).fill_null(np.nan).to_numpy() if value else None
    # Only a NaN, which is a blank, differs from itself.
    money = None if paid is None else np.where(paid == paid, paid, 0.0) * probabilities * HORIZON_MONTHS
    bands = np.searchsorted(_ENDS, probabilities, side="right")
    measures = _Measures(probabilities, bands == len(_ENDS), money)
    return {
        "total": measures.all(),
        "currency": schema.currency,
        "monthly_value": schema.fields[value].title if value else None,
        "without_value": 0 if paid is None else int(np.count_nonzero(paid != paid)),
        "bands": measures.groups(bands, [(name, name.capitalize()) for name, _ in RISK_BANDS]),
        "segments": [
            segment
            for name in schema.segments
            if (segment := _segment(schema, name, columns[name], measures, reference))
        ],
    }


class _Measures:
    """What is summed of n customers."""

    def __init__(self, probabilities: Floats, at_risk: NDArray[np.bool_], money: Floats | None) -> None:
        self._probabilities, self._at_risk, self._money = probabilities, at_risk, money

    def all(self) -> Sums:
        return {
            "customers": len(self._probabilities),
            "at_risk": int(np.count_nonzero(self._at_risk)),
            "probability": float(self._probabilities.sum()),
            "money": None if self._money is None else float(self._money.sum()),
        }

    def groups(self, places: Codes, names: list[tuple[str | None, str]]) -> list[Group]:
        """The sums by group; `places` has the position of each customer's group among the names."""
        count = len(names)
        customers = np.bincount(places, minlength=count)
        at_risk = np.bincount(places[self._at_risk], minlength=count)
        probability = np.bincount(places, self._probabilities, count)
        money = None if self._money is None else np.bincount(places, self._money, count)
        return [
            {
                "value": value,
                "label": label,
                "customers": int(customers[place]),
                "at_risk": int(at_risk[place]),
                "probability": float(probability[place]),
                "money": None if money is None else float(money[place]),
            }
            for place, (value, label) in enumerate(names)
        ]


def _segment(
    schema: Schema, name: str, column: pl.Series, measures: _Measures, reference: Reference | None
) -> Segment | None:
    field = schema.fields[name]
    names: list[tuple[str | None, str]]
    if isinstance(field, Category):
        places = column.cast(pl.Int64).fill_null(len(field.names)).to_numpy().astype(np.intp)
        names = [*zip(field.names, field.labels, strict=True), (None, UNKNOWN)]
    elif reference is None:
        return None
    else:
        bins = reference.fields[name]
        places = _bins(bins, column)
        unit = "" if field.money else f" {field.unit}".rstrip()
        names = [*((label, _label(label, unit)) for label in bins.bins[:-1]), (None, UNKNOWN)]
    return {"field": name, "title": field.title, "groups": measures.groups(places, names)}


def _bins(bins: FieldReference, column: pl.Series) -> Codes:
    """The bin of each number: that of a blank follows those of numbers, and the last one is of what is absent."""
    cuts = np.array(bins.cuts or (), np.float64)
    numbers = column.cast(pl.Float64).fill_null(0.0).to_numpy()
    places = np.searchsorted(cuts, numbers, side="left")
    places[numbers != numbers] = len(cuts) + 1
    places[column.is_null().to_numpy()] = len(bins.bins) - 1
    return places


def _label(name: str, unit: str) -> str:
    return name.capitalize() if name.isalpha() else name + unit
