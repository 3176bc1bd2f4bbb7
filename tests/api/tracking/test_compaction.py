"""Making one file of many."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.bank import BANK, clients
from tests.telco import TELCO, Customer

from churn.schema import Schema
from churn.store.interface import ObjectStore
from churn.tracking import erasure, outcomes, predictions
from churn.tracking.layout import OUTCOMES, PREDICTIONS
from churn_api.tracking.compaction import FEW, SMALL_BYTES, Compaction, months
from churn_api.tracking.parquet import PARQUET, metadata_of

NOW = datetime.now(UTC)
FOLDER = f"{PREDICTIONS}month=2026-11/"


@pytest.fixture
def put(store: ObjectStore, customer: Customer) -> Callable[..., None]:
    """A function that writes a file of predictions of these ids."""

    def write(name: str, ids: list[str], schema: Schema = TELCO) -> None:
        customers = [customer if schema is TELCO else clients()[0]] * len(ids)
        table = predictions.frame(
            schema,
            "20261123_140301",
            "single",
            pl.Series(ids),
            pl.Series([NOW] * len(ids)),
            np.full(len(ids), 0.5),
            np.zeros(len(ids), np.uint8),
            schema.table_of(customers),
        )
        store.put(f"{FOLDER}{name}.parquet", predictions.to_bytes(table, schema.hash), content_type=PARQUET)

    return write


def compact(store: Any, hours: float = 0, folder: str = FOLDER) -> None:
    Compaction(store, lambda: datetime.now(UTC) + timedelta(hours=hours)).compact(folder)


def files(store: ObjectStore) -> dict[str, list[str]]:
    """The ids in each file."""
    names = [entry.key for entry in store.list(PREDICTIONS)]
    return {
        name.removeprefix(FOLDER): pl.read_parquet(io.BytesIO(store.get(name).data))["customer_id"].to_list()
        for name in names
    }


def test_a_few_files_are_left_alone(store: ObjectStore, put: Callable[..., None]) -> None:
    for number in range(FEW - 1):
        put(f"{number}", ["a"])
    compact(store)
    assert len(files(store)) == FEW - 1


def test_each_schema_gets_a_file_of_its_own_and_a_row_twice_is_one(
    store: ObjectStore, put: Callable[..., None]
) -> None:
    for number in range(FEW):
        put(f"{number:02d}", ["same", f"{number:02d}"])
        put(f"bank {number}", ["client"], BANK)
    compact(store)
    telco, bank = sorted(files(store).values(), key=len, reverse=True)
    assert sorted(telco) == sorted(["same", *(f"{number:02d}" for number in range(FEW))])
    assert bank == ["client"]
    for entry in store.list(PREDICTIONS):
        data = store.get(entry.key).data
        schema = BANK if metadata_of(data)["schema"] == BANK.hash else TELCO
        assert pl.read_parquet_schema(io.BytesIO(data)) == predictions.columns_of(schema)


def test_large_files_are_left_and_what_has_become_large_too(store: ObjectStore, put: Callable[..., None]) -> None:
    rng = np.random.default_rng(7)
    for number in range(40):
        put(f"{number:02d}", [rng.bytes(8).hex() for _ in range(5_000)])
    put("large", [rng.bytes(8).hex() for _ in range(40_000)])
    before = {entry.key: entry.etag for entry in store.list(PREDICTIONS)}
    assert store.head(f"{FOLDER}large.parquet").size > SMALL_BYTES > store.head(f"{FOLDER}00.parquet").size
    compact(store)
    sizes = [entry.size for entry in store.list(PREDICTIONS)]
    assert 3 < len(sizes) < 10
    assert store.head(f"{FOLDER}large.parquet").etag == before[f"{FOLDER}large.parquet"]
    assert sum(map(len, files(store).values())) == 240_000
    compact(store)
    assert [entry.size for entry in store.list(PREDICTIONS)] == sizes


def test_files_of_a_job_are_left_while_its_last_step_may_be_done_again(
    store: ObjectStore, put: Callable[..., None]
) -> None:
    for number in range(FEW):
        put(f"job_1-{number:06d}", [f"{number}"])
    compact(store)
    assert len(files(store)) == FEW
    compact(store, hours=1.1)
    assert len(files(store)) == 1


def test_a_file_that_cannot_be_read_is_left(store: ObjectStore, put: Callable[..., None]) -> None:
    for number in range(FEW):
        put(f"{number}", [f"{number}"])
    store.put(f"{FOLDER}broken.parquet", b"PAR1", content_type=PARQUET)
    foreign = io.BytesIO()
    pl.DataFrame({"a": [1]}).write_parquet(foreign)
    store.put(f"{FOLDER}foreign.parquet", foreign.getvalue(), content_type=PARQUET)
    compact(store)
    left = {entry.key.removeprefix(FOLDER) for entry in store.list(PREDICTIONS)}
    assert {"broken.parquet", "foreign.parquet"} < left
    assert len(left) == 3


def test_outcomes_become_one_file_and_say_what_they_said(store: ObjectStore) -> None:
    folder, day = f"{OUTCOMES}month=2026-11/", date(2026, 11, 1)
    told = {"customer_id": "a", "campaign": "spring", "arm": "treat", "accepted": True, "cost": 2.5}
    came = [told | {"left_at": day}, told | {"stayed_until": day + timedelta(days=3)}, told | {"left_at": day}]
    for number in range(FEW):
        rows = [
            row | {"received_at": NOW - timedelta(minutes=number), "row": place}
            for place, row in enumerate([*came, {"customer_id": f"{number}", "stayed_until": day}], 1)
        ]
        data = outcomes.to_bytes(pl.DataFrame(rows, outcomes.COLUMNS))
        store.put(f"{folder}out_{number:02d}-000000.parquet", data, content_type=PARQUET)

    def read() -> pl.DataFrame:
        return pl.concat(pl.read_parquet(io.BytesIO(store.get(entry.key).data)) for entry in store.list(folder))

    assert months(store) == [folder]
    before = outcomes.fold(read())
    compact(store, folder=folder)
    assert len(list(store.list(folder))) == FEW
    erasure.ask(store, "3", NOW)
    compact(store, 1.1, folder)
    [entry] = store.list(folder)
    assert metadata_of(store.get(entry.key).data) == {"version": outcomes.VERSION}
    after = outcomes.fold(read())
    assert after.counts == before.counts | {"rows": 4 * FEW - 1, "customers": FEW}
    kept = before.customers.filter(pl.col("customer_id") != "3").sort("customer_id")
    assert after.customers.sort("customer_id").equals(kept)
    assert after.treatments.sort("day").equals(before.treatments.sort("day"))
