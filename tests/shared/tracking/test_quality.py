"""The answer of GET /quality, computed from a store in which others are at work."""

import io
from datetime import UTC, datetime

import polars as pl
import pytest

from churn import release
from churn.errors import ObjectNotFound
from churn.tracking import computed, layout, outcomes, predictions, quality
from churn.tracking.quality import compute

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAYS = 90


def put(store, name, moment, customers=40, release="20260101_000000"):
    rows = [(f"C{number}", moment, release, "job", 0.3, 0) for number in range(customers)]
    target = io.BytesIO()
    pl.DataFrame(rows, schema=predictions.COLUMNS, orient="row").write_parquet(target)
    key = f"{layout.PREDICTIONS}{layout.month_of(moment)}{name}.parquet"
    store.put(key, target.getvalue(), content_type="application/octet-stream")


class Moving:
    """A store in which a file that is about to be read has another name by then, so many times."""

    def __init__(self, store, times):
        self._store, self._times = store, times

    def __getattr__(self, name):
        return getattr(self._store, name)

    def get(self, key):
        if self._times and key.startswith(layout.PREDICTIONS):
            self._times -= 1
            data = self._store.get(key).data
            self._store.delete([key])
            self._store.put(f"{key[:-8]}+.parquet", data, content_type="application/octet-stream")
        return self._store.get(key)


def test_files_that_are_made_one_meanwhile_are_read_under_their_new_names(store):
    put(store, "a", NOW)
    compute(Moving(store, 2), NOW, DAYS)
    found = computed.load(store, DAYS)
    assert found.answer["releases"][0]["predictions"] == 40
    assert found.state == computed.state_of(store)
    put(store, "b", NOW, release="20260102_000000")
    with pytest.raises(ObjectNotFound):
        compute(Moving(store, 100), datetime(2026, 11, 20, 13, 0, tzinfo=UTC), DAYS)


def test_a_customer_who_was_predicted_in_each_month_is_one_whose_outcome_is_known(store, monkeypatch):
    asked = []
    monkeypatch.setattr(quality, "retraining", lambda *given: asked.append(given[2]) or {})
    in_service = release.Pointer("20260101_000000", "", "2026-01-01T00:00:00Z", "")
    monkeypatch.setattr(release, "current", lambda _: in_service)
    for month in (7, 8, 9):
        put(store, "a", datetime(2026, month, 1, tzinfo=UTC))
    stayed = [(f"C{number}", None, NOW.date(), None, None, None, None, NOW, number) for number in range(30)]
    target = io.BytesIO()
    pl.DataFrame(stayed, schema=outcomes.COLUMNS, orient="row").write_parquet(target)
    store.put(f"{layout.OUTCOMES}month=2026-11/a.parquet", target.getvalue(), content_type="x/y")
    assert quality.quality(store, NOW, 400)["releases"][0]["matched"] == 90
    assert asked == [30]


def test_what_ripened_before_the_days_that_are_looked_back_on_is_named(store):
    put(store, "a", datetime(2026, 2, 3, tzinfo=UTC))  # ripe on March 10
    put(store, "b", datetime(2026, 1, 31, tzinfo=UTC), customers=5)
    told = quality.quality(store, NOW, DAYS)["words"]
    last = "45 predictions could be judged before, the last on 2026-03-10, none since. To see what became of them,"
    assert f"{last} look back on 256 days or more." in told
    assert quality.quality(store, NOW, 256)["releases"][0]["matured"] == 40
    assert quality.quality(store, NOW, 255)["releases"] == []
    put(store, "c", NOW)
    told = quality.quality(store, NOW, DAYS)["words"]
    later = "40 later ones are held, and none of them is old enough to be judged; the first are on 2026-12-27."
    assert [line.startswith(("45 predictions", later)) for line in told][1:3] == [True, True]
