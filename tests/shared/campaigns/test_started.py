"""Which campaigns have begun, as their records say."""

import json
from datetime import UTC, date, datetime

import pytest

from churn.campaigns import layout, started
from churn.store.opening import open_store

RECORD = {
    "name": "spring",
    "label_window_months": 3,
    "started_at": "2026-11-30T23:30:00-02:00",
    "closed_at": None,
}


@pytest.fixture
def store(tmp_path):
    return open_store(f"file://{tmp_path}")


def put(store, campaign_id, data):
    store.put(layout.record(campaign_id), data, content_type="application/json")


def test_moments_are_in_utc_and_the_label_window_is_in_calendar_months(store):
    put(store, "cam_1", json.dumps(RECORD).encode())
    campaign = started.load(store, "cam_1")
    assert (campaign.id, campaign.name, campaign.closed) == ("cam_1", "spring", None)
    assert campaign.started == datetime(2026, 12, 1, 1, 30, tzinfo=UTC)
    assert (campaign.begins, campaign.ends) == (date(2026, 12, 1), date(2027, 3, 1))


def test_only_campaigns_that_were_started_are_found(store):
    put(store, "cam_1", json.dumps(RECORD | {"started_at": None}).encode())
    put(store, "cam_2", json.dumps(RECORD).encode())
    store.put("campaigns/opt-outs/list", b"", content_type="text/plain")
    assert [campaign.id for campaign in started.all_started(store)] == ["cam_2"]
    assert started.load(store, "cam_3") is None


@pytest.mark.parametrize("data", [b"", b"[]", b'{"started_at": 1}', b'{"started_at": "2026-11-30", "name": "a"}'])
def test_what_is_no_record_is_passed_over_and_logged(store, caplog, data):
    put(store, "cam_1", data)
    assert list(started.all_started(store)) == []
    assert "campaigns/cam_1/campaign.json is passed over" in caplog.text
