"""Some customers of a scored file, spread over it, so that a plan can be tried without reading all of it.

Rows are read cell by cell, as those of an upload are that is looked at: the API's processes do not know polars.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from churn.campaigns.save_rates import Segments
from churn.customer.declaration import Customer
from churn.customer.reading import Reading
from churn.errors import ValidationError
from churn.model.predictor import Predictor
from churn.overlap import overlapped
from churn.schema import Schema
from churn.store.interface import ObjectStore
from churn_api.jobs import paths
from churn_api.jobs.csv import rows
from churn_api.jobs.csv.amounts import amount
from churn_api.jobs.csv.first_rows import read_cells
from churn_api.jobs.plan import Chunk, Plan

MOST_ROWS = 2_000
"""Rows of a sample at most."""

# Chunks that rows are taken from, of which some bytes each are read, so that a file of any length takes as long.
_CHUNKS, _BYTES = 32, 8 << 20

# Reads at a time; other requests still get connections to the store.
_AT_ONCE = 4

# Customers with absent fields are averaged over hundreds of others, each by himself: so many at most.
_ALONE = 400

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sample:
    """n customers with an id, of `rows` rows that were looked at; arrays are of shape (n,).

    It is equal to itself alone: what is kept by it is never of another reading, from which somebody may be erased.
    """

    rows: int
    refused: int
    without_id: int
    ids: tuple[str, ...]
    customers: Customer
    """An array for each field: a code or a number, NaN where it is absent."""
    complete: Flags
    """Whether no field is absent."""
    probability: Floats
    segments: Segments
    given: Floats | None
    """The numbers of the column that the plan names as value, NaN where there is none."""


def read_sample(store: ObjectStore, job_id: str, plan: Plan, predictor: Predictor, place: int | None = None) -> Sample:
    """The sample of a job's file; `place` is that of the column of values, from 0. The same each time.

    Raises ObjectNotFound for a file that was deleted meanwhile, and StoreUnavailable.
    """
    found = _Rows(predictor.schema, plan.columns, place)
    chunks = [plan.chunks[number] for number in _spread(len(plan.chunks), _CHUNKS)]
    total = sum(chunk.rows for chunk in chunks)
    reads = (partial(_read, store, paths.upload(job_id), chunk, _BYTES * chunk.rows // total) for chunk in chunks)
    for chunk, data in zip(chunks, overlapped(reads, _AT_ONCE), strict=True):
        for cells in _some(data, -(-MOST_ROWS * chunk.rows // total)):
            found.look(cells)
    return found.sample(predictor)


class _Rows:
    """Reads rows, and has what was read of them."""

    def __init__(self, schema: Schema, columns: Sequence[str], place: int | None) -> None:
        self._schema, self._columns, self._place = schema, columns, place
        self._judged: list[tuple[Reading | None, float]] = []

    def look(self, cells: list[str]) -> None:
        """Read a row; None stands for one that is refused."""
        try:
            reading: Reading | None = read_cells(self._schema.reader, self._columns, cells, every_fault=False)
        except ValidationError:
            reading = None
        except Exception:  # what nobody foresaw of a row is refused where it is scored, and told there
            reading = None
        is_told = self._place is not None and self._place < len(cells)
        self._judged.append((reading, amount(cells[self._place or 0]) if is_told else np.nan))

    def sample(self, predictor: Predictor) -> Sample:
        """The customers, scored."""
        averaged = sum(bool(reading and reading.assumed) for reading, _ in self._judged)
        judged = self._judged[:: max(1, -(-averaged // _ALONE))]
        held = [(reading, given) for reading, given in judged if reading and reading.customer_id]
        readings = [reading for reading, _ in held]
        refused = sum(reading is None for reading, _ in judged)
        table = _table(self._schema, readings)
        complete = np.array([not reading.assumed for reading in readings], np.bool_)
        return Sample(
            rows=len(judged),
            refused=refused,
            without_id=len(judged) - refused - len(held),
            ids=tuple(str(reading.customer_id) for reading in readings),
            customers=table,
            complete=complete,
            probability=_probabilities(predictor, readings, table, complete),
            segments=_segments(self._schema, table),
            given=None if self._place is None else np.array([given for _, given in held], np.float64),
        )


def _table(schema: Schema, readings: Sequence[Reading]) -> Customer:
    values = np.array([reading.customer for reading in readings], np.float64)  # None becomes NaN
    return schema.customer(np.ascontiguousarray(values.reshape(-1, len(schema.fields)).T))


def _probabilities(predictor: Predictor, readings: Sequence[Reading], table: Customer, complete: Flags) -> Floats:
    """The probabilities, in one table but for those with absent fields."""
    probability = np.empty(len(readings))
    if complete.any():
        whole = predictor.schema.customer(column[complete] for column in table)
        probability[complete] = predictor.scorer.probabilities(whole)
    for row in np.flatnonzero(~complete).tolist():
        probability[row] = predictor.explain(readings[row], 0)[0]
    return probability


def _segments(schema: Schema, table: Customer) -> Segments:
    """The codes of the words in the segments, -1 where one is absent."""
    return {
        name: (np.nan_to_num(table[schema.position[name]], nan=-1).astype(np.int16), schema.categories[name].names)
        for name in schema.segments
        if name in schema.categories
    }


def _read(store: ObjectStore, key: str, chunk: Chunk, most: int) -> bytes:
    """The first whole rows of a chunk."""
    data = store.fetch(key, start=chunk.start, end=min(chunk.end, chunk.start + most))
    return rows.tidy(data if chunk.end - chunk.start <= most else data[: rows.last_end(data)])


def _some(data: bytes, most: int) -> Iterator[list[str]]:
    """The cells of some of these rows, spread over them."""
    cuts = list(pairwise([0, *rows.ends(data).tolist()]))
    chosen = b"".join(data[slice(*cuts[number])] for number in _spread(len(cuts), most))
    csv.field_size_limit(2 * rows.MAX_ROW_BYTES)
    return csv.reader(io.StringIO(chosen.decode("utf-8", "replace"), newline=""))


def _spread(count: int, most: int) -> list[int]:
    """Up to so many of the numbers below `count`, at equal distances."""
    taken = min(count, most)
    return [number * count // taken for number in range(taken)]
