"""Moving campaigns back in the store."""

import json
from datetime import UTC, date, datetime

import pytest

from churn.campaigns import layout, started
from churn.errors import PreconditionFailed
from churn.store.directory import DirectoryStore
from scripts.simulation.backdating import backdate

RECORD = {"name": "Spring", "label_window_months": 3, "started_at": "2026-11-01T00:00:00+00:00", "more": [1]}


def written(tmp_path) -> DirectoryStore:
    store = DirectoryStore(tmp_path)
    store.put(layout.record("cam_1"), json.dumps(RECORD).encode(), content_type="application/json")
    return store


def test_one_moment_is_moved_to_noon_and_all_else_stays(tmp_path):
    store = written(tmp_path)
    backdate(store, "cam_1", "started_at", date(2026, 3, 1))
    campaign = started.load(store, "cam_1")
    assert campaign is not None
    assert campaign.started == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert campaign.record == RECORD | {"started_at": "2026-03-01T12:00:00+00:00"}
    backdate(store, "cam_1", "closed_at", date(2026, 6, 1))
    assert started.load(store, "cam_1").closed == datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_what_a_worker_writes_meanwhile_is_not_lost(tmp_path, monkeypatch):
    store, put = written(tmp_path), DirectoryStore.put
    others = [RECORD | {"result": "new"}]

    def interrupted(self, key, data, **options):
        if others:
            put(self, key, json.dumps(others.pop()).encode(), content_type="application/json")
        return put(self, key, data, **options)

    monkeypatch.setattr(DirectoryStore, "put", interrupted)
    backdate(store, "cam_1", "started_at", date(2026, 3, 1))
    assert started.load(store, "cam_1").record["result"] == "new"


def test_one_who_never_gets_his_turn_says_so(tmp_path, monkeypatch):
    store = written(tmp_path)

    def refused(*_, **__):
        raise PreconditionFailed("campaigns/cam_1/campaign.json")

    monkeypatch.setattr(DirectoryStore, "put", refused)
    with pytest.raises(PreconditionFailed):
        backdate(store, "cam_1", "started_at", date(2026, 3, 1))
