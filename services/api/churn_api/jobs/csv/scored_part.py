"""What a chunk leaves for the planning of a campaign: its customers in a Parquet file of their own."""

import io

import polars as pl

WINDOW = "value_"
"""What the column of the values under another label window is called, before its months."""

CHALLENGER = "challenger_"
"""What the names of the columns begin with that a second list's release says: its probability and value."""


def to_bytes(part: pl.DataFrame) -> bytes:
    """The part as a file, packed little: it is read twice and lives for minutes."""
    target = io.BytesIO()
    part.write_parquet(target, compression="lz4", statistics=False)
    return target.getvalue()
