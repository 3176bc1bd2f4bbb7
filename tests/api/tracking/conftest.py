"""A release to answer with, and a store that may be away."""

import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl
import pytest
from tests.telco import Customer, read

from churn import release
from churn.errors import StoreUnavailable
from churn.release import Release
from churn.store.interface import ObjectStore
from churn.tracking.layout import PREDICTIONS
from churn_api.tracking import incoming
from churn_api.tracking.incoming import Handover


class Tally:
    """A counter."""

    def __init__(self) -> None:
        self.amount = 0.0

    def inc(self, amount: float = 1) -> None:
        self.amount += amount


class Unsteady:
    """The store, or none while it is `away`; `lost` answers to writes that were done do not arrive."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.away = False
        self.lost = 0

    def put(self, key: str, data: bytes, **options: Any) -> str:
        if self.away:
            raise StoreUnavailable("here", "a test")
        etag = self._store.put(key, data, **options)
        if self.lost:
            self.lost -= 1
            raise StoreUnavailable("here", "a test")
        return etag


@pytest.fixture
def lost() -> Tally:
    return Tally()


@pytest.fixture
def unsteady(store: ObjectStore) -> Unsteady:
    return Unsteady(store)


@pytest.fixture
def served(store: ObjectStore, publish: Callable[..., str]) -> Release:
    """The release in this test's own store."""
    return release.load(store, publish(store))


@pytest.fixture
def customer(whole: dict[str, Any]) -> Customer:
    return read(whole).customer


@pytest.fixture
def written(store: ObjectStore) -> Callable[[], list[Handover]]:
    """A function that reads all that was handed over, the oldest first."""

    def read_all() -> list[Handover]:
        return [incoming.read(store.get(entry.key).data, entry.key) for entry in store.list(incoming.INCOMING)]

    return read_all


class Interrupted:
    """The store, at whose n-th call, from 1, `happens` is called: in the midst of it where it deletes several."""

    def __init__(self, store: ObjectStore, at: int, happens: Callable[[], None]) -> None:
        self._store, self._at, self._happens = store, at, happens
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            if self.calls == self._at:
                if name == "delete":
                    keys = list(arguments[0])
                    method(keys[: len(keys) // 2])
                    arguments = (keys[len(keys) // 2 :],)
                self._happens()
            return method(*arguments, **options)

        return call


@pytest.fixture
def interrupted() -> type[Interrupted]:
    return Interrupted


@pytest.fixture
def hand_over(store: ObjectStore, served: Release, customer: Customer) -> Callable[..., str]:
    """A function that hands over an object as a process of the API does: these ids, at this moment, so many refused."""

    def write(ids: list[str], moment: datetime, refused: int = 0, **changes: Any) -> str:
        made = {
            "release": served.version,
            "source": "single",
            "ids": ids,
            "moments": [round(moment.timestamp() * 1e6) + place for place in range(len(ids))],
            "probabilities": [0.25] * len(ids),
            "assumed": [1] * len(ids),
            "customers": [[value] * len(ids) for value in customer],
        }
        parts = [incoming.encoded_rows(incoming.Rows(**made | changes))] if ids else []
        refusals = incoming.Refusals(len(ids) + refused, refused, {"tenure:missing": refused} if refused else {})
        key = incoming.new_key(moment)
        store.put(key, incoming.joined(parts, refusals), content_type="application/json")
        return key

    return write


@pytest.fixture
def tracked(store: ObjectStore) -> Callable[[], pl.DataFrame]:
    """A function that reads all tracked predictions."""

    def read_all() -> pl.DataFrame:
        files = [store.get(entry.key).data for entry in store.list(PREDICTIONS)]
        tables = [pl.read_parquet(io.BytesIO(data)) for data in files]
        return pl.concat(tables) if tables else pl.DataFrame({"customer_id": []})

    return read_all
