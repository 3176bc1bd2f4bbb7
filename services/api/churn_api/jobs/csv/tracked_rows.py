"""A chunk's rows as tracked predictions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.customer.declaration import Customer
from churn.schema import Schema
from churn.tracking.predictions import frame, to_bytes


class AbsentFields:
    """Which fields are absent in which of n rows; a field that is absent nowhere takes no memory."""

    def __init__(self, count: int) -> None:
        self._flags: defaultdict[str, NDArray[np.bool_]] = defaultdict(lambda: np.zeros(count, np.bool_))

    def note(self, row: int, names: Iterable[str]) -> None:
        """These fields are absent in the row."""
        for name in names:
            self._flags[name][row] = True

    def without(self, schema: Schema, customers: Customer, which: slice | NDArray[np.intp]) -> Iterator[pl.Series]:
        """The chosen rows of a table, a column for each field, with nulls where it is absent."""
        for name, column in zip(schema.fields, customers, strict=True):
            values = pl.Series(column[which])
            yield values.set(pl.Series(self._flags[name][which]), None) if name in self._flags else values


def tracked_rows(
    schema: Schema,
    release: str,
    moment: datetime,
    ids: pl.Series,
    probabilities: NDArray[np.float64],
    assumed: NDArray[np.uint8],
    customers: Iterable[pl.Series],
) -> bytes:
    """The predictions of a release, all made at this moment, as a Parquet file."""
    moments = pl.Series([moment]).new_from_index(0, len(ids))
    table = frame(schema, release, "job", ids, moments, probabilities, assumed, tuple(customers))
    return to_bytes(table, schema.hash, statistics=False)
