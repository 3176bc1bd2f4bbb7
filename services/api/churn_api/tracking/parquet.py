"""Files of the tracked tables that are made anew, with other rows and all else that they tell."""

from io import BytesIO

import polars as pl

PARQUET = "application/vnd.apache.parquet"


def metadata_of(data: bytes) -> dict[str, str]:
    """What a file tells beside its columns."""
    told = pl.read_parquet_metadata(BytesIO(data))
    return {name: value for name, value in told.items() if not name.startswith("ARROW")}


def to_bytes(table: pl.DataFrame, metadata: dict[str, str]) -> bytes:
    """The table as a file that tells this."""
    target = BytesIO()
    table.write_parquet(target, compression="zstd", metadata=metadata)
    return target.getvalue()
