"""The customers of a job and what is remembered of them, a part of them at a time to spare memory."""

import logging
import zlib
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

import polars as pl

from churn.alerts import layout
from churn.alerts.state import MOMENT, ROWS, STATE
from churn.errors import ObjectNotFound
from churn.store.interface import ObjectStore
from churn.tracking import erasure
from churn.tracking.predictions import FIELD
from churn.tracking.scanning import Table, UnreadableTable
from churn_api.alerts.record import PARTS

log = logging.getLogger(__name__)

PARQUET = "application/vnd.apache.parquet"

_READ: dict[str, Any] = {"customer_id": pl.String, "scored_at": MOMENT, "probability": pl.Float64}


class JobRows:
    """What a job has left in the table of predictions, by parts; the others wait as Parquet, a few bytes a row."""

    def __init__(
        self, store: ObjectStore, prefix: str, value_field: str | None, erased: Mapping[str, datetime]
    ) -> None:
        """`prefix` is of the job's files, `value_field` the field with the monthly value. Raises StoreUnavailable."""
        self._parts: list[list[bytes]] = [[] for _ in range(PARTS)]
        for entry in list(store.list(prefix)):
            rows = _rows(store, entry.key, value_field, erased)
            for (part,), some in rows.with_columns(part=parts_of(rows["customer_id"])).group_by("part"):
                self._parts[int(str(part))].append(packed(some.drop("part")))

    @property
    def parts(self) -> list[int]:
        """The numbers of the parts in which there is anybody."""
        return [number for number, tables in enumerate(self._parts) if tables]

    def part(self, number: int) -> pl.DataFrame:
        """The customers of a part, each with his last row."""
        tables = [pl.read_parquet(BytesIO(data)) for data in self._parts[number]]
        return pl.concat([pl.DataFrame(schema=ROWS), *tables]).unique("customer_id", keep="last", maintain_order=True)


def parts_of(names: pl.Series) -> pl.Series:
    """The part of each customer, which is the same for ever."""
    return pl.Series("part", [zlib.crc32(name.encode("utf-8", "surrogatepass")) % PARTS for name in names], pl.Int64)


def packed(table: pl.DataFrame) -> bytes:
    """The table as a Parquet file."""
    target = BytesIO()
    table.write_parquet(target, compression="zstd", compression_level=1, statistics=False)
    return target.getvalue()


def state_part(store: ObjectStore, generation: str, part: int) -> pl.DataFrame:
    """What is remembered of a part of the customers. Raises StoreUnavailable.

    Nothing, where it cannot be read: it comes again with what is scored from now on.
    """
    if generation:
        key = layout.state(generation, part)
        try:
            table = pl.read_parquet(BytesIO(store.get(key).data))
            return table.select(pl.col(name).cast(kind) for name, kind in STATE.items())
        except (ObjectNotFound, pl.exceptions.PolarsError) as error:
            log.error("%s cannot be read: what was remembered of these customers begins anew: %s", key, error)
    return pl.DataFrame(schema=STATE)


def _rows(store: ObjectStore, key: str, value_field: str | None, erased: Mapping[str, datetime]) -> pl.DataFrame:
    value = pl.lit(None, pl.Float64) if value_field is None else pl.col(FIELD + value_field).cast(pl.Float64)
    try:
        # A NaN is a blank, and nobody's bill.
        value = value.fill_nan(None).alias("value")
        table = Table(store.get(key).data, _READ).read(*_READ, value, where=pl.col("customer_id").is_not_null())
    except ObjectNotFound:
        return pl.DataFrame(schema=ROWS)  # erased with all its rows
    except UnreadableTable as error:
        log.error("%s cannot be read: nobody in it is alerted on. Delete it, or replace it by a copy: %s", key, error)
        return pl.DataFrame(schema=ROWS)
    return erasure.without(table, erased).select(*ROWS)
