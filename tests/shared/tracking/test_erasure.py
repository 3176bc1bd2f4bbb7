"""Erasures: written down once, done once, and what is on its way is dropped by them."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from churn.errors import ObjectNotFound, PreconditionFailed
from churn.store.interface import ObjectStore
from churn.tracking import erasure

MOMENT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
NAME = "Ä/7 590"


def table(*rows: tuple[str | None, datetime]) -> pl.DataFrame:
    return pl.DataFrame(
        {"customer_id": [name for name, _ in rows], "scored_at": [moment for _, moment in rows]},
        schema={"customer_id": pl.String, "scored_at": pl.Datetime("us", "UTC")},
    )


def test_who_is_erased_is_known_until_it_is_done(store: ObjectStore) -> None:
    erasure.ask(store, NAME, MOMENT)
    found = erasure.load(store, erasure.key(NAME))
    assert (found.customer_id, found.moment, found.done) == (NAME, MOMENT, False)
    erasure.finish(store, found)
    assert json.loads(store.get(erasure.key(NAME)).data) == {"moment": MOMENT.isoformat()}
    assert erasure.load(store, erasure.key(NAME)).done


def test_asking_again_begins_anew_only_after_the_end(store: ObjectStore) -> None:
    later = MOMENT + timedelta(hours=1)
    erasure.ask(store, NAME, MOMENT)
    erasure.ask(store, NAME, later)
    found = erasure.load(store, erasure.key(NAME))
    assert found.moment == MOMENT
    erasure.finish(store, found)
    erasure.ask(store, NAME, later)
    assert erasure.load(store, erasure.key(NAME)).moment == later
    with pytest.raises(PreconditionFailed):
        erasure.finish(store, found)


def test_of_nobody_there_is_no_erasure(store: ObjectStore) -> None:
    assert erasure.recent(store) == {}
    with pytest.raises(ObjectNotFound):
        erasure.load(store, erasure.key(NAME))


def test_rows_until_the_erasure_are_dropped_and_no_others(store: ObjectStore) -> None:
    erasure.ask(store, NAME, MOMENT)
    erased = erasure.recent(store)
    assert set(erased) == {erasure.digest(NAME)}
    now = datetime.now(UTC)
    rows = table((NAME, MOMENT), ("other", MOMENT), (None, MOMENT), (NAME, now), (NAME, now + timedelta(minutes=5)))
    kept = erasure.without(rows, erased)
    assert kept.rows() == [("other", MOMENT), (None, MOMENT), (NAME, now + timedelta(minutes=5))]


def test_a_table_without_the_erased_is_left_as_it_is(store: ObjectStore) -> None:
    rows = table(("other", MOMENT))
    assert erasure.without(rows, {}) is rows
    erasure.ask(store, NAME, MOMENT)
    assert erasure.without(rows, erasure.recent(store)) is rows
