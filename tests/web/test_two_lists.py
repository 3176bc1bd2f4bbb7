"""Two lists on one campaign, over a made-up API: asked for in the form, told before the start, and in the result."""

from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import Page, expect
from tests import campaign_answer
from tests.web.test_campaigns import PLACE, Service, section, visit
from tests.web.test_new_campaign import FORM, fault, previews

RELEASE = "20261130_090000"
FIELD = "Try a second list, by release"


@pytest.fixture
def show(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """A function that opens the campaigns page over a made-up service."""
    return partial(visit, open_page)


def tried(status: str, **changes):
    """A campaign on which two lists are tried."""
    plan = campaign_answer.plan(challenger={"release": RELEASE})
    return campaign_answer.campaign(status, plan=plan, experiment=campaign_answer.tried(), **changes)


def test_a_second_list_is_asked_for_by_its_release(show):
    service = Service()
    service.preview = campaign_answer.preview() | {"experiment": campaign_answer.tried()}
    page = show(service, FORM)
    page.get_by_text("Details: margin").click()
    with page.expect_response("**/campaigns/preview"):
        page.get_by_label(FIELD).fill(f" {RELEASE} ")
    expect(page.locator("plan-preview")).to_contain_text("half of them for what either list says")
    assert previews(service)[-1]["challenger"] == {"release": RELEASE}
    page.get_by_role("button", name="Plan this campaign").click()
    expect(page.locator("campaign-view .band")).to_have_text("being planned")
    assert service.bodies[-1]["plan"]["challenger"] == {"release": RELEASE}


def test_a_release_that_cannot_be_used_is_told_beside_its_field(show):
    service = Service()
    service.preview = fault("plan.challenger.release", "cannot be used: there is no release '1'.")
    page = show(service, FORM, patience=["422"])
    field = page.get_by_label(FIELD)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_visible()
    expect(page.locator("plan-field", has=field)).to_contain_text("This cannot be used: there is no release '1'.")


def test_what_two_lists_can_show_is_told_before_the_start(show):
    page = show(Service(tried("planned")), PLACE)
    card = section(page, "Two lists")
    expect(card).to_contain_text("1,280")
    expect(card).to_contain_text("118 on the champion’s, 121 on the challenger’s")
    expect(card).to_contain_text("38")
    expect(card).to_contain_text("9 fewer saved, $1,240 less")
    expect(card).to_contain_text("14 more saved, $1,830 more")
    expect(section(page, "If assumptions are wrong")).to_contain_text(RELEASE)


def test_a_campaign_of_one_list_says_nothing_of_two(show):
    page = show(Service(campaign_answer.campaign()), PLACE)
    expect(section(page, "What this plan brings")).to_be_visible()
    expect(page.get_by_role("heading", name="Two lists")).to_have_count(0)


@pytest.mark.parametrize("final", [True, False])
def test_the_result_tells_which_list_is_better(show, final):
    service = Service(tried("closed" if final else "running"))
    experiment = campaign_answer.tried_result(final=final)
    service.result = campaign_answer.result(final=final, experiment=experiment)
    page = show(service, PLACE)
    card = section(page, "Two lists")
    for sentence in experiment["words"]:
        expect(card).to_contain_text(sentence)
    expect(card.locator("share-intervals")).to_contain_text("Challenger’s list (100)")
    expect(card).to_contain_text("$2,650 more")
    expect(card).to_contain_text("$310 less")
    expect(section(page, "What came of it")).to_contain_text("one of the two lists alone is in no figure above")
