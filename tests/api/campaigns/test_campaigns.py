"""What callers do with campaigns: asked for twice, started and closed by several people, deleted, expired, killed."""

import itertools
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from tests.api.campaigns.conftest import PLAN, Desk

from churn.campaigns import layout
from churn.campaigns.save_rates import assumed
from churn.errors import ValidationError
from churn_api.campaigns import members, paths
from churn_api.campaigns.campaign import RUNNING
from churn_api.campaigns.cleaning import clean
from churn_api.campaigns.errors import CampaignConflict, UnknownCampaign
from churn_api.campaigns.planning import Planning
from churn_api.campaigns.service import CampaignService
from churn_api.campaigns.submission import CampaignSubmissions
from churn_api.jobs import ids
from churn_api.jobs import paths as job_paths
from churn_api.jobs.errors import IdempotencyConflict
from churn_api.jobs.job import Job
from churn_api.jobs.lifecycle import Lifecycle
from churn_api.jobs.notifications import announce
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.repository import JobRepository


class Killed(BaseException):
    """The process is gone."""


def die() -> None:
    raise Killed


@pytest.fixture
def few(desk: Desk, many_customers: Callable[[int], bytes]) -> Job:
    """A completed job of few customers, for what is done many times."""
    return desk.scored(many_customers(300))


def left_of(desk: Desk, campaign_id: str) -> list[str]:
    """The keys of all that the store holds of a campaign."""
    complement = ids.complement(campaign_id)
    entries = [*desk.store.list("campaigns/"), *desk.store.list("jobs/")]
    return [entry.key for entry in entries if campaign_id in entry.key or complement in entry.key]


def over(desk: Desk, store: Any) -> CampaignService:
    """The service over another store."""
    jobs = JobRepository(store, desk.clock)
    return CampaignService(jobs, Lifecycle(jobs, desk.queue, desk.bench.metrics), 400)


def test_a_worker_killed_anywhere_while_it_plans_leaves_it_to_the_next(
    desk: Desk, many_customers: Callable[[int], bytes], interrupted: Any
) -> None:
    campaign_id = desk.ask(desk.scored(many_customers(3_000)))
    while desk.queue.steps[0][0] != "finish":
        desk.bench.take()
    job, done = desk.bench.repository.load(campaign_id), desk.bench.repository.done(campaign_id)
    Planning(desk.bench.repository, ReleaseCache(desk.store)).plan(job, done)
    whole = desk.kept(campaign_id)
    assert len(whole) > 6
    record = layout.record(campaign_id)
    for place in itertools.count(1):
        desk.store.delete([*whole, job_paths.considered(campaign_id)])
        desk.clock.pass_by(seconds=1)
        store = interrupted(desk.store, place, die)
        try:
            Planning(JobRepository(store, desk.clock), ReleaseCache(desk.store)).plan(job, done)
        except Killed:
            Planning(desk.bench.repository, ReleaseCache(desk.store)).plan(job, done)
            kept = desk.kept(campaign_id)
            assert kept.keys() == whole.keys()
            assert {key for key in kept if kept[key] != whole[key]} <= {record}
        else:
            break
    assert place > 15
    desk.bench.drain()
    assert desk.service.get(campaign_id).status == "planned"
    assert desk.bench.status(job) == "completed"


def test_a_worker_killed_between_the_record_and_the_end_of_its_job_changes_nothing(desk: Desk, scored: Job) -> None:
    campaign_id = desk.ask(scored)
    while desk.queue.steps[0][0] != "finish":
        desk.bench.take()
    job, done = desk.bench.repository.load(campaign_id), desk.bench.repository.done(campaign_id)
    Planning(desk.bench.repository, ReleaseCache(desk.store)).plan(job, done)
    started = desk.service.start(campaign_id)
    desk.queue.steps.clear()
    desk.settled()
    assert desk.bench.status(job) == "completed"
    assert desk.service.get(campaign_id) == started


@pytest.mark.parametrize("steps", range(6))
def test_one_that_is_being_planned_is_cancelled_by_deleting_it(desk: Desk, scored: Job, steps: int) -> None:
    campaign_id = desk.ask(scored)
    for _ in range(steps):
        if desk.queue.steps:
            desk.bench.take()
    waiting = list(desk.queue.steps)
    desk.service.delete(campaign_id)
    with pytest.raises(UnknownCampaign):
        desk.service.get(campaign_id)
    assert desk.service.page(20, None).data == []
    desk.queue.steps = waiting
    desk.settled()
    assert left_of(desk, campaign_id) == []


def test_one_that_is_deleted_at_any_moment_while_a_worker_plans_it_leaves_nothing(
    desk: Desk, many_customers: Callable[[int], bytes], interrupted: Any
) -> None:
    job = desk.scored(many_customers(500))
    for place in itertools.count(1):
        campaign_id = desk.ask(job)
        while desk.queue.steps[0][0] != "finish":
            desk.bench.take()
        store = interrupted(desk.store, place, lambda name=campaign_id: desk.service.delete(name))
        planner = desk.bench.steps._planner
        desk.bench.steps._planner = Planning(JobRepository(store, desk.clock), ReleaseCache(desk.store))
        desk.bench.drain()
        desk.bench.steps._planner = planner
        if store.calls < place:
            break
        desk.settled()
        clean(desk.bench.repository)
        assert left_of(desk, campaign_id) == [], place
    assert place > 15


def test_a_campaign_is_started_and_closed_once(desk: Desk, scored: Job) -> None:
    campaign_id = desk.ask(scored)
    for early in (desk.service.start, desk.service.close, desk.service.list_of):
        with pytest.raises(CampaignConflict, match="still being planned"):
            early(campaign_id)
    desk.bench.drain()
    with pytest.raises(CampaignConflict, match="start it before closing"):
        desk.service.close(campaign_id)
    started = desk.service.start(campaign_id)
    assert (started.status, started.started_at) == ("running", desk.clock().isoformat())
    desk.clock.pass_by(days=1)
    assert desk.service.start(campaign_id) == started == desk.service.get(campaign_id)
    with pytest.raises(CampaignConflict, match="close it first"):
        desk.service.delete(campaign_id)
    closed = desk.service.close(campaign_id)
    assert (closed.status, closed.closed_at) == ("closed", desk.clock().isoformat())
    desk.clock.pass_by(days=1)
    assert desk.service.close(campaign_id) == closed
    with pytest.raises(CampaignConflict, match="is closed"):
        desk.service.start(campaign_id)
    desk.service.delete(campaign_id)
    assert desk.service.page(20, None).data == []
    with pytest.raises(UnknownCampaign):
        desk.service.delete(campaign_id)


def try_to_start(service: CampaignService, campaign_id: str, refused: list[str]) -> None:
    try:
        service.start(campaign_id)
    except CampaignConflict:
        refused.append(campaign_id)


def test_nobody_is_in_two_running_campaigns(desk: Desk, scored: Job) -> None:
    first, second = desk.planned(scored), desk.planned(scored, not_within_days=0)
    other = desk.planned(scored, budget=0)
    desk.service.start(first.id)
    names = [{row["customerID"] for row in desk.listed(each.id)} for each in (first, second)]
    shared = len(names[0] & names[1])
    assert shared > 20
    with pytest.raises(CampaignConflict, match=rf"{shared} of the chosen customers are .*\(Spring\)\. Plan it again"):
        desk.service.start(second.id)
    assert desk.service.get(second.id).status == "planned"
    with pytest.raises(CampaignConflict, match="treats nobody"):
        desk.service.start(other.id)
    again = desk.planned(scored)
    assert desk.service.start(again.id).status == "running"
    desk.service.close(first.id)
    desk.service.close(again.id)
    assert desk.service.start(second.id).status == "running"


def test_of_two_campaigns_started_at_once_that_share_a_customer_one_runs(
    desk: Desk, few: Job, interrupted: Any
) -> None:
    for place in itertools.count(1):
        first, second = desk.planned(few, not_within_days=0), desk.planned(few, not_within_days=0)
        refused: list[str] = []
        store = interrupted(desk.store, place, partial(try_to_start, desk.service, second.id, refused))
        try_to_start(over(desk, store), first.id, refused)
        if store.calls < place:
            break
        states = sorted(desk.service.get(each.id).status for each in (first, second))
        assert (states, len(refused)) == (["planned", "running"], 1), place
        for each in (first, second):
            if desk.service.get(each.id).status == "running":
                desk.service.close(each.id)
    assert place > 5


@pytest.mark.parametrize("call", ["start", "close"])
def test_two_people_at_once_get_the_same_answer(desk: Desk, few: Job, interrupted: Any, call: str) -> None:
    for place in itertools.count(1):
        found = desk.planned(few, not_within_days=0)
        if call == "close":
            desk.service.start(found.id)
        other = partial(getattr(desk.service, call), found.id)
        store = interrupted(desk.store, place, other)
        answer = getattr(over(desk, store), call)(found.id)
        if store.calls < place:
            break
        assert answer == other() == desk.service.get(found.id)
        desk.service.close(found.id)
    assert place > 3


def test_a_start_that_is_killed_anywhere_is_made_by_the_next(desk: Desk, few: Job, interrupted: Any) -> None:
    for place in itertools.count(1):
        found = desk.planned(few, not_within_days=0)
        store = interrupted(desk.store, place, die)
        try:
            over(desk, store).start(found.id)
        except Killed:
            assert desk.service.start(found.id).status == "running"
        else:
            break
        desk.service.close(found.id)
    assert place > 5


def test_a_deletion_that_is_killed_anywhere_is_finished_by_the_next_tidying(
    desk: Desk, many_customers: Callable[[int], bytes], interrupted: Any
) -> None:
    job = desk.scored(many_customers(400))
    for place in itertools.count(1):
        found = desk.planned(job)
        store = interrupted(desk.store, place, die)
        try:
            over(desk, store).delete(found.id)
        except Killed:
            if desk.service.page(20, None).data:
                desk.service.delete(found.id)
            desk.clock.pass_by(days=8)
            desk.bench.sweeper.sweep()
            clean(desk.bench.repository)
            assert left_of(desk, found.id) == [], place
            job = desk.scored(many_customers(400))
        else:
            break
    assert place > 8


def test_a_planned_campaign_expires_and_a_started_one_outlives_its_job(desk: Desk, scored: Job) -> None:
    planned, started = desk.planned(scored), desk.planned(scored, name="Summer")
    desk.service.start(started.id)
    desk.clock.pass_by(days=8)
    desk.bench.sweeper.sweep()
    with pytest.raises(UnknownCampaign):
        desk.service.get(planned.id)
    with pytest.raises(UnknownCampaign):
        desk.service.start(planned.id)
    assert [each.name for each in desk.service.page(20, None).data] == ["Summer"]
    clean(desk.bench.repository)
    assert left_of(desk, planned.id) == []
    assert desk.service.get(started.id).status == "running"
    assert desk.listed(started.id)
    assert not [key for key in left_of(desk, started.id) if key.startswith("jobs/")]
    desk.clock.pass_by(days=391)
    assert desk.service.close(started.id).status == "closed"
    desk.clock.pass_by(days=2)
    clean(desk.bench.repository)
    assert left_of(desk, started.id) == []
    assert desk.service.page(20, None).data == []


def test_one_that_is_started_at_the_last_moment_is_running_or_gone_as_a_whole(
    desk: Desk, few: Job, interrupted: Any
) -> None:
    states = []
    for place in itertools.count(1):
        found = desk.planned(few, not_within_days=0)
        kept = len(desk.kept(found.id))
        told: list[str] = []
        store = interrupted(desk.store, place, partial(start_if_there, desk.service, found.id, told))
        clean(JobRepository(store, lambda moment=found.expires_at: datetime.fromisoformat(moment)))
        if store.calls < place:
            break
        if desk.service.campaigns.exists(found.id):
            states.append(desk.service.get(found.id).status)
            assert len(desk.kept(found.id)) == kept
            desk.service.close(found.id)
            desk.forget(found.id)
        else:
            states.append("gone")
            assert told == [], place
            assert desk.kept(found.id) == {}
    assert set(states) == {"running", "gone"}


def start_if_there(service: CampaignService, campaign_id: str, told: list[str]) -> None:
    with suppress(UnknownCampaign):
        told.append(service.start(campaign_id).status)


def test_tidying_leaves_alone_what_is_being_planned(desk: Desk, scored: Job) -> None:
    campaign_id = desk.ask(scored)
    while desk.queue.steps[0][0] != "finish":
        desk.bench.take()
    desk.store.put(layout.contacts_part(campaign_id, 0), b"half", content_type="text/plain")
    desk.store.put(paths.newest(campaign_id), b"", content_type="text/plain")
    clean(desk.bench.repository)
    assert desk.store.get(layout.contacts_part(campaign_id, 0)).data == b"half"
    assert [each.status for each in desk.service.page(20, None).data] == ["planning"]
    desk.bench.drain()
    assert desk.service.get(campaign_id).status == "planned"


def test_one_that_cannot_be_planned_has_failed_with_the_reason(desk: Desk, scored: Job) -> None:
    campaign_id = desk.ask(scored)
    desk.store.delete([job_paths.upload(campaign_id)])
    desk.settled()
    found = desk.service.get(campaign_id)
    assert (found.status, found.customers) == ("failed", None)
    assert found.error is not None
    assert [each.status for each in desk.service.page(20, None).data] == ["failed"]
    with pytest.raises(CampaignConflict, match="could not be planned"):
        desk.service.start(campaign_id)
    assert not list(desk.store.list(layout.folder(campaign_id)))
    desk.service.delete(campaign_id)
    assert left_of(desk, campaign_id) == []


def test_one_whose_planning_always_kills_its_worker_fails(desk: Desk, scored: Job, monkeypatch: Any) -> None:
    def fail(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("churn_api.campaigns.planning.plan_customers", fail)
    campaign_id = desk.ask(scored)
    desk.settled()
    found = desk.service.get(campaign_id)
    assert found.status == "failed"
    assert "finish" in str(found.error)
    assert left_of(desk, campaign_id)
    assert not list(desk.store.list(layout.folder(campaign_id)))


def test_a_worker_of_the_version_before_loses_nothing(desk: Desk, scored: Job, monkeypatch: Any) -> None:
    """It knew no ids of campaigns: to it their steps are of no job."""
    campaign_id = desk.ask(scored)
    for steps in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(ids, "is_id", lambda text: not text.startswith("cam_"))
            for step in list(desk.queue.steps):
                desk.bench.take(step)
            desk.queue.steps.clear()
            for _ in range(2):
                desk.clock.pass_by(minutes=5)
                desk.bench.sweeper.sweep()
                assert desk.queue.steps == []
        desk.clock.pass_by(minutes=6)
        desk.bench.sweeper.sweep()
        assert desk.queue.steps, steps
        desk.bench.take()
    desk.settled()
    assert desk.service.get(campaign_id).status == "planned"


def test_a_worker_without_a_planner_leaves_it_to_one_with(desk: Desk, scored: Job) -> None:
    campaign_id, planner = desk.ask(scored), desk.bench.steps._planner
    desk.bench.steps._planner = None
    desk.settled()
    assert desk.service.get(campaign_id).status == "planning"
    desk.bench.steps._planner = planner
    desk.settled()
    assert desk.service.get(campaign_id).status == "planned"


def test_a_key_stands_for_one_campaign(desk: Desk, scored: Job) -> None:
    first = desk.ask(scored, key="k")
    assert desk.ask(scored, key="k") == first
    desk.bench.drain()
    desk.bench.job_service.delete(scored.id)
    assert desk.ask(scored, key="k") == first
    with pytest.raises(IdempotencyConflict):
        desk.ask(scored, key="k", name="Summer")
    desk.service.delete(first)
    assert len(desk.service.page(20, None).data) == 0


def test_they_are_listed_page_by_page_newest_first(desk: Desk, scored: Job) -> None:
    made = [desk.planned(scored, name=str(number)).id for number in range(3)]
    made.append(desk.ask(scored, name="3"))
    made.append(desk.ask(scored, name="4"))
    desk.service.delete(made[1])
    wanted = [made[4], made[3], made[2], made[0]]
    seen, after = [], None
    while True:
        page = desk.service.page(2, after)
        seen += [each.id for each in page.data]
        after = page.last_id
        if not page.has_more:
            break
    assert seen == wanted
    assert [each.status for each in desk.service.page(20, None).data] == ["planning", "planning", "planned", "planned"]


NOT_COMPLETED = [
    ("job_01JD0000000000000000000000", "is no job"),
    ("out_01JD0000000000000000000000", "is no job"),
    ("x", "is no job"),
]


@pytest.mark.parametrize(("job_id", "words"), NOT_COMPLETED)
def test_a_source_that_is_no_job_is_refused(desk: Desk, job_id: str, words: str) -> None:
    body = {"name": "Spring", "source": {"job": job_id}, "plan": PLAN}
    with pytest.raises(CampaignConflict, match=words):
        desk.submissions.accept(body, None, None)


def test_a_source_that_is_not_completed_or_has_no_ids_is_refused(
    desk: Desk, many_customers: Callable[[int], bytes]
) -> None:
    waiting = desk.bench.submit(many_customers(50))
    with pytest.raises(CampaignConflict, match="wait until it is completed"):
        desk.ask(waiting)
    desk.bench.drain()
    without = desk.scored(b"\n".join(line[line.index(b",") + 1 :] for line in many_customers(50).splitlines()))
    with pytest.raises(CampaignConflict, match="has no column customerID"):
        desk.ask(without)
    desk.clock.pass_by(days=8)
    with pytest.raises(CampaignConflict, match="is expired; score the file again"):
        desk.ask(waiting)
    assert desk.service.page(20, None).data == []
    assert not list(desk.store.list("jobs/index/newest-campaigns/"))


def test_an_offer_that_nobody_measured_is_refused_and_one_that_was_is_planned_by_what_was_measured(
    desk: Desk, scored: Job
) -> None:
    offer = PLAN["offers"][0] | {"saves": {"source": "measured"}}
    with pytest.raises(ValidationError) as raised:
        desk.ask(scored, offers=[offer])
    assert raised.value.errors[0].field == "plan.offers[0].saves"
    first = desk.planned(scored)
    desk.service.start(first.id)
    desk.service.close(first.id)
    rates = {"10 % off": assumed("10 % off", 0.4).to_json() | {"campaign": first.id}}
    desk.store.put(layout.save_rates(first.id), json.dumps(rates).encode(), content_type="application/json")
    found = desk.planned(scored, offers=[offer], not_within_days=0)
    assert found.offers is not None
    saves = found.offers[0].saves
    assert (saves.source, saves.campaign) == ("measured", first.id)
    assert saves.rate == pytest.approx(0.4)
    assert found.plan["offers"][0]["saves"] == {"source": "measured", "campaign": first.id}
    named = offer | {"saves": {"source": "measured", "campaign": found.id}}
    with pytest.raises(ValidationError, match="1 field needs attention"):
        desk.ask(scored, offers=[named])


def test_measured_rates_lie_beside_the_jobs_record_and_are_those_of_when_it_was_asked_for(
    desk: Desk, scored: Job
) -> None:
    first = desk.planned(scored)
    desk.service.start(first.id)
    desk.service.close(first.id)
    rates = {"10 % off": assumed("10 % off", 0.4).to_json() | {"campaign": first.id}}
    desk.store.put(layout.save_rates(first.id), json.dumps(rates).encode(), content_type="application/json")
    offer = PLAN["offers"][0] | {"saves": {"source": "measured"}}
    asked = desk.ask(scored, offers=[offer], not_within_days=0)
    assert b"covariance" not in desk.store.get(job_paths.record(asked)).data
    assert json.loads(desk.store.get(job_paths.rates(asked)).data) == rates
    desk.service.delete(first.id)
    desk.bench.drain()
    found = desk.service.get(asked).offers
    assert found is not None
    assert found[0].saves.rate == pytest.approx(0.4)
    desk.service.delete(asked)
    assert not list(desk.store.list(job_paths.folder(asked)))


def test_running_campaigns_are_compared_by_their_members_alone(desk: Desk, scored: Job) -> None:
    found = desk.planned(scored)
    desk.service.start(found.id)
    assert len(members.read(desk.store, found.id)) == found.customers.chosen  # type: ignore[union-attr]
    assert [each.status for each in desk.service.campaigns.started()] == [RUNNING]


def test_that_a_campaign_is_planned_is_announced_once(desk: Desk, scored: Job) -> None:
    announced: list[dict[str, Any]] = []

    class Receiver:
        def announce(self, job: Any) -> None:
            announced.append(job)

    desk.submissions = CampaignSubmissions(
        desk.bench.repository, desk.queue, desk.bench.metrics, replace(desk.bench.limits, announced=True)
    )
    campaign_id = desk.ask(scored)
    desk.bench.drain()
    for _ in range(2):
        announce(desk.bench.repository, Receiver(), campaign_id)
    (told,) = announced
    wanted = ("campaign", campaign_id, "Spring", "planned")
    assert (told["object"], told["id"], told["name"], told["status"]) == wanted
    assert told["links"]["self"] == f"/campaigns/{campaign_id}"
    desk.settled()
    assert not list(desk.store.list("jobs/index/active/"))
