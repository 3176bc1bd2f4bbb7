"""Erasing a customer from campaigns: nothing in the store tells his id afterwards, whatever went on meanwhile."""

import itertools
from collections.abc import Callable
from io import BytesIO
from typing import Any

import polars as pl
import pytest
from tests.api.campaigns.conftest import Desk

from churn.campaigns import layout
from churn.tracking import erasure
from churn_api.campaigns import members
from churn_api.campaigns.source import Sources
from churn_api.campaigns.submission import CampaignSubmissions
from churn_api.jobs.digests import digests, from_bytes
from churn_api.jobs.job import Job
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.repository import JobRepository
from churn_api.tracking.campaign_files import erase_from_campaigns
from churn_api.tracking.erasing import Erasing


def erase(desk: Desk, *names: str) -> None:
    for name in names:
        erasure.ask(desk.store, name, desk.clock())
    Erasing(desk.bench.repository, ReleaseCache(desk.store)).erase()


def told(desk: Desk, name: str) -> list[str]:
    """The keys of objects that tell an id, in whatever form."""
    found = []
    digest = int(digests([name])[0])
    for entry in desk.store.list(""):
        data = desk.store.get(entry.key).data
        if entry.key.endswith(".members"):
            if digest in from_bytes(data):
                found.append(entry.key)
        elif entry.key.endswith(".parquet"):
            table = pl.read_parquet(BytesIO(data))
            if (table.select(pl.selectors.string()) == name).select(pl.any_horizontal(pl.all().any())).item():
                found.append(entry.key)
        elif name.encode() in data:
            found.append(entry.key)
    return found


@pytest.mark.parametrize("state", ["planned", "running", "closed"])
def test_nothing_tells_the_id_of_a_customer_who_was_erased(desk: Desk, scored: Job, state: str) -> None:
    found = desk.planned(scored)
    if state != "planned":
        desk.service.start(found.id)
    if state == "closed":
        desk.service.close(found.id)
    rows = desk.listed(found.id)
    names = [next(row["customerID"] for row in rows if row["arm"] == arm) for arm in ("treat", "hold_out")]
    desk.opt_outs.replace([*names, "another"])
    assert len(told(desk, names[0])) > 5
    erase(desk, *names)
    for name in names:
        assert told(desk, name) == []
    assert desk.listed(found.id) == [row for row in rows if row["customerID"] not in names]
    assert desk.opt_outs.count().customers == 1
    assert len(members.read(desk.store, found.id)) == len(rows) - 2
    tables = [entry.key for entry in desk.store.list(layout.contacts(found.id))]
    held = pl.concat([pl.read_parquet(BytesIO(desk.store.get(key).data)) for key in tables])
    assert held["customer_id"].to_list() == [row["customerID"] for row in desk.listed(found.id)]
    assert desk.service.get(found.id).customers == found.customers


def test_an_id_that_was_defused_is_erased_from_both_lists(desk: Desk, many_customers: Callable[[int], bytes]) -> None:
    head, *rows = many_customers(300).splitlines()
    rows = [b"=%d" % number + row[row.index(b",") :] for number, row in enumerate(rows)]
    found = desk.planned(desk.scored(b"\n".join([head, *rows])))
    name = desk.listed(found.id, raw=True)[0]["customerID"]
    erase(desk, name)
    for raw in (True, False):
        assert not [row for row in desk.listed(found.id, raw=raw) if row["customerID"].endswith(name)]


@pytest.mark.parametrize("steps", range(4))
def test_who_is_erased_while_a_campaign_is_planned_is_erased_after_its_end(desk: Desk, scored: Job, steps: int) -> None:
    campaign_id = desk.ask(scored)
    for _ in range(steps):
        desk.bench.take()
    name = "0000042-ROW"
    erase(desk, name)
    if desk.queue.steps:
        assert erasure.find(desk.store, name)
    desk.bench.drain()
    erase(desk)
    assert not erasure.find(desk.store, name)
    assert told(desk, name) == []
    assert desk.service.get(campaign_id).status == "planned"


def test_a_campaign_is_planned_over_a_job_from_which_somebody_was_erased(desk: Desk, scored: Job) -> None:
    names = ["0000000-ROW", "0000042-ROW", "0002999-ROW"]
    erase(desk, *names)
    found = desk.planned(scored, budget=None)
    assert found.customers is not None
    assert (found.customers.rows, found.customers.refused, found.customers.considered) == (2_997, 0, 2_997)
    assert not set(names) & {row["customerID"] for row in desk.listed(found.id)}


def test_who_is_being_erased_when_a_campaign_is_asked_for_is_erased_from_it(desk: Desk, scored: Job) -> None:
    name = "0000042-ROW"
    erasure.ask(desk.store, name, desk.clock())
    found = desk.ask(scored)
    erase(desk)
    assert erasure.find(desk.store, name)
    desk.bench.drain()
    erase(desk)
    assert told(desk, name) == []
    assert desk.service.get(found).status == "planned"


def test_who_is_erased_at_any_moment_while_the_customers_are_copied_is_in_no_copy(
    desk: Desk, many_customers: Callable[[int], bytes], interrupted: Any
) -> None:
    for place in itertools.count(1):
        job = desk.scored(many_customers(200))
        store = interrupted(desk.store, place, lambda: erase(desk, "0000042-ROW"))
        repository = JobRepository(store, desk.clock)
        submissions = CampaignSubmissions(repository, desk.queue, desk.bench.metrics, desk.bench.limits)
        body = {"name": "Spring", "source": {"job": job.id}, "plan": {"offers": [
            {"name": "a", "saves": {"rate": 0.3, "source": "assumed"}}
        ]}}  # fmt: skip
        campaign_id = submissions.accept(body, None, None).job.id
        if store.calls < place:
            break
        desk.bench.drain()
        desk.settled()
        erase(desk)
        assert told(desk, "0000042-ROW") == [], place
        assert desk.service.get(campaign_id).status == "planned"
        desk.service.delete(campaign_id)
        desk.bench.job_service.delete(job.id)
    assert place > 8


def test_opt_outs_that_are_replaced_while_somebody_is_erased_are_kept(desk: Desk, interrupted: Any) -> None:
    for place in itertools.count(1):
        desk.opt_outs.replace(["A", "Bartleby"])
        store = interrupted(desk.store, place, lambda: desk.opt_outs.replace(["A", "C"]))
        erase_from_campaigns(store, ["Bartleby"])
        if store.calls < place:
            break
        assert told(desk, "Bartleby") == []
        assert desk.opt_outs.count().customers == 2
    assert place > 2


def test_the_schema_of_a_source_is_read_once(desk: Desk, scored: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = Sources(desk.bench.repository)
    first = sources.find(scored.id)
    monkeypatch.setattr("churn.release.manifest", lambda *_: pytest.fail("read again"))
    assert sources.find(scored.id).schema is first.schema
