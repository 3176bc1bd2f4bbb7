"""Counting tracked predictions by the bins of their release's reference."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.schema import Schema
from churn.tracking.drift import WINDOW
from churn.tracking.predictions import FIELD
from churn.tracking.reference import Counts, Reference, score_name


def counts_of(frame: pl.DataFrame, schema: Schema, reference: Reference) -> Counts:
    """How many rows of a table of tracked predictions are in each bin."""
    columns = (frame[FIELD + name] for name in schema.fields)
    return counts_of_columns(columns, frame["probability"].to_numpy(), schema, reference)


def counts_of_columns(
    columns: Iterable[pl.Series], probabilities: NDArray[np.float64], schema: Schema, reference: Reference
) -> Counts:
    """The same of n predictions with a column for each field, in which null is an absent value."""
    counts: dict[str, NDArray[np.int64]] = {}
    for name, column in zip(schema.fields, columns, strict=True):
        absent = column.null_count()
        known = column.drop_nulls() if absent else column
        counts[name] = reference.fields[name].count(known.to_numpy(), absent)
    score = score_name(schema)
    counts[score] = reference.fields[score].count(probabilities)
    return counts


def by_window(frame: pl.DataFrame, schema: Schema, reference: Reference, today: date) -> Iterator[tuple[date, Counts]]:
    """The counts of a release's rows by the first day of their window, as `drift.drift_of` takes them.

    The newest window ends `today`, in UTC. The rows are to be of the release that the reference is of.
    """
    ages = (today - date(1970, 1, 1)).days - frame["scored_at"].dt.date().to_physical()
    windows = ages.clip(0) // WINDOW.days
    for number in windows.unique().sort():
        since = today - (number + 1) * WINDOW + timedelta(days=1)
        yield since, counts_of(frame.filter(windows == number), schema, reference)
