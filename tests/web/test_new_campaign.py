"""The form of a new campaign over a made-up API: what it says, what is previewed, faults, and planning."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from tests import campaign_answer
from tests.web.conftest import until
from tests.web.test_campaigns import Service, hide, section, visit
from tests.web.test_jobs import Listing, made_up

FORM = "#/campaigns?job=job_0001"
WORTH = "What this plan would bring"


@pytest.fixture
def show(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """A function that opens the campaigns page over a made-up service."""
    return partial(visit, open_page)


def fault(path: str, words: str) -> tuple[int, dict[str, Any]]:
    return 422, campaign_answer.refused(**{path.replace(".", "__"): f"{path} {words}"})


def previews(service: Service) -> list[Any]:
    return [body["plan"] for body in service.bodies if "name" not in body]


def test_from_a_scored_file_to_the_list_to_call_in_five_actions(show):
    """Plan a campaign, plan it, start, confirm, download: nothing is typed."""
    service = Service()
    page = show(service, "#/batch")
    page.locator("job-card", has_text="file-1.csv").get_by_role("link", name="Plan a campaign").click()
    page.get_by_role("button", name="Plan this campaign").click()
    expect(page.locator("campaign-view .band")).to_have_text("being planned")
    service.campaigns = [campaign_answer.campaign("planned")]
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_role("button", name="Start the campaign").click()
    expect(page.locator("campaign-view .band").first).to_have_text("running")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the list").click()
    assert download.value.suggested_filename == "autumn-calls-list.csv"
    assert service.bodies[-1]["source"] == {"job": "job_0001"}


def test_a_plan_can_be_made_without_typing(show):
    service = Service()
    page = show(service, "#/campaigns?new=1")
    expect(page.get_by_label("Scored file")).to_have_value("job_0002")
    expect(section(page, WORTH).get_by_role("status")).to_have_text(
        "1,200 customers to call, 300 held out; expected to bring $18,432."
    )
    page.get_by_role("button", name="Plan this campaign").click()
    expect(page.get_by_role("heading", name="Autumn calls")).to_be_focused()
    assert page.url.endswith(f"#/campaigns?id={campaign_answer.ID}")
    body = service.bodies[-1]
    assert body["name"].startswith("Calls of ")
    assert body["source"] == {"job": "job_0002"}
    assert body["plan"] == campaign_answer.plan(
        budget=None, offers=[campaign_answer.offer(saves={"rate": 0.3, "source": "assumed"})]
    )
    at = service.asked.index(("POST", ""))
    assert re.fullmatch("[0-9a-f]{32}", service.headers[at]["idempotency-key"])


def test_units_are_heard_with_what_they_belong_to(show):
    page = show(Service(), FORM)
    expect(page.get_by_label("Time of the team")).to_have_accessible_description("min All contacts together.")
    page.get_by_label("Budget").fill("none")
    expect(page.get_by_label("Budget")).to_have_accessible_description(
        re.compile(r"^This must be a number .+ \$ Never")
    )


def test_what_it_would_bring_follows_what_is_typed(show):
    service = Service()
    page = show(service, FORM)
    expect(section(page, WORTH)).to_contain_text("$18,432")
    service.preview = campaign_answer.preview() | {"expected": {"money": 9000.0, "low": 1.0, "high": 2.0}}
    page.get_by_label("Budget").fill("15,000")
    expect(section(page, WORTH)).to_contain_text("$9,000")
    expect(section(page, WORTH)).to_contain_text("Another $1,000 of budget would bring about $1,900.")
    assert previews(service)[-1]["budget"] == 15_000
    assert len(previews(service)) == 2


def test_an_answer_that_is_overtaken_is_not_shown(show):
    service = Service()
    page = show(service, FORM)
    expect(section(page, WORTH)).to_contain_text("$18,432")
    held: list[Route] = []

    def keep(route: Route) -> None:
        plan = route.request.post_data_json["plan"]
        if plan["budget"] == 1:
            held.append(route)
        else:
            route.fulfill(json=campaign_answer.preview() | {"expected": {"money": 222.0, "low": 1.0, "high": 2.0}})

    page.route("**/campaigns/preview", keep)
    page.get_by_label("Budget").fill("1")
    expect(page.locator("plan-preview")).to_have_attribute("aria-busy", "true")
    until(page, lambda: bool(held))
    page.get_by_label("Budget").fill("2")
    expect(section(page, WORTH)).to_contain_text("$222")
    assert len(held) == 1
    assert held[0].request.failure


def test_offers_are_added_and_removed_with_the_keyboard(show):
    service = Service()
    page = show(service, FORM)
    expect(page.get_by_role("button", name="Remove")).to_have_count(0)
    page.get_by_role("button", name="Add an offer").press("Enter")
    second = page.get_by_role("group", name="Offer 2")
    expect(second.get_by_label("Name")).to_be_focused()
    page.keyboard.type("Gift")
    second.get_by_label("Incentive").fill("25")
    expect(page.locator("plan-preview")).not_to_have_attribute("aria-busy", "true")
    second.get_by_role("button", name="Remove").press("Enter")
    expect(second).to_have_count(0)
    expect(page.get_by_role("group", name="Offer 1").get_by_label("Name")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="Gift was removed.")).to_have_count(1)


def test_no_more_offers_than_a_plan_may_have(show):
    page = show(Service(), FORM)
    for _ in range(7):
        page.get_by_role("button", name="Add an offer").click()
    expect(page.get_by_role("group", name="Offer 8")).to_be_visible()
    expect(page.get_by_role("button", name="Add an offer")).to_be_hidden()


def test_a_measured_save_rate_is_offered_where_a_closed_campaign_had_the_offer(show):
    service = Service(
        campaign_answer.campaign("closed", name="Summer calls"), campaign_answer.campaign("running", id="cam_2")
    )
    page = show(service, FORM)
    source = page.get_by_label("Save rate")
    expect(source.locator("option")).to_have_text(["assumed", "measured in Summer calls"])
    source.select_option("measured in Summer calls")
    expect(page.get_by_label("Saves")).to_be_hidden()
    page.get_by_label("Name", exact=True).fill("Call ")
    expect(source).to_have_value(campaign_answer.ID)
    measured = {"source": "measured", "campaign": campaign_answer.ID}
    until(page, lambda: previews(service)[-1]["offers"][0]["saves"] == measured)
    page.get_by_label("Name", exact=True).fill("Letter")
    expect(source).to_be_hidden()
    expect(page.get_by_label("Saves")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("plan.offers[0].contact_cost", "Cost of a contact"),
        ("plan.offers[0].saves", "Saves"),
        ("plan.budget", "Budget"),
        ("plan.horizon_months", "Value over"),
        ("plan.value", "Worth of a customer"),
        ("source.job", "Scored file"),
    ],
)
def test_a_fault_stands_beside_its_field_though_it_is_folded_away(show, path, label):
    service = Service()
    service.preview = fault(path, "must be another one.")
    page = show(service, FORM, patience=["422"])
    field = page.get_by_label(label)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("This must be another one."))
    expect(field).to_be_visible()


def test_a_fault_of_no_field_stands_above_the_button(show):
    service = Service()
    service.preview = fault("plan.colour", "is no member of plan.")
    page = show(service, FORM, patience=["422"])
    expect(page.get_by_role("alert").filter(has_text="plan.colour is no member of plan.")).to_be_visible()


def test_what_is_no_number_is_said_before_the_service_is_asked(show):
    service = Service()
    page = show(service, FORM)
    expect(section(page, WORTH)).to_contain_text("$18,432")
    page.get_by_label("Cost of a contact").fill("ten")
    expect(page.get_by_text("This must be a number such as 12.50; got \u201cten\u201d.")).to_be_visible()
    expect(section(page, WORTH).get_by_role("status")).to_have_text(
        "The figures are of the plan before: correct what is marked."
    )
    page.get_by_role("button", name="Plan this campaign").click()
    expect(page.get_by_label("Cost of a contact")).to_be_focused()
    assert ("POST", "") not in service.asked


def test_a_fault_that_was_told_stays_while_the_name_is_changed(show):
    service = Service()
    service.preview = fault("plan.budget", "must be at least 0.")
    page = show(service, FORM, patience=["422"])
    expect(page.get_by_label("Budget")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Name of the campaign").fill("Another")
    expect(page.get_by_label("Budget")).to_have_attribute("aria-invalid", "true")


def test_a_refused_plan_says_why_beside_its_field_and_is_not_sent_twice_at_once(show):
    service = Service()
    page = show(service, FORM, patience=["422"])
    expect(section(page, WORTH)).to_contain_text("$18,432")
    service.refusal = fault("name", "is missing.")
    page.get_by_role("button", name="Plan this campaign").dblclick()
    expect(page.get_by_label("Name of the campaign")).to_be_focused()
    expect(page.get_by_text("This is missing.")).to_be_visible()


def test_without_tracking_the_remedy_is_said(show):
    service = Service()
    page = show(service, FORM, patience=["409"])
    expect(section(page, WORTH)).to_contain_text("$18,432")
    service.refusal = (409, {"success": False, "error": "Results need tracking. Set CHURN_TRACKING=on."})
    page.get_by_role("button", name="Plan this campaign").click()
    expect(page.get_by_role("alert").filter(has_text="Set CHURN_TRACKING=on.")).to_be_visible()


def test_figures_that_cannot_be_had_say_why_and_can_be_asked_for_again(show):
    service = Service()
    service.preview = (500, {"success": False, "error": "The store is away."})
    page = show(service, FORM, patience=["500"])
    expect(page.get_by_role("alert").filter(has_text="The store is away.")).to_be_visible()
    service.preview = campaign_answer.preview()
    page.get_by_role("button", name="Try again").click()
    expect(section(page, WORTH)).to_contain_text("$18,432")


def test_a_hidden_page_does_not_ask_for_figures_that_the_service_has_no_room_for(show):
    service = Service()
    service.preview = (503, {"success": False, "error": "Too many previews at once."})
    page = show(service, FORM, patience=["503"])
    expect(section(page, WORTH)).to_contain_text("Too many previews at once.")
    hide(page, hidden=True)
    page.wait_for_timeout(1500)
    asked = len(service.bodies)
    page.wait_for_timeout(2000)
    assert len(service.bodies) == asked
    service.preview = campaign_answer.preview()
    hide(page, hidden=False)
    expect(section(page, WORTH)).to_contain_text("$18,432")


def test_a_plan_that_calls_nobody_says_why(show):
    service = Service()
    nobody = service.preview["customers"] | {"chosen": 0, "treat": 0, "hold_out": 0}
    words = "Nobody is chosen: there is no time."
    service.preview = campaign_answer.preview() | {"customers": nobody, "words": [words]}
    preview = section(show(service, FORM), WORTH)
    expect(preview.get_by_role("status")).to_have_text("There is nobody to call.")
    expect(preview).to_contain_text(words)


def test_without_a_scored_file_the_page_leads_to_the_batch_page(show):
    service = Service()
    service.jobs = Listing(made_up(1, status="failed"))
    page = show(service, "#/campaigns?new=1")
    link = section(page, "Score a file first").get_by_role("link", name="Score a file on the Batch page")
    expect(link).to_have_attribute("href", "#/batch")


def test_an_older_job_is_looked_up(show):
    page = show(Service(), "#/campaigns")
    old = made_up(7, filename="old.csv")
    page.route("**/jobs/job_0007", lambda route: route.fulfill(json=old))
    page.goto("/#/campaigns?job=job_0007")
    expect(page.get_by_label("Scored file")).to_have_value("job_0007")


def test_what_was_typed_is_still_there_after_another_page(show):
    page: Page = show(Service(), FORM)
    page.get_by_label("Budget").fill("777")
    page.get_by_role("link", name="About", exact=True).click()
    expect(page.locator("about-page")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Budget")).to_have_value("777")
    expect(section(page, WORTH)).to_contain_text("$18,432")


def test_whoever_leaves_while_a_plan_is_sent_stays_where_they_are(show):
    page: Page = show(Service(), FORM)
    waiting: list[Route] = []
    page.route(re.compile("/campaigns$"), lambda route: waiting.append(route))
    with page.expect_request(re.compile("/campaigns$")):
        page.get_by_role("button", name="Plan this campaign").click()
    page.get_by_role("link", name="About", exact=True).click()
    expect(page.locator("about-page")).to_be_visible()
    with page.expect_response(re.compile("/campaigns$")):
        waiting[0].fulfill(status=202, json=campaign_answer.campaign("planning"))
    page.wait_for_timeout(200)
    assert page.url.endswith("#/about")
