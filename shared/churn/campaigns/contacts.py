"""The table of a campaign's chosen customers: a row for each, in Parquet files, in the order of their rows."""

import io
from typing import Any

import polars as pl

VERSION = "1"

COLUMNS: dict[str, Any] = {
    "row": pl.UInt32,  # of the file, from 1
    "customer_id": pl.String,
    "probability": pl.Float64,
    "value": pl.Float64,  # over the plan's horizon, of one who does not leave, in the table's currency
    "offer": pl.String,  # the name of the one that is made to him, or would be
    "expected_value": pl.Float64,  # what this offer brings, in the table's currency
    "arm": pl.String,  # treat or hold_out, as drawn when the campaign was planned
    "band": pl.String,  # of risk: low, medium or high
    "reason_1": pl.String,
    "reason_2": pl.String,
    "reason_3": pl.String,
}
"""The columns that every file has; those of the segments follow them."""

LIST = "list"
"""The column that only campaigns have on which two lists are tried: by which one the customer is treated or left alone,
both, champion or challenger. It follows those of the segments."""

IF_LIST = pl.col(f"^{LIST}$")
"""That column where it is there, and else nothing."""

DRAWN = ("customer_id", "arm")
"""Those that are kept, with LIST, of a campaign that was closed and is deleted: whom it has treated still counts."""

SEGMENT = "segment:"
"""What the name of a segment's column begins with; the rest is the declared field, and its values are words."""


def to_bytes(table: pl.DataFrame) -> bytes:
    """The table as a Parquet file."""
    target = io.BytesIO()
    table.write_parquet(target, compression="zstd", compression_level=1, metadata={"version": VERSION})
    return target.getvalue()
