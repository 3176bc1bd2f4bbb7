"""Tidying: whatever cuts it off, wherever, and however many are at it, each row is there once in the end."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import polars as pl
import pytest

from churn.store.interface import ObjectStore
from churn.store.opening import open_store
from churn.tracking import erasure, predictions
from churn.tracking.layout import INCOMING, OUTCOMES, PREDICTIONS, REFUSED
from churn_api.jobs.leases import Attempt
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.tracking import compaction, turn
from churn_api.tracking.parquet import PARQUET, metadata_of
from churn_api.tracking.tidying import Tidying

NOW = datetime(2026, 11, 1, 0, 0, 30, tzinfo=UTC)
# The first three are of October, the last two of November.
HANDED_OVER = [["a"], ["b", "c"], ["d"], ["e", "f"], ["g"]]
MOMENTS = [NOW - timedelta(seconds=seconds) for seconds in (180, 120, 60, 20, 10)]
NAMES = sorted(name for names in HANDED_OVER for name in names)
ROWS, REFUSED_ROWS = len(NAMES) + 5, 5

Tracked = Callable[[], pl.DataFrame]


class Killed(BaseException):
    """No handler of the program's gets this, as none gets a SIGKILL."""


def kill() -> None:
    raise Killed


@pytest.fixture(autouse=True)
def two_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "FEW", 2)
    # Thousands of small files are written; what a power cut does to them is tried elsewhere.
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def tidying(served: Any, store: ObjectStore) -> Callable[..., Tidying]:
    """A function that makes a tidying over a store, a number of minutes from NOW."""
    del served

    releases = ReleaseCache(store)

    def make(store: Any, minutes: float = 0, days: int = 400) -> Tidying:
        return Tidying(store, releases, days, clock=lambda: NOW + timedelta(minutes=minutes))

    return make


@pytest.fixture
def handed_over(hand_over: Callable[..., str]) -> list[str]:
    return [hand_over(names, moment, 1) for names, moment in zip(HANDED_OVER, MOMENTS, strict=True)]


def refusals(store: ObjectStore) -> tuple[int, int]:
    found = [json.loads(store.get(entry.key).data) for entry in store.list(REFUSED)]
    return sum(each["rows"] for each in found), sum(each["refused"] for each in found)


def assert_whole(store: ObjectStore, tracked: Tracked) -> None:
    """All is there once, and nothing is left that is on its way."""
    assert sorted(tracked()["customer_id"]) == NAMES
    assert refusals(store) == (ROWS, REFUSED_ROWS)
    assert list(store.list(INCOMING)) == []
    assert [entry.key for entry in store.list(compaction.UNDER_WAY)] == []


def put_back(store: ObjectStore, held: Mapping[str, bytes]) -> None:
    """Nothing is tracked but these objects, which were handed over."""
    store.delete([entry.key for entry in store.list("tracking/")])
    for key, data in held.items():
        store.put(key, data, content_type="application/json")


def at_every_call(store: ObjectStore, interrupted: Any, happens: Callable[[], None]) -> Iterator[Any]:
    """The store as it is now, interrupted at its first call, then anew at its second, until there are no more."""
    before = {entry.key: store.get(entry.key).data for entry in store.list("tracking/")}
    for at in count(1):
        put_back(store, before)
        disturbed = interrupted(store, at, happens)
        yield disturbed
        if disturbed.calls < at:
            break


@pytest.mark.usefixtures("handed_over")
def test_what_was_handed_over_becomes_one_file_a_month(
    store: ObjectStore, tidying: Callable[..., Tidying], tracked: Tracked
) -> None:
    tidying(store).tidy()
    assert_whole(store, tracked)
    folders = [entry.key.rpartition("/")[0] for entry in store.list(PREDICTIONS)]
    assert folders == [f"{PREDICTIONS}month=2026-10", f"{PREDICTIONS}month=2026-11"]
    assert tracked().filter(pl.col("customer_id") == "e")["scored_at"].to_list() == [NOW - timedelta(seconds=20)]


@pytest.mark.usefixtures("handed_over")
def test_it_is_the_same_in_s3(
    store: ObjectStore, s3_url: str, tidying: Callable[..., Tidying], tracked: Tracked
) -> None:
    bucket = open_store(s3_url)
    for entry in store.list(INCOMING):
        bucket.put(entry.key, store.get(entry.key).data, content_type="application/json")
    tidying(store).tidy()
    tidying(bucket).tidy()
    for entry in list(store.list(PREDICTIONS)):
        store.delete([entry.key])
    for entry in bucket.list(PREDICTIONS):
        store.put(entry.key, bucket.get(entry.key).data, content_type=PARQUET)
    assert_whole(store, tracked)
    assert refusals(bucket) == (ROWS, REFUSED_ROWS)


@pytest.mark.usefixtures("handed_over")
def test_a_pass_that_is_cut_off_anywhere_is_made_up_for_by_the_next(
    store: ObjectStore, tidying: Callable[..., Tidying], interrupted: Any, tracked: Tracked
) -> None:
    times = 0
    for failing in at_every_call(store, interrupted, kill):
        try:
            tidying(failing).tidy()
        except Killed:
            tidying(store).tidy()
            assert_whole(store, tracked)
            times += 1
    assert times >= 40


@pytest.mark.parametrize("minutes", [0, 10], ids=["who waits for its turn", "who takes the other for dead"])
@pytest.mark.usefixtures("handed_over")
def test_two_workers_at_once_do_no_harm(
    store: ObjectStore,
    tidying: Callable[..., Tidying],
    interrupted: Any,
    tracked: Tracked,
    monkeypatch: pytest.MonkeyPatch,
    minutes: float,
) -> None:
    own = Attempt.own(1)
    real = datetime.now(UTC)
    monkeypatch.setattr(turn, "_OVER", NOW + timedelta(minutes=5) - real)

    def other() -> None:
        with monkeypatch.context() as patch:
            another = Attempt(1, "elsewhere", own.process, own.began)
            patch.setattr(Attempt, "own", classmethod(lambda _, __: another))
            tidying(store, minutes).tidy()

    times = 0
    for stalled in at_every_call(store, interrupted, other):
        tidying(stalled).tidy()
        assert set(tracked()["customer_id"]) == set(NAMES)
        # One that was taken for dead may have written a file again, whose rows go with the next merge.
        tidying(store, 20).tidy()
        assert_whole(store, tracked)
        times += 1
    assert times > 20


@pytest.mark.usefixtures("handed_over")
def test_nobody_who_is_erased_comes_back_wherever_tidying_is(
    store: ObjectStore, tidying: Callable[..., Tidying], interrupted: Any, tracked: Tracked
) -> None:
    def erase() -> None:
        erasure.ask(store, "b", datetime.now(UTC))
        for entry in list(store.list(PREDICTIONS)):
            data = store.get(entry.key).data
            table = pl.read_parquet(data).filter(pl.col("customer_id") != "b")
            store.delete([entry.key])
            if table.height:
                written = predictions.to_bytes(table, metadata_of(data)["schema"])
                store.put(entry.key, written, content_type=PARQUET)

    times = 0
    for disturbed in at_every_call(store, interrupted, erase):
        tidying(disturbed).tidy()
        times += 1
        if disturbed.calls >= times:
            assert sorted(tracked()["customer_id"]) == [name for name in NAMES if name != "b"], times
    assert times > 40


def test_nothing_is_touched_where_there_is_nothing_to_do(
    store: ObjectStore, tidying: Callable[..., Tidying], interrupted: Any
) -> None:
    counting = interrupted(store, 0, lambda: None)
    tidy = tidying(counting)
    tidy.tidy()
    first = counting.calls
    tidy.tidy()
    assert counting.calls == first + 1


@pytest.mark.usefixtures("handed_over")
def test_what_was_cut_off_is_made_up_for_although_nothing_comes_in(
    store: ObjectStore, tidying: Callable[..., Tidying], interrupted: Any, tracked: Tracked
) -> None:
    held = {entry.key: store.get(entry.key).data for entry in store.list(INCOMING)}
    store.delete(held)
    survivor = tidying(store)
    survivor.tidy()  # the hourly pass, which makes up for everything
    at = 0
    while not any(store.list(compaction.UNDER_WAY)) or any(store.list(INCOMING)) or len(tracked()) == len(NAMES):
        at += 1
        put_back(store, held)
        with pytest.raises(Killed):
            tidying(interrupted(store, at, kill)).tidy()
    survivor.tidy()
    assert_whole(store, tracked)


def test_months_that_are_wholly_too_old_are_deleted(store: ObjectStore, tidying: Callable[..., Tidying]) -> None:
    keys = [
        f"{root}month={month}/a.{kind}"
        for root, kind in ((PREDICTIONS, "parquet"), (OUTCOMES, "parquet"), (REFUSED, "json"))
        for month in ("2026-08", "2026-09", "2026-10")
    ]
    old = NOW - timedelta(days=33)
    keys += [f"{INCOMING}{old:%Y%m%dT%H%M%S%f}-0.json", f"{INCOMING}by-hand.json"]
    for key in keys:
        store.put(key, b"", content_type="application/json")
    tidying(store, days=32).tidy()
    kept = {entry.key for entry in store.list("tracking/")} - {turn.KEY}
    # The first day that is kept is the 30th of September.
    assert kept == {key for key in keys if "2026-08" not in key} - {keys[-2]}


def test_what_cannot_be_taken_in_is_left_and_logged_once_and_holds_up_nothing(
    store: ObjectStore,
    tidying: Callable[..., Tidying],
    hand_over: Callable[..., str],
    tracked: Tracked,
    served: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    spoiled = [
        hand_over(["unknown"], NOW - timedelta(minutes=9), release="20200101_000000"),
        hand_over(["short"], NOW - timedelta(minutes=8), customers=[[1]]),
        hand_over(["long"], NOW - timedelta(minutes=7), probabilities=[0.5, 0.5]),
        hand_over(["far"], NOW - timedelta(minutes=6), moments=[10**18]),
        hand_over(["much"], NOW - timedelta(minutes=5), assumed=[300]),
        hand_over(["text"], NOW - timedelta(minutes=4), customers=[["a"]] * len(served.schema.fields)),
    ]
    tidy = tidying(store).tidy
    for name in ("good", "later"):
        hand_over([name], NOW)
        tidy()
    assert sorted(tracked()["customer_id"]) == ["good", "later"]
    assert [entry.key for entry in store.list(INCOMING)] == spoiled
    assert [caplog.text.count(key) for key in spoiled] == [1] * len(spoiled)


@pytest.mark.usefixtures("handed_over")
def test_sums_that_cannot_be_read_hold_up_no_prediction(
    store: ObjectStore, tidying: Callable[..., Tidying], tracked: Tracked, caplog: pytest.LogCaptureFixture
) -> None:
    sums = f"{REFUSED}month=2026-10/live.json"
    store.put(sums, b"[]", content_type="application/json")
    tidying(store).tidy()
    assert sorted(tracked()["customer_id"]) == NAMES
    assert list(store.list(INCOMING)) == []
    assert store.get(sums).data == b"[]"
    assert sums in caplog.text
