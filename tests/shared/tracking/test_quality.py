"""The answer of GET /quality, computed from a store in which others are at work."""

import io
from datetime import UTC, date, datetime

import polars as pl
import pytest
from tests import experiments_answer
from tests.broken_files import with_a_damaged_body

from churn import release
from churn.errors import ObjectNotFound
from churn.experiments import computed as experiments
from churn.experiments.experiment import Experiment
from churn.experiments.repository import ExperimentRepository
from churn.tracking import computed, layout, outcomes, predictions, quality
from churn.tracking.quality import compute
from churn.training import requests

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAYS = 90


def put(store, name, moment, customers=40, release="20260101_000000"):
    rows = [(f"C{number}", moment, release, "job", 0.3, 0) for number in range(customers)]
    target = io.BytesIO()
    pl.DataFrame(rows, schema=predictions.COLUMNS, orient="row").write_parquet(target)
    key = f"{layout.PREDICTIONS}{layout.month_of(moment)}{name}.parquet"
    store.put(key, target.getvalue(), content_type="application/octet-stream")


def stay(store, name, numbers):
    rows = [(f"C{number}", None, NOW.date(), None, None, None, None, NOW, number) for number in numbers]
    target = io.BytesIO()
    pl.DataFrame(rows, schema=outcomes.COLUMNS, orient="row").write_parquet(target)
    store.put(f"{layout.OUTCOMES}month=2026-11/{name}.parquet", target.getvalue(), content_type="x/y")


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
    monkeypatch.setattr(quality, "retraining", lambda *given, **_: asked.append(given[3]) or {})
    in_service = release.Pointer("20260101_000000", "", "2026-01-01T00:00:00Z", "")
    monkeypatch.setattr(release, "current", lambda _: in_service)
    for month in (7, 8, 9):
        put(store, "a", datetime(2026, month, 1, tzinfo=UTC))
    stay(store, "a", range(30))
    assert quality.quality(store, NOW, 400)["releases"][0]["matched"] == 90
    assert asked == [30]
    # What a training has learned since teaches nothing new; its last predictions matured on October 8th.
    for day, new in ((date(2026, 10, 7), 30), (date(2026, 10, 8), 0)):
        store.put(requests.key(day), b'{"status": "done", "release": "x"}', content_type="application/json")
        quality.quality(store, NOW, 400)
        assert asked.pop() == new


def test_age_is_no_reason_while_an_experiment_waits_for_its_outcomes(store, monkeypatch):
    asked = []
    monkeypatch.setattr(quality, "retraining", lambda *_, shadow_is_held: asked.append(shadow_is_held) or {})
    in_service = release.Pointer("20260101_000000", "", "2026-01-01T00:00:00Z", "")
    monkeypatch.setattr(release, "current", lambda _: in_service)
    quality.quality(store, NOW, DAYS)
    runs = Experiment(id="exp_" + "0" * 26, champion="a", challenger="b", origin="retraining", started_at=NOW)
    ExperimentRepository(store).add(runs)
    quality.quality(store, NOW, DAYS)
    verdict = experiments_answer.verdict("alike", "So it is.", outcomes=4_000, gains=None)
    figures = {"computed_at": NOW.isoformat(), "verdict": verdict, "disagreement": None}
    experiments.save(store, runs.id, experiments.Computed(figures | {"costs": {"champion": None, "challenger": None}}))
    quality.quality(store, NOW, DAYS)
    assert asked == [False, True, False]


def test_what_ripened_before_the_days_that_are_looked_back_on_is_named(store):
    put(store, "a", datetime(2026, 2, 3, tzinfo=UTC))  # ripe on March 10
    put(store, "b", datetime(2026, 1, 31, tzinfo=UTC), customers=5)
    told = quality.quality(store, NOW, DAYS)["words"]
    last = "45 predictions could be judged before, the last on March 10, 2026, none since. To see what became of them,"
    assert f"{last} look back on 256 days or more." in told
    assert quality.quality(store, NOW, 256)["releases"][0]["matured"] == 40
    assert quality.quality(store, NOW, 255)["releases"] == []
    put(store, "c", NOW)
    told = quality.quality(store, NOW, DAYS)["words"]
    later = "40 later ones are held, and none of them is old enough to be judged; the first are on December 27, 2026."
    assert [line.startswith(("45 predictions", later)) for line in told][1:3] == [True, True]


def foreign(_):
    target = io.BytesIO()
    pl.DataFrame({"customer_id": [1], "price": [2.0]}).write_parquet(target, metadata={"version": "1"})
    return target.getvalue()


@pytest.mark.parametrize("broken", [with_a_damaged_body, foreign])
def test_files_that_cannot_be_read_are_left_out_counted_and_named_in_the_log_once(store, caplog, broken):
    put(store, "a", NOW)
    put(store, "b", NOW)
    stay(store, "a", range(20))
    stay(store, "b", range(20, 40))
    keys = [f"{root}month=2026-11/a.parquet" for root in (layout.PREDICTIONS, layout.OUTCOMES)]
    for key in keys:
        store.put(key, broken(store.get(key).data), content_type="x/y")
    compute(store, NOW, DAYS)
    answer = computed.load(store, DAYS).answer
    assert (answer["releases"][0]["predictions"], answer["outcomes"]["customers"]) == (40, 20)
    assert answer["words"][0].startswith("2 files in the store cannot be read, and what is in there does not count.")
    assert [caplog.text.count(f"{key} is passed over. Delete it, or replace it by a copy") for key in keys] == [1, 1]
