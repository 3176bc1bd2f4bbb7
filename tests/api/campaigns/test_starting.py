"""What has happened to customers since a campaign was planned, and keeps it from being started."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from tests.api.campaigns.conftest import Desk

from churn_api.campaigns import members
from churn_api.campaigns.errors import CampaignConflict
from churn_api.campaigns.service import CampaignService
from churn_api.jobs.digests import are_in
from churn_api.jobs.job import Job
from churn_api.jobs.lifecycle import Lifecycle
from churn_api.jobs.repository import JobRepository


@pytest.fixture
def few(desk: Desk, many_customers: Callable[[int], bytes]) -> Job:
    """A completed job of few customers, for what is done many times."""
    return desk.scored(many_customers(300))


def over(desk: Desk, store: Any) -> CampaignService:
    """The service over another store."""
    jobs = JobRepository(store, desk.clock)
    return CampaignService(jobs, Lifecycle(jobs, desk.queue, desk.bench.metrics), 400)


@pytest.mark.parametrize(("days", "words"), [(60, "60 days"), (1, "day")])
def test_nobody_is_treated_again_by_one_that_was_planned_before(desk: Desk, few: Job, days: int, words: str) -> None:
    first, second = desk.planned(few), desk.planned(few, not_within_days=days)
    desk.service.start(first.id)
    desk.service.close(first.id)
    treated = members.read(desk.store, first.id, ("treat",))
    count = int(are_in(members.read(desk.store, second.id), treated).sum())
    assert 1 < count < members.read(desk.store, second.id).size
    told = rf"^{count} of the chosen customers were treated within the last {words} by .*\(Spring\)\. Plan it again"
    with pytest.raises(CampaignConflict, match=told):
        desk.service.start(second.id)
    assert desk.service.get(second.id).status == "planned"
    desk.service.start(desk.planned(few).id)


@pytest.mark.parametrize(("days", "later"), [(0, 0), (2, 3)], ids=["asked for", "long ago"])
def test_who_may_be_treated_again_is(desk: Desk, few: Job, days: int, later: int) -> None:
    first, second = desk.planned(few), desk.planned(few, not_within_days=days)
    desk.service.start(first.id)
    desk.service.close(first.id)
    desk.clock.pass_by(days=later)
    assert desk.service.start(second.id).status == "running"


def test_one_that_is_closed_at_the_same_moment_is_found_at_every_step(desk: Desk, few: Job, interrupted: Any) -> None:
    for place in itertools.count(1):
        first, second = desk.planned(few, not_within_days=0), desk.planned(few)
        desk.service.start(first.id)
        store = interrupted(desk.store, place, lambda name=first.id: desk.service.close(name))
        with pytest.raises(CampaignConflict, match="Plan it again"):
            over(desk, store).start(second.id)
        if store.calls < place:
            break
        desk.service.delete(second.id)
        desk.forget(first.id)
    assert place > 3


def test_whoever_has_opted_out_since_is_not_called(desk: Desk, few: Job) -> None:
    found = desk.planned(few)
    names = [row["customerID"] for row in desk.listed(found.id)]
    desk.opt_outs.replace(["nobody", *names[:2]])
    with pytest.raises(CampaignConflict, match=r"^2 of the chosen customers have opted out since .* Plan it again"):
        desk.service.start(found.id)
    desk.opt_outs.replace(["nobody"])
    assert desk.service.start(found.id).status == "running"
    desk.opt_outs.replace(names)
    assert desk.service.start(found.id).status == "running"


def test_a_start_that_was_stopped_is_not_made_later_though_a_customer_has_opted_out(desk: Desk, few: Job) -> None:
    found = desk.planned(few)
    desk.service._running.add(desk.service.campaigns.load(found.id))
    desk.opt_outs.replace([desk.listed(found.id)[0]["customerID"]])
    with pytest.raises(CampaignConflict, match="1 of the chosen customers has opted out"):
        desk.service.start(found.id)
    again = desk.planned(few)
    desk.service.delete(found.id)
    assert desk.service.start(again.id).status == "running"


def test_whoever_is_named_twice_has_opted_out_once(desk: Desk) -> None:
    desk.opt_outs.replace(["A", "B", "A", 'with "quotes", and a comma'])
    assert desk.opt_outs.count().customers == 3
