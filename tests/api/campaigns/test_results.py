"""What GET /campaigns/<id>/result answers in each state of a campaign, and what workers keep of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from tests.api.campaigns.test_repository import campaign
from tests.shared.campaigns.campaign import PLAN, begin, left, report, stayed

from churn.campaigns import computed, layout, started
from churn_api.campaigns.campaign import Campaign
from churn_api.campaigns.errors import CampaignConflict, UnknownCampaign
from churn_api.campaigns.measured import measured
from churn_api.campaigns.repository import CampaignRepository
from churn_api.campaigns.results import compute_result
from churn_api.jobs import ids
from churn_api.quality import waiting
from churn_api.quality.campaign_answers import CampaignResult
from churn_api.quality.campaign_results import CampaignResults
from churn_api.quality.waiting import NotComputedYet

NOW = datetime.now(UTC).replace(microsecond=0)
ARMS = {f"C{number}": "hold_out" if number % 5 == 0 else "treat" for number in range(100)}


class Worker:
    """A queue whose one worker does the step at once, or never, or once something else has happened."""

    def __init__(self, store, *, takes=True, before=lambda: None):
        self.campaigns, self.takes, self.before, self.sent = CampaignRepository(store), takes, before, []

    def send_tracking(self, step, campaign_id):
        self.sent.append((step, campaign_id))
        if self.takes:
            self.before()
            compute_result(self.campaigns, campaign_id)
        return True


def served(store, **worker):
    queue = Worker(store, **worker)
    return CampaignResults(store, queue, pause=lambda _: None), queue


def answer(store, campaign_id):
    found = served(store)[0].answer(campaign_id)
    msgspec.convert(found, CampaignResult)  # the shape that is declared
    return found


def planned(store, days_ago=200, closed=None, **changes):
    """A campaign of a hundred customers in the store that was started so many days ago, None if it was not."""
    made = campaign(NOW - timedelta(days=300), plan=PLAN, currency="EUR", label_window_months=1)
    begin(store, ARMS, made.id)
    started = None if days_ago is None else (NOW - timedelta(days=days_ago)).isoformat()
    made = replace(made, started_at=started, closed_at=closed, expires_at=(NOW + timedelta(days=9)).isoformat())
    store.delete([layout.record(made.id)])
    assert CampaignRepository(store).add(replace(made, **changes))
    return made.id


def tell(store, days_ago=200):
    """Every fourth customer leaves ten days after the start; the others stay until today."""
    gone = (NOW - timedelta(days=days_ago - 10)).date()
    rows = [left(name, gone) if number % 4 == 0 else stayed(name, NOW.date()) for number, name in enumerate(ARMS)]
    report(store, rows, NOW)


def kept(store, campaign_id) -> Campaign:
    return CampaignRepository(store).load(campaign_id)


def test_before_the_start_there_is_none(store):
    with pytest.raises(CampaignConflict, match="no result before its start"):
        served(store)[0].answer(planned(store, None))


def test_nor_of_a_campaign_that_nobody_knows(store):
    with pytest.raises(UnknownCampaign):
        served(store)[0].answer(ids.new_id(NOW, ids.CAMPAIGN))


def test_while_nothing_is_known_it_says_what_to_send(store):
    found = answer(store, planned(store))
    assert (found["status"], found["final"], found["treated"]["known"], found["unknown"]) == ("running", False, 0, 100)
    assert (found["saved"]["customers"], found["money"]["saved"], found["ripens"]) == (None, None, None)
    assert any("POST /outcomes" in words for words in found["words"])


def test_while_it_is_not_ripe_it_says_when_it_will_be(store):
    campaign_id = planned(store, 20)
    tell(store, 20)
    found = answer(store, campaign_id)
    assert (found["final"], found["difference"]["interval"]) == (False, "always_valid")
    assert found["ripens"] > NOW.date().isoformat()
    assert found["treated"]["known"] == 80


def test_closed_and_ripe_it_is_final_and_the_list_shows_it(store):
    campaign_id = planned(store, closed=NOW.isoformat())
    tell(store)
    found = answer(store, campaign_id)
    assert (found["status"], found["final"], found["difference"]["interval"]) == ("closed", True, "newcombe")
    assert found["save_rates"]
    assert kept(store, campaign_id).result == {name: found[name] for name in ("final", "saved", "money")}
    repository = CampaignRepository(store)
    assert measured(repository, "discount")["campaign"] == measured(repository, "discount", campaign_id)["campaign"]
    assert measured(repository, "a call") is None


def test_the_job_that_planned_it_may_be_gone(store):
    """Nothing of jobs is in the store, and nothing of them is asked for."""
    campaign_id = planned(store, closed=NOW.isoformat())
    assert not list(store.list("jobs/"))
    assert answer(store, campaign_id)["final"]


@pytest.mark.parametrize("at", ["before", "meanwhile"])
def test_of_a_campaign_that_is_deleted_there_is_none(store, at):
    campaign_id = planned(store)
    repository = CampaignRepository(store)
    service, _ = served(store, before=lambda: repository.remove(campaign_id))
    if at == "before":
        repository.remove(campaign_id)
    with pytest.raises(UnknownCampaign):
        service.answer(campaign_id)
    kept = [entry.key for entry in store.list(layout.folder(campaign_id))]
    assert all(layout.says_who_was_treated(key) for key in kept)


def test_what_holds_is_not_computed_again_and_closing_it_is_seen(store):
    campaign_id = planned(store)
    service, queue = served(store)
    first = service.answer(campaign_id)
    assert service.answer(campaign_id) == first
    assert queue.sent == [("result", campaign_id)]
    CampaignRepository(store).change(campaign_id, lambda found: replace(found, closed_at=NOW.isoformat()))
    assert service.answer(campaign_id)["final"]


def test_whoever_waits_in_vain_is_told_to_come_again(store, monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 0.05)
    with pytest.raises(NotComputedYet, match="What came of the campaign is being computed"):
        served(store, takes=False)[0].answer(planned(store))


def test_what_was_started_is_judged_though_nobody_asks(store):
    running, closed, waits = planned(store), planned(store, closed=NOW.isoformat()), planned(store, None)
    for campaign_id in (running, closed, waits, ids.new_id(NOW, ids.CAMPAIGN)):
        compute_result(CampaignRepository(store), campaign_id)
    assert computed.load(store, running)
    assert computed.load(store, closed).answer["final"]
    assert computed.load(store, waits) is None


def test_a_final_one_is_computed_again_only_when_something_came_in(store):
    closed, running = planned(store, closed=NOW.isoformat()), planned(store)
    later = NOW + timedelta(days=3)
    for campaign_id in (closed, running):
        compute_result(CampaignRepository(store), campaign_id)
    held = {name: (computed.load(store, name), started.load(store, name)) for name in (closed, running)}
    assert [held[name][0].holds(store, held[name][1], later) for name in (closed, running)] == [True, False]
    tell(store)
    assert not held[closed][0].holds(store, held[closed][1], later)


def test_over_http_it_is_answered_as_it_was_computed(client, service):
    campaign_id = planned(service.store)
    compute_result(CampaignRepository(service.store), campaign_id)
    got = client.get(f"/campaigns/{campaign_id}/result")
    assert (got.status_code, got.get_json()) == (200, computed.load(service.store, campaign_id).answer)
    assert client.get(f"/campaigns/{planned(service.store, None)}/result").status_code == 409
    assert client.get("/campaigns/cam_1/result").status_code == 404
