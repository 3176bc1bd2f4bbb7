"""A plan that is tried on a sample of a scored file."""

import itertools
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from cachetools import TTLCache
from tests.api.campaigns.conftest import OFFER, PLAN, Desk
from tests.api.jobs.conftest import Bench

from churn import release
from churn.campaigns import measured, save_rates
from churn.errors import UnknownRelease, ValidationError
from churn.tracking import erasure
from churn_api.campaigns import previews as previewing
from churn_api.campaigns.errors import CampaignConflict
from churn_api.campaigns.preview_answers import CampaignPreview
from churn_api.campaigns.previews import Previews, loader
from churn_api.campaigns.repository import CampaignRepository
from churn_api.errors import InvalidBody
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.tracking.erasing import Erasing


@pytest.fixture
def previews(desk):
    """What previews plans at the desk."""
    return Previews(CampaignRepository(desk.store, desk.clock), lambda version: release.load(desk.store, version))


@pytest.fixture
def preview(desk, previews):
    """A function that previews the plan of the desk with changes."""

    def ask(job, **changes: Any):
        body = {"source": {"job": job.id}, "plan": PLAN | changes}
        found = previews.preview(desk.submissions.read(body, [], ("source", "plan")))
        msgspec.convert(found, CampaignPreview)  # the shape that is declared
        return found

    return ask


def test_it_says_nearly_what_the_campaign_will_say(desk, scored, preview):
    found = preview(scored)
    planned = desk.planned(scored)
    assert (found["sampled"], found["customers"]["rows"]) == (pytest.approx(2_000, abs=20), 3_000)
    for name in ("considered", "chosen", "treat"):
        assert found["customers"][name] == pytest.approx(getattr(planned.customers, name), rel=0.1, abs=30)
    assert found["expected"]["money"] == pytest.approx(planned.expected.money, rel=0.1)
    assert found["spend"]["money"] <= PLAN["budget"]
    assert found["plan"]["horizon_months"] == 12


@pytest.mark.parametrize(("budget", "share"), [(None, 0.1), (3_000, 0.2), (3_000, 0.3), (1_000, 0.2), (500, 0.5)])
def test_of_few_chosen_ones_the_share_is_held_out_too(scored, preview, budget, share):
    customers = preview(scored, budget=budget, holdout=share)["customers"]
    assert customers["chosen"] > 10
    assert customers["hold_out"] / customers["chosen"] == pytest.approx(share, abs=0.05)


def test_a_short_file_is_previewed_as_it_will_be_planned(desk, many_customers, preview):
    job = desk.scored(many_customers(300))
    found, planned = preview(job, holdout=0), desk.planned(job, holdout=0)
    assert found["sampled"] == 300
    assert found["expected"]["money"] == pytest.approx(planned.expected.money, rel=1e-3)
    assert found["customers"] == msgspec.to_builtins(planned.customers)


def test_a_change_of_offers_or_limits_reads_nothing_again(scored, preview, monkeypatch):
    first = preview(scored)

    def read(*_, **__):
        raise AssertionError("read again")

    for name in ("read_sample", "_valued", "reasons_of"):
        monkeypatch.setattr(previewing, name, read)
    more = preview(scored, offers=[OFFER | {"incentive": 10}], budget=9_000, minutes=800)
    assert more["expected"]["money"] != first["expected"]["money"]
    with pytest.raises(AssertionError, match="read again"):
        preview(scored, margin=0.5)


def test_what_grows_too_old_while_it_is_looked_up_is_no_fault(scored, previews, preview):
    moments = itertools.count(0, 20)
    previews._reasons = TTLCache(1, 30, lambda: next(moments))
    assert preview(scored) == preview(scored)


def test_the_releases_of_two_lists_are_loaded_once_though_another_one_serves(desk, monkeypatch):
    loaded = []
    monkeypatch.setattr(previewing, "load", lambda _, version: loaded.append(version))
    release_of = loader(desk.store, SimpleNamespace(version="20261103_000000"))
    for _ in range(3):
        release_of("20261101_000000")
        release_of("20261102_000000")
    assert loaded == ["20261101_000000", "20261102_000000"]


def test_who_has_opted_out_is_left_out(desk, scored, preview):
    names = [f"{number:07d}-ROW" for number in range(1_500)]
    desk.opt_outs.replace(names)
    found = preview(scored)["customers"]
    assert found["opted_out"] == pytest.approx(1_500, abs=60)
    assert found["considered"] == pytest.approx(1_500, abs=60)


def test_it_reckons_with_a_save_rate_that_was_measured(desk, scored, preview):
    earlier = desk.planned(scored).id
    desk.service.start(earlier)
    desk.service.close(earlier)
    found = save_rates.assumed(OFFER["name"], 0.6)
    measured.save(desk.store, earlier, {OFFER["name"]: replace(found, campaign=earlier)})
    offer = OFFER | {"saves": {"source": "measured"}}
    more = preview(scored, offers=[offer], not_within_days=0)
    saves = more["offers"][0]["saves"]
    assert (saves["source"], saves["campaign"], saves["rate"]) == ("measured", earlier, pytest.approx(0.6))
    assert saves["low"] < 0.6 < saves["high"]


def test_the_faults_of_a_body_are_those_of_a_campaigns(desk, scored, preview):
    with pytest.raises(ValidationError) as caught:
        preview(scored, offers=[OFFER | {"saves": {"rate": 2, "source": "assumed"}}], budget=-1)
    assert {fault.field for fault in caught.value.errors} == {"plan.offers[0].saves.rate", "plan.budget"}


@pytest.mark.parametrize("body", [[], "x", 3, None])
def test_what_is_no_object_is_refused_with_the_shape(desk, body):
    with pytest.raises(InvalidBody, match=r'^The body must be {"source": {"job": …}, "plan": {…}}\.$'):
        desk.submissions.read(body, [], ("source", "plan"))
    with pytest.raises(InvalidBody, match=r'^The body must be {"name": …, "source": '):
        desk.submissions.accept(body, None, None)


def test_a_sample_that_is_read_again_after_an_erasure_has_values_of_its_own(desk, many_customers, previews, preview):
    scored = desk.scored(many_customers(300))
    first = preview(scored)
    previews._samples.clear()  # others were previewed meanwhile
    name = next(iter(desk.listed(desk.planned(scored).id)))["customerID"]
    erasure.ask(desk.store, name, desk.clock())
    Erasing(desk.bench.repository, ReleaseCache(desk.store)).erase()
    assert preview(scored)["customers"]["considered"] == pytest.approx(first["customers"]["considered"], abs=50)


def test_a_job_that_is_deleted_meanwhile_is_told(desk, scored, previews):
    asked = desk.submissions.read({"source": {"job": scored.id}, "plan": PLAN}, [], ("source", "plan"))
    desk.bench.job_service.delete(scored.id)
    with pytest.raises(CampaignConflict, match="was deleted meanwhile"):
        previews.preview(asked)


def test_a_release_that_is_gone_is_told(desk, scored):
    def gone(version):
        raise UnknownRelease(version)

    asked = desk.submissions.read({"source": {"job": scored.id}, "plan": PLAN}, [], ("source", "plan"))
    with pytest.raises(CampaignConflict, match="Score the file again"):
        Previews(CampaignRepository(desk.store), gone).preview(asked)


def test_a_file_without_customers_is_previewed(desk, header_line, preview):
    found = preview(desk.scored(header_line))
    assert (found["sampled"], found["customers"]["chosen"], found["promises"]) == (0, 0, None)


def test_it_needs_no_polars():
    program = "import sys, churn_api.app; sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_what_is_in_memory_is_answered_soon(scored, preview):
    preview(scored)
    started = time.process_time()
    preview(scored, budget=5_000)
    assert time.process_time() - started < 2


def test_over_http_it_is_answered_at_once(client, service, many_customers):
    bench = Bench(service.store, service.releases.version)
    bench.clock.now = datetime.now(UTC)
    scored = Desk(bench).scored(many_customers(100))
    got = client.post("/campaigns/preview", json={"source": {"job": scored.id}, "plan": PLAN})
    assert got.status_code == 200, got.get_json()
    assert got.get_json()["object"] == "campaign_preview"
    unknown = client.post("/campaigns/preview", json={"source": {"job": "job_1"}, "plan": PLAN})
    assert unknown.status_code == 409
    named = client.post("/campaigns/preview", json={"name": "a", "source": {"job": scored.id}, "plan": PLAN})
    assert [fault["field"] for fault in named.get_json()["errors"]] == ["name"]
