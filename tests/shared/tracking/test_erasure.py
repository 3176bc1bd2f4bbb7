"""Erasures: written down once, done once, and what is on its way is dropped by them."""

import json
import time
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from churn.store.interface import ObjectStore
from churn.tracking import erasure

MOMENT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
NAME = "Ä/7 590"


def table(*rows: tuple[str | None, datetime]) -> pl.DataFrame:
    return pl.DataFrame(
        {"customer_id": [name for name, _ in rows], "scored_at": [moment for _, moment in rows]},
        schema={"customer_id": pl.String, "scored_at": pl.Datetime("us", "UTC")},
    )


def names(store: ObjectStore) -> list[tuple[str, datetime]]:
    return [(each.customer_id, each.moment) for each in erasure.under_way(store)]


def finish(store: ObjectStore) -> None:
    for each in erasure.under_way(store):
        assert erasure.end(store, each, erasure.PARTS)


def test_who_is_erased_is_named_until_it_is_done_and_known_for_a_while(store: ObjectStore) -> None:
    erasure.ask(store, NAME, MOMENT)
    assert names(store) == [(NAME, MOMENT)]
    assert erasure.find(store, NAME)
    assert erasure.is_any_under_way(store)
    finish(store)
    assert names(store) == []
    assert erasure.find(store, NAME) is None
    assert not erasure.is_any_under_way(store)
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
    assert names(store) == [(NAME, MOMENT)]
    finish(store)
    erasure.ask(store, NAME, later)
    assert names(store) == [(NAME, later)]


def test_parts_that_are_done_are_not_done_again_unless_it_is_asked_again(store: ObjectStore) -> None:
    erasure.ask(store, NAME, MOMENT)
    (asked,) = erasure.under_way(store)
    assert not erasure.end(store, asked, set(erasure.PARTS) - {erasure.TRACKED}, ["tracking/outcomes/a.parquet"])
    (noted,) = erasure.under_way(store)
    assert (noted.left, noted.unreadable) == ({erasure.TRACKED}, ("tracking/outcomes/a.parquet",))
    erasure.ask(store, NAME, MOMENT + timedelta(hours=1))
    (again,) = erasure.under_way(store)
    assert (again.moment, again.left, again.unreadable) == (MOMENT, set(erasure.PARTS), ())
    assert not erasure.end(store, noted, [erasure.TRACKED]), "what was asked since is not done"
    (still,) = erasure.under_way(store)
    assert (still.left, still.was_done) == (set(erasure.PARTS), True)


def test_what_is_asked_for_while_a_worker_is_at_it_is_done_once_more(store: ObjectStore) -> None:
    erasure.ask(store, NAME, MOMENT)
    (taken,) = erasure.under_way(store)
    erasure.ask(store, NAME, MOMENT)  # of a part that the worker has been through, and has not noted
    assert not erasure.end(store, taken, erasure.PARTS)
    (again,) = erasure.under_way(store)
    assert (again.moment, again.left, again.was_done) == (MOMENT, set(erasure.PARTS), True)
    erasure.ask(store, NAME, MOMENT)
    (last,) = erasure.under_way(store)
    assert last.was_done
    assert not erasure.end(store, again, erasure.PARTS)
    finish(store)
    assert not erasure.is_any_under_way(store)


def test_parts_of_a_newer_release_are_left_to_it(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(erasure, "PARTS", (*erasure.PARTS, "letters"))
        erasure.ask(store, NAME, MOMENT)
    (asked,) = erasure.under_way(store)
    assert asked.left == set(erasure.PARTS)
    assert not erasure.end(store, asked, asked.left)
    (noted,) = erasure.under_way(store)
    assert noted.left == set()
    monkeypatch.setattr(erasure, "PARTS", (*erasure.PARTS, "letters"))
    assert noted.left == {"letters"}
    assert erasure.end(store, noted, ["letters"])
    assert not erasure.is_any_under_way(store)


def test_a_release_that_knows_no_parts_ends_only_what_it_began(store: ObjectStore) -> None:
    erasure.ask(store, NAME, MOMENT)
    former = f"tracking/erasing/{erasure.digest('another')}.json"
    assert not list(store.list("tracking/erasing/")), "such a release deletes all that it finds here"
    told = json.dumps({"customer_id": "another", "moment": MOMENT.isoformat()}).encode()
    store.put(former, told, content_type="application/json")
    assert sorted(names(store)) == sorted([(NAME, MOMENT), ("another", MOMENT)])
    assert {each.left for each in erasure.under_way(store)} == {frozenset(erasure.PARTS)}
    finish(store)
    assert not erasure.is_any_under_way(store)


def test_what_came_in_until_it_was_asked_again_is_erased_too(store: ObjectStore) -> None:
    erasure.ask(store, NAME, MOMENT)
    first = erasure.recent(store)[erasure.digest(NAME)]
    time.sleep(1.1)  # S3 dates its objects by whole seconds
    erasure.ask(store, NAME, MOMENT)
    assert erasure.recent(store)[erasure.digest(NAME)] > first


def test_of_nobody_there_is_no_erasure(store: ObjectStore) -> None:
    assert erasure.recent(store) == {}
    assert erasure.under_way(store) == []
    assert erasure.find(store, NAME) is None


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
