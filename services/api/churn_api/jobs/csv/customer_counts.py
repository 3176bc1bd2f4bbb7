"""What is counted of a chunk's scored customers: what their fields held, and who of them is at risk."""

from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.schema import Schema
from churn.tracking.field_counts import counts_of_columns
from churn.tracking.reference import Reference
from churn.tracking.risk_sums import columns_needed, sums_of
from churn_api.jobs.job_metrics import ChunkStats


def count_customers(
    tally: ChunkStats,
    schema: Schema,
    customers: Iterable[pl.Series],
    probabilities: NDArray[np.float64],
    reference: Reference | None,
) -> None:
    """Count n customers, of whom there is a column for each field; what fields hold only against a reference."""
    held: dict[str, pl.Series] = {}
    columns = _noted(schema, customers, held)
    if reference:
        tally.values = counts_of_columns(columns, probabilities, schema, reference)
    else:
        for _ in columns:
            pass
    tally.at_risk = sums_of(schema, held, probabilities, reference)


def _noted(schema: Schema, customers: Iterable[pl.Series], held: dict[str, pl.Series]) -> Iterator[pl.Series]:
    """The columns, one at a time since together they take megabytes; the few that are summed by are noted."""
    needed = columns_needed(schema)
    for name, column in zip(schema.fields, customers, strict=True):
        if name in needed:
            held[name] = column
        yield column
