"""An object among campaigns that nobody can read, or that is none of ours, stops nothing but itself."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.api.campaigns.conftest import OFFER, Desk

from churn.campaigns import layout
from churn.campaigns.save_rates import assumed
from churn_api.campaigns import members, paths
from churn_api.campaigns.cleaning import clean
from churn_api.campaigns.errors import CampaignConflict
from churn_api.campaigns.measured import measured
from churn_api.jobs import paths as job_paths
from churn_api.jobs.digests import digests
from churn_api.jobs.job import Job
from churn_api.tracking.campaign_files import erase_from_campaigns


@pytest.fixture
def few(desk: Desk, many_customers: Callable[[int], bytes]) -> Job:
    """A completed job of 300 customers."""
    return desk.scored(many_customers(300))


def put(desk: Desk, key: str, data: bytes) -> None:
    desk.store.put(key, data, content_type="application/json")


@pytest.mark.parametrize("member", ["customers", "expected"])
def test_they_are_listed_without_one_whose_figures_lack_a_member(desk: Desk, few: Job, member: str) -> None:
    first, second = desk.planned(few), desk.planned(few)
    key = layout.record(first.id)
    put(desk, key, json.dumps(json.loads(desk.store.get(key).data) | {member: {}}).encode())
    assert [each.id for each in desk.service.page(20, None).data] == [second.id]


@pytest.mark.parametrize("lost", [None, b"{", b'{"running": 1}'], ids=["gone", "no JSON", "no list"])
def test_nobody_is_in_two_campaigns_though_it_is_lost_which_ones_run(desk: Desk, few: Job, lost: bytes | None) -> None:
    first, second = desk.planned(few), desk.planned(few, not_within_days=0)
    desk.service.start(first.id)
    if lost is None:
        desk.store.delete([paths.RUNNING])
    else:
        put(desk, paths.RUNNING, lost)
    with pytest.raises(CampaignConflict, match="in another campaign"):
        desk.service.start(second.id)
    desk.service.close(first.id)
    assert desk.service.start(second.id).status == "running"


def test_one_whose_record_comes_back_is_still_among_those_that_run(desk: Desk, few: Job) -> None:
    first, second = desk.planned(few), desk.planned(few)
    other = desk.planned(desk.scored(few_others(desk, few)))
    desk.service.start(first.id)
    key = layout.record(first.id)
    record = desk.store.get(key).data
    put(desk, key, b"{")
    desk.service.start(other.id)
    put(desk, key, record)
    with pytest.raises(CampaignConflict, match="in another campaign"):
        desk.service.start(second.id)


def few_others(desk: Desk, job: Job) -> bytes:
    """The same customers under other ids."""
    head, *lines = desk.store.get(job_paths.upload(job.id)).data.splitlines()
    return b"\n".join([head, *(b"Z" + line for line in lines)])


@pytest.mark.parametrize("held", [{}, {"version": 99}, {"version": 1, "names": ["rate"], "mean": [], "covariance": []}])
def test_what_is_no_save_rate_is_passed_over_for_an_earlier_one(desk: Desk, few: Job, held: dict[str, Any]) -> None:
    good = assumed(OFFER["name"], 0.4).to_json()
    made = []
    for rate in (good, held):
        made.append(desk.planned(few, not_within_days=0).id)
        desk.service.start(made[-1])
        desk.service.close(made[-1])
        put(desk, layout.save_rates(made[-1]), json.dumps({OFFER["name"]: rate}).encode())
        desk.clock.pass_by(minutes=1)
    assert measured(desk.service.campaigns, OFFER["name"]) == good
    assert measured(desk.service.campaigns, OFFER["name"], made[0]) == good
    assert measured(desk.service.campaigns, OFFER["name"], made[1]) is None
    assert measured(desk.service.campaigns, OFFER["name"], "cam_x") is None


def test_members_that_were_cut_off_stop_no_erasure(desk: Desk, few: Job) -> None:
    found = desk.planned(few)
    key = paths.members(found.id, "treat")
    put(desk, key, desk.store.get(key).data[:-3])
    desk.opt_outs.replace(["A", "B"])
    erase_from_campaigns(desk.store, ["A"])
    assert desk.opt_outs.count().customers == 1
    assert not set(digests(["A"])) & set(members.read(desk.store, found.id))


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_last_opt_out_counts_whatever_its_line_ends_with(desk: Desk, end: str) -> None:
    put(desk, paths.OPT_OUTS, f"customerID\nA\nB{end}".encode())
    assert desk.opt_outs.count().customers == 2
    assert set(digests(["A", "B"])) == set(desk.opt_outs.digests())


def test_an_opt_out_that_is_no_text_stops_no_start_and_hides_no_other(desk: Desk, few: Job) -> None:
    first, second = desk.planned(few), desk.planned(few)
    put(desk, paths.OPT_OUTS, b"customerID\n\xff\xfe\nA\n")
    assert desk.service.start(first.id).status == "running"
    desk.service.close(first.id)
    name = desk.listed(second.id)[0]["customerID"]
    put(desk, paths.OPT_OUTS, b"customerID\n\xff\xfe\n" + name.encode() + b"\n")
    with pytest.raises(CampaignConflict, match="1 of the chosen customers has opted out"):
        desk.service.start(second.id)


def test_a_campaign_that_cannot_be_read_hides_no_other_that_treated_customers(desk: Desk, few: Job) -> None:
    first, second, third = desk.planned(few), desk.planned(few, not_within_days=0), desk.planned(few)
    for each in (first, second):
        desk.service.start(each.id)
        desk.service.close(each.id)
    put(desk, layout.record(second.id), b"{")
    with pytest.raises(CampaignConflict, match="were treated within the last 60 days"):
        desk.service.start(third.id)


def test_tidying_leaves_alone_what_is_no_campaign(desk: Desk) -> None:
    keys = [layout.record("cam_copy"), "campaigns/cam_2026/list.csv", f"{paths.NEWEST}readme"]
    for key in keys:
        put(desk, key, b"{}")
    clean(desk.bench.repository)
    assert sorted(entry.key for entry in desk.store.list("campaigns/")) == sorted(keys)
