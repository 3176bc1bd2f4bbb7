"""The record of a campaign: every change counts, and what a newer program wrote stays."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from churn.campaigns import layout, started
from churn.store.interface import ObjectStore
from churn_api.campaigns import paths
from churn_api.campaigns.campaign import Campaign, Source
from churn_api.campaigns.errors import UnknownCampaign
from churn_api.campaigns.repository import CampaignRepository
from churn_api.jobs import ids
from churn_api.jobs.errors import UnreadableObject

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def campaign(moment: datetime = NOW, **changes: Any) -> Campaign:
    made = Campaign(
        id=ids.new_id(moment, ids.CAMPAIGN),
        name="Spring",
        source=Source("job_1", "customers.csv", "20261123_140301"),
        plan={"offers": []},
        currency="USD",
        label_window_months=3,
        segments=("Contract",),
        created_at=moment.isoformat(),
        planned_at=moment.isoformat(),
        expires_at=(moment + timedelta(days=7)).isoformat(),
        customers={"rows": 5, "chosen": 2},
        expected={"money": 10.0, "low": 5.0, "high": 15.0},
    )
    return replace(made, **changes)


@pytest.fixture
def repository(store: ObjectStore) -> CampaignRepository:
    return CampaignRepository(store, lambda: NOW)


def test_a_record_keeps_all_its_members_and_those_of_a_newer_program(repository: CampaignRepository) -> None:
    added = campaign()
    assert repository.add(added)
    assert not repository.add(replace(added, name="Another"))
    assert repository.load(added.id) == added
    key = layout.record(added.id)
    newer = json.loads(repository.store.get(key).data) | {"wave": 2}
    repository.store.put(key, json.dumps(newer).encode(), content_type="application/json")
    changed = repository.change(added.id, lambda found: replace(found, result={"saved": 1}))
    assert changed.made
    assert json.loads(repository.store.get(key).data) == newer | {"result": {"saved": 1}}
    assert not repository.change(added.id, lambda found: found).made


def test_tracking_reads_the_record_of_a_campaign_that_was_started(repository: CampaignRepository) -> None:
    added = campaign()
    repository.add(added)
    assert started.load(repository.store, added.id) is None
    repository.change(added.id, lambda found: replace(found, started_at=NOW.isoformat()))
    found = started.load(repository.store, added.id)
    assert found is not None
    assert (found.name, found.started, found.closed, found.window) == ("Spring", NOW, None, 3)


@pytest.mark.parametrize(
    "gone", [{"deleted_at": NOW.isoformat()}, {"expires_at": NOW.isoformat()}], ids=["deleted", "expired"]
)
def test_a_campaign_that_is_gone_is_unknown(repository: CampaignRepository, gone: dict[str, Any]) -> None:
    added = campaign(**gone)
    repository.add(added)
    for call in (repository.load, lambda name: repository.change(name, lambda found: replace(found, name="x"))):
        with pytest.raises(UnknownCampaign):
            call(added.id)
    assert list(repository.all()) == []


def test_they_are_listed_newest_first_without_one_that_cannot_be_read(
    repository: CampaignRepository, caplog: pytest.LogCaptureFixture
) -> None:
    added = [campaign(NOW + timedelta(seconds=place)) for place in range(3)]
    for each in added:
        repository.add(each)
    repository.store.put(layout.record(added[1].id), b"{", content_type="application/json")
    assert [found.id for found in repository.all()] == [added[2].id, added[0].id]
    assert "is passed over" in caplog.text
    with pytest.raises(UnreadableObject):
        repository.load(added[1].id)


@pytest.mark.parametrize("name", ["", "x", "job_01JD0000000000000000000000", "cam_01JD0000000000000000000000", "../x"])
def test_what_is_no_campaigns_id_is_unknown(repository: CampaignRepository, name: str) -> None:
    with pytest.raises(UnknownCampaign, match="GET /campaigns"):
        repository.load(name)


@pytest.mark.parametrize("cut_off", [False, True])
def test_everything_of_a_campaign_is_removed(
    repository: CampaignRepository, cut_off: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    added, other = campaign(), campaign()
    store = repository.store
    for each in (added, other):
        repository.add(each)
        for key in (layout.contacts_part(each.id, 0), layout.listing(each.id), paths.members(each.id, "treat")):
            store.put(key, b"x", content_type="text/plain")
    if cut_off:
        _cut_off(store, monkeypatch, lambda: repository.remove(added.id))
        with pytest.raises(UnknownCampaign):
            repository.load(added.id)
        assert repository.exists(added.id)
    repository.remove(added.id)
    assert not [entry.key for entry in store.list(layout.CAMPAIGNS) if added.id in entry.key]
    assert [found.id for found in repository.all()] == [other.id]
    assert len(list(store.list(layout.folder(other.id)))) == 4


def _cut_off(store: ObjectStore, monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """Do some work that is killed when it first deletes."""

    def die(_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(store, "delete", die)
        with pytest.raises(SystemExit):
            work()


def test_a_record_that_says_no_moments_cannot_be_read() -> None:
    for moment in ("yesterday", "2026-11-23T14:00:00"):
        with pytest.raises(UnreadableObject):
            Campaign.from_bytes(replace(campaign(), started_at=moment).to_bytes(), "k")


def test_no_record_is_read_but_of_campaigns_that_measured_or_may_have_started_lately(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    repository = CampaignRepository(store, lambda: now)
    ours = [campaign(now + timedelta(seconds=number), started_at=now.isoformat()) for number in range(4)]
    for each in ours:
        repository.add(each)
    store.put(layout.save_rates(ours[1].id), b"{}", content_type="application/json")
    store.put(layout.contacts_part(ours[2].id, 0), b"", content_type="x/y")
    read, original = list[str](), store.get
    monkeypatch.setattr(store, "get", lambda key: read.append(key) or original(key))
    assert list(repository.measured()) == [ours[1]]
    assert read == [layout.record(ours[1].id)]
    read.clear()
    assert list(repository.started_since(now + timedelta(hours=2))) == []
    assert read == [], "none was written since"
    found = repository.started_since(now - timedelta(days=60))
    assert sorted(each.id for each in found) == [each.id for each in ours]
    assert list(repository.started_since(now)) == []
