"""What is tracked of the champion, within the bounds of a worker's memory and time."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.shared.experiments.conftest import Versions
from tests.shared.experiments.test_evaluation import PEOPLE
from tests.shared.experiments.world import LATER, SCORED, became, predicted
from tests.telco import TELCO

from churn.experiments import evidence
from churn.experiments.evidence import Tracked, Wanted, tracked
from churn.store.interface import ObjectStore
from churn.tracking.known import known
from churn.tracking.scanning import TableReader

COUNT = 400


def read(store: ObjectStore, version: str) -> Tracked:
    reader = TableReader(store)
    wanted = Wanted(version, TELCO, 1, date(2026, 1, 1), spares_test_part=False)
    return tracked(reader, known(reader)[0], wanted, LATER.date())


@pytest.fixture
def version(store: ObjectStore, versions: Versions) -> str:
    """The champion, which has scored 400 customers in December, in January and lately; all of them stay."""
    for moment in (SCORED, SCORED + timedelta(days=31), LATER):
        predicted(store, versions.champion, PEOPLE[:COUNT], moment)
    became(store, np.zeros(COUNT))
    return versions.champion


def test_of_more_outcomes_than_count_those_of_the_same_customers_are_taken_of_each_month(
    store: ObjectStore, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read(store, version).matured.height == 2 * COUNT
    monkeypatch.setattr(evidence, "MOST_PAIRS", 100)
    customers = known(TableReader(store))[0].customers.sort("key")["customer"][:50]
    assert read(store, version).matured["customer"].to_list() == [number for number in customers for _ in range(2)]


def test_of_more_who_were_scored_lately_the_same_ones_are_taken_in_every_look(
    store: ObjectStore, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = read(store, version).lately
    assert every.height == COUNT
    monkeypatch.setattr(evidence, "_MOST_LATELY", 30)
    for _ in range(2):
        assert_frame_equal(read(store, version).lately, every[:30])


def test_a_month_that_is_read_in_shares_of_its_customers_says_the_same(
    store: ObjectStore, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, heights = read(store, version), list[int]()
    last = evidence._last

    def counted(rows: pl.DataFrame) -> pl.DataFrame:
        heights.append(rows.height)
        return last(rows)

    monkeypatch.setattr(evidence, "_ROWS", 50)
    monkeypatch.setattr(evidence, "_last", counted)
    shares = read(store, version)
    assert_frame_equal(shares.matured, whole.matured)
    assert_frame_equal(shares.lately, whole.lately)
    assert len(heights) > COUNT // 50
