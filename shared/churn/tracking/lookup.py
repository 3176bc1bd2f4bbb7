"""The process that finds a customer's rows in Parquet files on its input, within limits.

`python -m churn.tracking.lookup`. The input is the id as JSON on a line, then for each file a line with its table
("predictions" or "outcomes"), its key and its size in bytes as a JSON array, and the file. The output is a JSON
object with the rows of each table, and under "unreadable" the key of each file that is no such table, with the reason.
"""

import json
import sys
from datetime import date
from math import isnan
from typing import Any, BinaryIO

from churn.confinement import confine

PREDICTIONS, OUTCOMES, UNREADABLE = "predictions", "outcomes", "unreadable"

# What polars takes for itself, and a month of weekly predictions of a hundred thousand customers in one file.
_MEMORY_BYTES = 208 << 20

# Processor time, and time by the clock.
_PROCESSOR_SECONDS, _SECONDS = 20, 60


def main() -> int:
    """Read standard input to its end, and write what was found; always returns 0."""
    confine(_MEMORY_BYTES, _PROCESSOR_SECONDS, _SECONDS)
    json.dump(_found(sys.stdin.buffer), sys.stdout, default=_written)
    return 0


def _found(source: BinaryIO) -> dict[str, list[Any]]:
    """The customer's rows by table, without what is null; a blank that is a value is None."""
    import polars as pl

    from churn.tracking import tables
    from churn.tracking.scanning import Table, UnreadableTable

    columns = {PREDICTIONS: tables.PREDICTIONS, OUTCOMES: tables.OUTCOMES}
    customer_id = json.loads(source.readline())
    found: dict[str, list[Any]] = {PREDICTIONS: [], OUTCOMES: [], UNREADABLE: []}
    while line := source.readline():
        table, key, size = json.loads(line)
        data = source.read(size)
        try:
            rows = Table(data, columns[table]).read(pl.all(), where=pl.col("customer_id") == customer_id)
        except UnreadableTable as error:
            found[UNREADABLE].append([key, str(error)])
        else:
            found[table] += [
                {name: _told(value) for name, value in row.items() if value is not None} for row in rows.to_dicts()
            ]
    return found


def _told(value: Any) -> Any:
    return None if isinstance(value, float) and isnan(value) else value


def _written(value: date) -> str:
    return value.isoformat()


if __name__ == "__main__":
    sys.exit(main())
