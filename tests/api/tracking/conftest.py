"""A release to answer with, and a store that may be away."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.telco import Customer, read

from churn import release
from churn.errors import StoreUnavailable
from churn.release import Release
from churn.store.interface import ObjectStore
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
