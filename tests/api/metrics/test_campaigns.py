"""How many campaigns there are, by their state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from tests.api.campaigns.test_repository import campaign

from churn.campaigns import layout
from churn.errors import StoreUnavailable
from churn_api.campaigns.repository import CampaignRepository
from churn_api.metrics.campaigns import CampaignCollector

NOW = datetime.now(UTC)


@pytest.fixture
def repository(store):
    return CampaignRepository(store)


def add(repository, **moments):
    made = campaign(NOW - timedelta(days=1), **moments)
    repository.add(made)
    return made.id


def counted(collector):
    (family,) = collector.collect()
    return {sample.labels["status"]: sample.value for sample in family.samples}


def test_campaigns_are_counted_by_their_state_once_a_minute(store, repository):
    clock = [0.0]
    collector = CampaignCollector(store, lambda: clock[0])
    collector.refresh()
    assert counted(collector) == {"planned": 0, "running": 0, "closed": 0}
    moment = NOW.isoformat()
    add(repository)
    running = add(repository, started_at=moment)
    add(repository, started_at=moment, closed_at=moment)
    collector.refresh()
    assert counted(collector)["planned"] == 0
    clock[0] = 61
    collector.refresh()
    assert counted(collector) == {"planned": 1, "running": 1, "closed": 1}
    repository.change(running, lambda found: replace(found, closed_at=moment))
    clock[0] = 122
    collector.refresh()
    assert counted(collector) == {"planned": 1, "running": 0, "closed": 2}
    repository.remove(running)
    clock[0] = 183
    collector.refresh()
    assert counted(collector) == {"planned": 1, "running": 0, "closed": 1}


def test_a_record_that_nobody_can_read_counts_as_none(store, repository):
    store.put(layout.record(add(repository)), b"{", content_type="application/json")
    collector = CampaignCollector(store)
    collector.refresh()
    assert sum(counted(collector).values()) == 0


def test_records_are_read_at_once(store, repository, monkeypatch):
    for _ in range(8):
        add(repository)
    get, barrier = type(store).get, Barrier(8, timeout=30)

    def together(*arguments, **options):
        barrier.wait()
        return get(*arguments, **options)

    monkeypatch.setattr(type(store), "get", together)
    collector = CampaignCollector(store)
    collector.refresh()
    assert counted(collector)["planned"] == 8


def test_what_was_read_stays_while_the_store_is_away(store, repository, monkeypatch):
    add(repository)
    clock = [0.0]
    collector = CampaignCollector(store, lambda: clock[0])
    collector.refresh()

    def away(*_, **__):
        raise StoreUnavailable("here", "a test")

    monkeypatch.setattr(type(store), "list", away)
    clock[0] = 61
    collector.refresh()
    assert counted(collector)["planned"] == 1
