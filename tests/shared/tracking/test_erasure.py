"""Erasures: written down once, done once, and what is on its way is dropped by them."""

import time
from datetime import UTC, datetime, timedelta

import polars as pl

from churn.store.interface import ObjectStore
from churn.tracking import erasure

MOMENT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
NAME = "Ä/7 590"


def table(*rows: tuple[str | None, datetime]) -> pl.DataFrame:
    return pl.DataFrame(
        {"customer_id": [name for name, _ in rows], "scored_at": [moment for _, moment in rows]},
        schema={"customer_id": pl.String, "scored_at": pl.Datetime("us", "UTC")},
    )


def test_who_is_erased_is_named_until_it_is_done_and_known_for_a_while(store: ObjectStore) -> None:
    erasure.ask(store, NAME, MOMENT)
    assert erasure.under_way(store) == [(NAME, MOMENT)]
    assert erasure.is_under_way(store, NAME)
    erasure.finish(store, NAME)
    assert erasure.under_way(store) == []
    assert not erasure.is_under_way(store, NAME)
    assert set(erasure.recent(store)) == {erasure.digest(NAME)}
    assert not any(NAME.encode() in store.get(entry.key).data for entry in store.list("tracking/"))
    erasure.forget(store, datetime.now(UTC) + timedelta(days=29))
    assert erasure.recent(store)
    erasure.forget(store, datetime.now(UTC) + timedelta(days=31))
    assert not erasure.recent(store)


def test_asking_again_begins_anew_only_after_the_end(store: ObjectStore) -> None:
    later = MOMENT + timedelta(hours=1)
    erasure.ask(store, NAME, MOMENT)
    erasure.ask(store, NAME, later)
    assert erasure.under_way(store) == [(NAME, MOMENT)]
    erasure.finish(store, NAME)
    erasure.ask(store, NAME, later)
    assert erasure.under_way(store) == [(NAME, later)]


def test_what_came_in_until_it_was_asked_again_is_erased_too(store: ObjectStore) -> None:
    erasure.ask(store, NAME, MOMENT)
    first = erasure.recent(store)[erasure.digest(NAME)]
    time.sleep(1.1)  # S3 dates its objects by whole seconds
    erasure.ask(store, NAME, MOMENT)
    assert erasure.recent(store)[erasure.digest(NAME)] > first


def test_of_nobody_there_is_no_erasure(store: ObjectStore) -> None:
    assert erasure.recent(store) == {}
    assert erasure.under_way(store) == []
    assert not erasure.is_under_way(store, NAME)


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
