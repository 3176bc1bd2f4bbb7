"""Reading the rows of `churn_trainer.data.tracked` from the store, month by month.

It is imported by the process that reads alone: polars takes memory that a run needs for something else.
"""

import math
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import polars as pl

from churn.schema import Schema, load_schema
from churn.split import id_hash
from churn.store.interface import ObjectStore
from churn.store.opening import open_store
from churn.tracking.computed import SETTLING_DAYS
from churn.tracking.contacted import KEY
from churn.tracking.join import Known, aged, judged
from churn.tracking.known import known
from churn.tracking.layout import PREDICTIONS
from churn.tracking.predictions import COLUMNS, FIELD
from churn.tracking.releases import ASSUMED_WINDOW
from churn.tracking.scanning import Table, TableReader, read_anew
from churn_trainer.data.sampling import MOST_CELLS
from churn_trainer.data.tracked import Tracked

# Rows of a file that are read at a time.
_ROWS = 50_000

# Bytes of a month's files that are held while it is read share by share; what is beyond is loaded for each share.
_HELD_BYTES = 64 << 20

_SHORTEST_MONTH = 28

# Beside them there are the declared table and the table of both.
_SHARE_OF_MEMORY = 0.5


def read(store_url: str, declaration: str, today: date) -> Tracked:
    """The rows of the declared customers that are mature today, in UTC. Raises StoreUnavailable."""
    store, schema = open_store(store_url), load_schema(declaration, "The declaration")
    return read_anew(lambda: collect(store, schema, today))


def collect(store: ObjectStore, schema: Schema, today: date) -> Tracked:
    """The same of a store. Raises StoreUnavailable, and ObjectNotFound where files changed meanwhile."""
    reader = TableReader(store)
    told, _ = known(reader)
    collecting = Collecting(reader, schema, told, today)
    # Were nobody known to have stayed, all would seem to leave.
    months = collecting.months() if told.customers["stayed_until"].is_not_null().any() else []
    most = _SHARE_OF_MEMORY * MOST_CELLS / max(len(schema.features.names), len(schema.fields))
    shares = max(1, math.ceil(sum(count for _, count in months) / most))
    frames = [collecting.month(month, shares) for month, _ in months]
    return collecting.tracked([frame for frame in frames if frame is not None], shares)


class Collecting:
    """Collects rows, and counts what it leaves out."""

    def __init__(self, reader: TableReader, schema: Schema, known: Known, today: date) -> None:
        self._reader, self._schema, self._known, self._today = reader, schema, known, today
        self._window = schema.label_window_months or ASSUMED_WINDOW
        self._fields = [FIELD + name for name in schema.fields]
        self._incomplete = self._untold = 0
        self._held_of, self._held = "", dict[str, Table]()

    def months(self) -> list[tuple[str, int]]:
        """The folders of the months in which mature predictions may lie, each with the number of its customers."""
        return [(folder, self._customers(folder)) for folder in self.folders()]

    def folders(self) -> list[str]:
        """The folders of these months, the oldest first."""
        last = self._today - timedelta(days=SETTLING_DAYS + _SHORTEST_MONTH * self._window)
        return [name for name in self._reader.store.folders(PREDICTIONS) if name <= f"month={last:%Y-%m}"]

    def _customers(self, folder: str) -> int:
        keys = [rows.unique() for rows in self._pieces(folder, KEY)]
        return pl.concat(keys)["key"].n_unique() if keys else 0

    def month(self, folder: str, shares: int) -> pl.DataFrame | None:
        """A month's rows, of each customer his last prediction; of `shares` customers one is looked at."""
        told = self.judged(folder, shares)
        if told is None:
            return None
        matched = told.filter(pl.col("outcome").is_not_null())
        if 2 * matched.height < told.height:
            self._untold += 1
            return None
        return self.complete(matched)

    def judged(self, folder: str, shares: int, share: int = 0, *, with_fields: bool = True) -> pl.DataFrame | None:
        """The mature ones of these predictions of untreated customers, of one of `shares` shares of the customers.

        They are aged and judged as `churn.tracking.join` has it; None where there is no prediction.
        """
        fields = self._fields if with_fields else []
        selected: tuple[pl.Expr | str, ...] = (KEY, "customer_id", "scored_at", "probability", *fields)
        pieces = list(self._pieces(folder, *selected, where=pl.col("customer_id").hash() % shares == share))
        if not pieces:
            return None
        last = pl.concat(pieces).sort("scored_at", "probability").unique("key", keep="last", maintain_order=True)
        rows = aged(last, self._window, self._today).filter("mature")
        return judged(rows.join(self._known.customers, on="key", how="left"), self._known).filter(pl.col("weight") > 0)

    def complete(self, matched: pl.DataFrame) -> pl.DataFrame:
        """Rows whose outcome is known, without those that have an absent field."""
        complete = matched.drop_nulls(self._fields)
        self._incomplete += matched.height - complete.height
        return complete.select("customer_id", "day", "ends", "outcome", "weight", *self._fields)

    def _pieces(self, folder: str, *selected: pl.Expr | str, where: pl.Expr | bool = True) -> Iterator[pl.DataFrame]:
        """The month's predictions of customers who are declared as they are now."""
        if self._held_of != folder:
            self._held_of, self._held = folder, {}
        room = _HELD_BYTES
        for entry in self._reader.store.list(f"{PREDICTIONS}{folder}/"):
            room -= entry.size
            with self._reader.passing_over(entry.key):
                table = self._held.get(entry.key) or self._reader.table(entry.key, COLUMNS)
                if room >= 0:
                    self._held[entry.key] = table
                if table.metadata.get("schema") == self._schema.hash:
                    yield from table.pieces(_ROWS, *selected, where=where)

    def tracked(self, frames: list[pl.DataFrame], shares: int) -> Tracked:
        """The rows of these months as arrays."""
        schema = self._schema
        wanted = {FIELD + name: np.int8 if name in schema.categories else np.float64 for name in schema.fields}
        rows = (
            pl.concat(frames).sort("day", "customer_id")
            if frames
            else _NOTHING.with_columns(pl.lit(0.0).alias(name) for name in wanted)
        )
        ids, number = np.unique(rows["customer_id"].to_numpy(), return_inverse=True)
        hashes = np.array([id_hash(customer_id) for customer_id in ids], np.uint64)
        return Tracked(
            customers=tuple(rows[name].to_numpy().astype(kind) for name, kind in wanted.items()),
            churn=rows["outcome"].to_numpy().astype(np.int8),
            keys=hashes[number],
            day=rows["day"].to_physical().to_numpy().astype(np.int32),
            ends=rows["ends"].to_physical().to_numpy().astype(np.int32),
            weight=rows["weight"].to_numpy().astype(np.float64),
            incomplete=self._incomplete,
            untold=self._untold,
            shares=shares,
        )


_NOTHING = pl.DataFrame(
    schema={"customer_id": pl.String, "day": pl.Date, "ends": pl.Date, "outcome": pl.Float64, "weight": pl.Float64}
)
