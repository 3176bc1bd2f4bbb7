"""Three releases of the shipped declaration, of which the first is in service."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.made_up import made_up_predictor, published
from tests.telco import TELCO, Customer

from churn import release
from churn.experiments.repository import ExperimentRepository
from churn.store.interface import ObjectStore
from churn.store.opening import open_store


class Clock:
    """A clock that advances by a minute with each look."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 30, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.moment += timedelta(minutes=1)
        return self.moment


class Versions(NamedTuple):
    """The versions of the releases; the first is in service."""

    champion: str
    challenger: str
    other: str


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    opened = open_store(f"file://{tmp_path / 'store'}")
    opened.ensure_bucket()
    return opened


@pytest.fixture
def versions(store: ObjectStore, customers: list[Customer]) -> Versions:
    people = customers[:60]
    sizes: Iterator[float] = iter((1.0, 0.8, 0.3))
    moment = datetime(2026, 11, 23, 14, 3, 1, tzinfo=UTC)  # before all that is tracked
    made = [
        published(store, people, made_up_predictor(TELCO, people, size), promoted=False, moment=moment)
        for size in sizes
    ]
    release.promote(store, made[0], None)
    return Versions(*made)


@pytest.fixture
def repository(store: ObjectStore, clock: Clock) -> ExperimentRepository:
    return ExperimentRepository(store, clock)


@pytest.fixture(autouse=True)
def own_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that run at the same time are as many machines."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
