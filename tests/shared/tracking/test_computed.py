"""Whether an answer of GET /quality still holds."""

from datetime import UTC, date, datetime, timedelta

import pytest

from churn.months import days_of
from churn.store.opening import open_store
from churn.tracking import computed, layout

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("month", "window", "begins", "ends"),
    [
        ("2026-11", 1, date(2026, 12, 8), date(2027, 1, 6)),
        ("2026-12", 3, date(2027, 3, 8), date(2027, 4, 7)),
        ("2027-02", 12, date(2028, 2, 8), date(2028, 3, 6)),
        ("2028-01", 1, date(2028, 2, 8), date(2028, 3, 7)),
    ],
)
def test_a_months_predictions_mature_a_week_after_their_label_windows(month, window, begins, ends):
    assert tuple(computed.matures_on(day, window) for day in days_of(month)) == (begins, ends)


@pytest.fixture
def store(tmp_path):
    return open_store(f"file://{tmp_path}")


def put(store, key, data=b"1"):
    store.put(key, data, content_type="application/octet-stream")


def computed_at(store, moment):
    computed.save(store, 90, computed.Computed({"computed_at": moment.isoformat()}, computed.state_of(store)))
    return computed.load(store, 90)


def test_an_answer_comes_back_as_it_was(store):
    assert computed.load(store, 90) is None
    assert computed_at(store, NOW).answer == {"computed_at": NOW.isoformat()}
    assert computed.load(store, 91) is None


def test_an_answer_holds_for_ten_minutes(store):
    held = computed_at(store, NOW)
    assert held.holds(store, NOW + timedelta(minutes=9))
    assert not held.holds(store, NOW + timedelta(minutes=11))


@pytest.mark.parametrize(
    "key",
    [
        f"{layout.PREDICTIONS}month=2026-11/a",
        f"{layout.OUTCOMES}month=2026-11/a",
        "models/current.json",
        "campaigns/cam_1/campaign.json",
        "campaigns/cam_1/contacts/000000.parquet",
    ],
)
def test_an_answer_holds_only_for_seconds_once_something_has_changed(store, key):
    put(store, key)
    held = computed_at(store, NOW)
    put(store, key, b"2")
    assert held.holds(store, NOW + timedelta(seconds=4))
    assert not held.holds(store, NOW + timedelta(seconds=6))


@pytest.mark.parametrize("data", [b"", b"[]", b'{"answer": 1}'])
def test_what_nobody_can_read_is_computed_again(store, data):
    put(store, computed.key(90), data)
    assert computed.load(store, 90) is None
