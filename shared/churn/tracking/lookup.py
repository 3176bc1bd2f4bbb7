"""The process that finds a customer's rows in Parquet files on its input, within limits.

`python -m churn.tracking.lookup`. The input is the id as JSON on a line, then for each file a line with its table
("predictions" or "outcomes") and its size in bytes, and the file. The output is a JSON object with a list for each
table.
"""

import json
import sys
from datetime import date
from io import BytesIO
from math import isnan
from typing import Any

from churn.confinement import confine

PREDICTIONS, OUTCOMES = "predictions", "outcomes"

# What polars takes for itself, and a month of weekly predictions of a hundred thousand customers in one file.
_MEMORY_BYTES = 208 << 20

# Processor time, and time by the clock.
_PROCESSOR_SECONDS, _SECONDS = 20, 60


def main() -> int:
    """Read standard input to its end, and write what was found; always returns 0."""
    confine(_MEMORY_BYTES, _PROCESSOR_SECONDS, _SECONDS)
    source = sys.stdin.buffer
    customer_id = json.loads(source.readline())
    found: dict[str, list[dict[str, Any]]] = {PREDICTIONS: [], OUTCOMES: []}
    while line := source.readline():
        table, size = line.split()
        found[table.decode()] += _rows(source.read(int(size)), customer_id)
    json.dump(found, sys.stdout, default=_written)
    return 0


def _rows(data: bytes, customer_id: str) -> list[dict[str, Any]]:
    """The customer's rows, without what is null; a blank that is a value is None."""
    import polars as pl

    rows = pl.scan_parquet(BytesIO(data)).filter(pl.col("customer_id") == customer_id).collect().to_dicts()
    return [{name: _told(value) for name, value in row.items() if value is not None} for row in rows]


def _told(value: Any) -> Any:
    return None if isinstance(value, float) and isnan(value) else value


def _written(value: date) -> str:
    return value.isoformat()


if __name__ == "__main__":
    sys.exit(main())
