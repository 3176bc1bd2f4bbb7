"""Tracked predictions whose outcome is known, as rows to train on."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from tests.telco import TELCO
from tests.trainer.tracked_world import field, month, report, track

from churn.split import id_hash
from churn.tracking import layout, predictions
from churn.tracking.scanning import TableReader
from churn_trainer.data import new_labels, tracked_rows
from churn_trainer.data.tracked_rows import collect

TODAY = date(2026, 11, 20)
WINDOW = TELCO.label_window_months
EPOCH = date(1970, 1, 1)
VERSION = "20260101_000000"


def first_of(number):
    return date(2026, number, 1)


@pytest.fixture
def march(small_table):
    return month(small_table, first_of(3))


def test_a_row_is_the_customer_as_he_was_and_what_became_of_him(store, march):
    track(store, TELCO, VERSION, march)
    report(store, march, WINDOW)
    found = collect(store, TELCO, TODAY)
    order = np.argsort(march.ids)
    assert found.churn.tolist() == march.left[order].astype(int).tolist()
    assert found.keys.tolist() == [id_hash(march.ids[row]) for row in order]
    for ours, theirs in zip(found.customers, march.customers, strict=True):
        assert np.array_equal(ours, theirs[order])
    assert {column.dtype for column in found.customers} == {np.dtype(np.int8), np.dtype(np.float64)}
    assert set(found.day) == {(first_of(3) - EPOCH).days}
    assert set(found.ends) == {(first_of(3 + WINDOW) - EPOCH).days}
    assert set(found.weight) == {1.0}


def test_a_customer_has_a_row_for_each_month_and_the_last_prediction_of_it_counts(store, small_table, march):
    later = month(small_table, first_of(3) + timedelta(days=9))
    april = month(small_table, first_of(4))
    for scored in (march, later, april):
        track(store, TELCO, VERSION, scored)
    report(store, april, WINDOW)
    found = collect(store, TELCO, TODAY)
    days, counts = np.unique(found.day, return_counts=True)
    assert days.tolist() == [(later.day - EPOCH).days, (april.day - EPOCH).days]
    assert counts.tolist() == [700, 700]


def test_what_is_not_mature_is_not_learned(store, small_table):
    for number in (8, 9):
        scored = month(small_table, date(2026, number, 12), seed=number, prefix=str(number))
        track(store, TELCO, VERSION, scored)
        report(store, scored, WINDOW)
    assert len(collect(store, TELCO, TODAY)) == 700
    assert len(collect(store, TELCO, date(2026, 11, 18))) == 0


def test_absent_fields_other_declarations_and_months_that_nobody_told_of_are_left_out(store, small_table, march):
    track(store, TELCO, VERSION, march)
    blank = pl.when(pl.int_range(pl.len()) < 50).then(None).otherwise(pl.col(field("TotalCharges")))
    april = month(small_table, first_of(4), seed=4, prefix="A")
    track(store, TELCO, VERSION, april, **{field("TotalCharges"): blank})
    may = month(small_table, first_of(5), seed=5, prefix="M")
    track(store, TELCO, VERSION, may)
    for scored, told in ((march, slice(None)), (april, slice(None)), (may, slice(300))):
        report(store, scored, WINDOW, told)
    found = collect(store, TELCO, TODAY)
    assert (len(found), found.incomplete, found.untold) == (700 + 650, 50, 1)
    key = next(entry.key for entry in store.list("tracking/predictions/month=2026-03"))
    data = store.get(key).data
    table = pl.read_parquet(data)
    store.put(key, predictions.to_bytes(table, "another"), content_type="x/y")
    assert len(collect(store, TELCO, TODAY)) == 650


def test_who_was_treated_is_left_out_and_who_was_held_out_stands_for_him(store, march):
    track(store, TELCO, VERSION, march)
    report(store, march, WINDOW, slice(0, 500))
    report(store, march, WINDOW, slice(500, 660), campaign="spring", arm="treat")
    report(store, march, WINDOW, slice(660, 700), campaign="spring", arm="hold_out")
    found = collect(store, TELCO, TODAY)
    assert len(found) == 540
    assert sorted(set(found.weight)) == [1.0, 5.0]
    assert found.weight.sum() == 700
    repeated = found.repeated()
    assert len(repeated) == 700
    assert set(repeated.keys) == set(found.keys)


def test_without_anybody_who_stayed_nothing_is_learned(store, march):
    track(store, TELCO, VERSION, march)
    report(store, march._replace(ids=[march.ids[0]], left=np.array([True])), WINDOW)
    assert len(collect(store, TELCO, TODAY)) == 0


def test_an_empty_store_has_no_rows(store):
    found = collect(store, TELCO, TODAY)
    assert (len(found), len(found.customers), len(found.repeated())) == (0, len(TELCO.fields), 0)


def test_of_more_customers_than_there_is_memory_for_some_are_taken_with_all_their_months(
    store, small_table, march, monkeypatch
):
    monkeypatch.setattr(tracked_rows, "MOST_CELLS", 2 * 45 * 500)
    april = month(small_table, first_of(4))
    for scored in (march, april):
        track(store, TELCO, VERSION, scored)
        report(store, scored, WINDOW)
    found = collect(store, TELCO, TODAY)
    assert found.shares == 3
    assert 300 < len(found) < 640
    by_month = [set(found.keys[found.day == day]) for day in np.unique(found.day)]
    assert by_month[0] == by_month[1]


@pytest.mark.parametrize(("held", "times"), [(1 << 20, 1), (0, 6)], ids=["as far as it is held", "or each time"])
def test_a_month_is_loaded_once_however_many_shares_it_is_read_in(store, march, monkeypatch, held, times):
    track(store, TELCO, VERSION, march)
    report(store, march, WINDOW)
    (entry,) = store.list(layout.PREDICTIONS)
    monkeypatch.setattr(new_labels, "_SHARE_BYTES", entry.size * 2 // 5)
    monkeypatch.setattr(tracked_rows, "_HELD_BYTES", held)
    loaded, get = Counter(), store.get

    def counted(key):
        loaded[key] += 1
        return get(key)

    monkeypatch.setattr(store, "get", counted)
    end = datetime(2026, 11, 20, tzinfo=UTC)
    news = list(new_labels.new_labels(TableReader(store), TELCO, lambda _: datetime(1970, 1, 1, tzinfo=UTC), end))
    assert sum(len(rows) for _, rows in news) == 700
    assert len(news) == 3
    assert loaded[entry.key] == times  # three shares, once for whether there is news, and once with the fields
