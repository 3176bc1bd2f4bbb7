"""The overview over made-up answers: what is at risk, its change, campaigns, the last digest; which page is first."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page, Route, expect
from tests import overview_answer

from churn_trainer.data import sample

Json = dict[str, Any]


@pytest.fixture
def show(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """A function that opens the page over made-up answers of /overview and /alerts (or a status of the latter)."""

    def open_with(told: Json, alerts: Json | int | None = None, fragment: str = "#/overview", **options: Any) -> Page:
        page = open_page("#/about", timezone_id="Etc/UTC", **options)
        answer = overview_answer.alerts() if alerts is None else alerts

        def tell(route: Route) -> None:
            if isinstance(answer, int):
                route.fulfill(status=answer, json={"error": "Alerts are away."})
            else:
                route.fulfill(json=answer)

        page.route(re.compile(r"/overview$"), lambda route: route.fulfill(json=told))
        page.route(re.compile(r"/alerts$"), tell)
        page.goto(f"/{fragment}")
        return page

    return open_with


def section(page: Page, title: str) -> Locator:
    return page.locator("section", has=page.get_by_role("heading", name=title, exact=True))


def test_the_sums_stand_first_with_their_change_and_how_fresh_they_are(show):
    glance = section(show(overview_answer.full()), "At a glance")
    expect(glance).to_contain_text("Scored 3 days ago: 7,043 customers of customers.csv, 12 more refused.")
    tiles = glance.locator(".tile")
    expect(tiles).to_have_count(3)
    assert [tile.inner_text().split("\n")[:2] for tile in tiles.all()] == [
        ["Customers at high risk", "911"],
        ["Money at risk", "$165,741"],
        ["Mean churn probability", "26.2\u00a0%"],
    ]
    expect(tiles.nth(0)).to_contain_text("+41 since the run before")
    expect(tiles.nth(1)).to_contain_text("+$3,120 since the run before")
    expect(tiles.nth(2)).to_contain_text("+0.4 points since the run before")
    expect(glance).to_contain_text("without any margin")


def test_the_change_is_told_by_band_with_what_it_means(show):
    change = section(show(overview_answer.full()), "Change since November 20, 2026")
    expect(change).to_be_visible()
    assert [row.inner_text().split("\t") for row in change.locator("tbody tr").all()] == [
        ["High", "+41", "+$2,861"],
        ["Medium", "+27", "+$1,210"],
        ["Low", "\u221280", "\u2212$951"],
        ["All", "\u221212", "+$3,120"],
    ]
    expect(change).to_contain_text("who moved is not told")


def test_a_challenger_that_is_better_is_named_with_the_page_that_promotes_it(show):
    line = {"version": "20261120_030000", "words": "It is better.", "computed_at": "2026-11-29T08:15:00+00:00"}
    trusted = section(show(overview_answer.full() | {"challenger": line}), "Can it be trusted?")
    expect(trusted).to_contain_text("It is better.")
    expect(trusted.get_by_role("link", name="Challenger")).to_have_attribute("href", "#/model")


def test_groups_are_bars_of_customers_and_of_money_over_a_table(show):
    contract = section(show(overview_answer.full()), "By contract")
    charts = contract.get_by_role("img")
    expect(charts).to_have_count(2)
    expect(charts.first).to_have_accessible_description(
        "Month-to-month: 871 of 3,875; One year: 38 of 1,473; Two year: 2 of 1,695"
    )
    expect(charts.last).to_have_accessible_description(re.compile(r"Month-to-month: \$131,901 \(80\u00a0%\); "))
    widths = [float(bar.get_attribute("width")) for bar in contract.locator("amount-bars").first.locator("rect").all()]
    assert widths[1] / widths[0] == pytest.approx(38 / 871, abs=0.01)
    contract.get_by_text("Show as a table").first.click()
    row = contract.locator("amount-bars").first.locator("tbody tr").first
    assert row.inner_text().split("\t") == ["Month-to-month", "3,875", "871", "43.0\u00a0%", "$131,901"]


def test_the_rest_of_many_groups_is_told_from_a_group_of_that_name(show):
    answer = overview_answer.full()
    contract, internet = answer["run"]["segments"]
    contract["groups"][-1] |= {"value": "Other", "label": "Other"}
    internet["groups"][-1] |= {"value": None, "label": "Other"}
    page, words = show(answer), "Groups beyond the dozen largest are together"
    expect(section(page, "By internet")).to_contain_text(words)
    expect(section(page, "By contract")).not_to_contain_text(words)


def test_bands_are_in_the_colours_of_their_badges_and_the_highest_first(show):
    bars = section(show(overview_answer.full()), "By risk band").locator("amount-bars").first.locator("rect")
    expect(bars).to_have_count(3)
    assert [bar.get_attribute("class") for bar in bars.all()] == ["bad", "warn", "good"]


def test_without_money_and_a_run_before_neither_is_shown(show):
    page = show(overview_answer.first())
    expect(section(page, "At a glance").locator(".tile")).to_have_count(2)
    expect(page.get_by_text("so customers are counted and no money")).to_be_visible()
    expect(section(page, "By contract").get_by_role("img")).to_have_count(1)
    expect(page.get_by_role("heading", name=re.compile("Change since"))).to_have_count(0)
    expect(page.get_by_text("since the run before")).to_have_count(0)


def test_without_segments_it_says_where_they_are_declared(show):
    answer = overview_answer.full()
    answer["run"]["segments"] = []
    expect(section(show(answer), "By segment")).to_contain_text("segments in customer.toml")


def test_nothing_that_changed_is_told_as_such(show):
    answer = overview_answer.full()
    answer["run"]["change"] |= {"at_risk": 0, "money": 0.2, "mean_probability": 0.0001}
    tiles = section(show(answer), "At a glance").locator(".tile")
    for number in range(3):
        expect(tiles.nth(number)).to_contain_text("no change since the run before")


def test_campaigns_stand_with_what_they_promised_and_what_was_saved(show):
    panel = section(show(overview_answer.full()), "Campaigns")
    expect(panel.locator("article")).to_have_count(2)
    running, closed = panel.locator("article").all()
    expect(running).to_contain_text("Nothing can be said yet")
    expect(running.get_by_role("link", name="Winter calls")).to_have_attribute("href", "#/campaigns?id=cam_0002")
    assert closed.locator("dt").all_inner_texts() == ["Promised", "Saved"]
    assert closed.locator("dd").all_inner_texts() == ["$18,432\n$11,020 to $25,400", "$20,412\n$7,749 to $33,264"]


def test_the_last_digest_has_those_with_the_most_at_risk_and_a_link_to_all(show):
    panel = section(show(overview_answer.full()), "At risk now")
    expect(panel).to_contain_text("28 customers came to be at risk by the digest of Nov 27, 2026, 6:04")
    expect(panel.locator("tbody tr")).to_have_count(10)
    row = panel.locator("tbody tr").first.inner_text().split("\t")
    assert row == ["7590-VHVEG", "93.0\u00a0%", "+31.0 points", "$1,177"]
    expect(panel).to_contain_text("The first 10 of 28, with the most at risk first; the list has all.")
    link = panel.get_by_role("link", name="List as CSV")
    expect(link).to_have_attribute("href", "/alerts/alr_0002/list?excel=1")


def test_a_digest_whose_customers_cannot_be_read_says_so_and_shows_no_empty_table(show):
    panel = section(show(overview_answer.full(), overview_answer.alerts() | {"customers": []}), "At risk now")
    expect(panel).to_contain_text("28 customers came to be at risk")
    expect(panel.locator("p.hint")).to_have_text(["These customers cannot be shown at the moment."])
    expect(panel.get_by_role("table")).to_have_count(0)


def test_without_a_digest_its_words_are_shown(show):
    alerts = overview_answer.alerts() | {"digests": [], "customers": [], "words": ["Nobody has been alerted on yet."]}
    expect(section(show(overview_answer.full(), alerts), "At risk now")).to_contain_text("Nobody has been alerted on")


def test_alerts_that_are_away_take_no_other_section_with_them(show):
    page = show(overview_answer.full(), 500, patience=("500",))
    expect(section(page, "At risk now")).to_contain_text("Alerts are away.")
    expect(section(page, "At a glance")).to_be_visible()
    page.route(re.compile(r"/alerts$"), lambda route: route.fulfill(json=overview_answer.alerts()))
    section(page, "At risk now").get_by_role("button", name="Try again").press("Enter")
    expect(page.get_by_text("7590-VHVEG")).to_be_visible()
    expect(page.get_by_role("heading", name="At risk now")).to_be_focused()


def test_quality_drift_and_model_are_a_line_each_with_the_page_that_says_more(show):
    panel = section(show(overview_answer.full()), "Can it be trusted?")
    expect(panel).to_be_visible()
    assert [link.get_attribute("href") for link in panel.get_by_role("link").all()] == [
        "#/quality",
        "#/quality",
        "#/model",
    ]
    expect(panel).to_contain_text("alarm Far from the training table: Contract.")
    expect(panel).to_contain_text("was trained 29 days ago")


def test_what_cannot_be_judged_yet_has_no_badge(show):
    panel = section(show(overview_answer.first()), "Can it be trusted?")
    expect(panel).to_contain_text("No month is ripe yet")
    expect(panel.locator(".band")).to_have_count(0)


def test_until_outcomes_are_compared_it_says_when_they_are(show):
    trusted = section(show(overview_answer.full() | {"quality": None}), "Can it be trusted?")
    expect(trusted).to_contain_text("While tracking is on, that is done once an hour")


def test_before_anything_was_scored_the_page_says_what_to_do(show):
    panel = section(show(overview_answer.empty()), "What to do first")
    expect(panel).to_contain_text("Nothing has been scored yet.")
    panel.get_by_role("link", name="Batch page").click()
    expect(panel.page.locator("h1")).to_have_text("Whom should we call?")


def test_with_tracking_off_no_step_is_named_that_would_lead_nowhere(show):
    panel = section(show(overview_answer.empty("off")), "What to do first")
    expect(panel).to_contain_text("CHURN_TRACKING=on")
    expect(panel.get_by_role("listitem")).to_have_count(0)


def test_the_first_page_is_the_overview_once_something_was_scored(show):
    page = show(overview_answer.full(), fragment="")
    page.reload()
    expect(page).to_have_url(re.compile("#/overview$"))
    expect(page.locator("h1")).to_have_text("What is at risk?")
    page.get_by_role("link", name="About", exact=True).click()
    page.get_by_role("link", name="Churn", exact=True).click()
    expect(page.locator("h1")).to_have_text("What is at risk?")
    expect(page.locator("h1")).to_be_focused()


@pytest.mark.parametrize("status", [0, 401, 403, 503])
def test_the_first_page_is_the_customers_where_nothing_is_known_of_scored_ones(open_page, status):
    page = open_page("#/about", patience=("401", "403", "503"))
    told: Json = {"status": status, "json": {}} if status else {"json": overview_answer.empty()}
    page.route(re.compile(r"/overview$"), lambda route: route.fulfill(**told))
    page.goto("/")
    expect(page).to_have_url(re.compile("#/customer$"))
    expect(page.locator("customer-form form")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_first_page_does_not_wait_long_for_an_answer_though_the_navigation_is_skipped(open_page):
    page = open_page("#/about")
    page.route(re.compile(r"/overview$"), lambda _: None)
    page.goto("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page.locator("customer-form form")).to_be_visible(timeout=5000)
    page.unroute_all(behavior="ignoreErrors")


def test_a_failure_is_told_and_can_be_tried_again(open_page):
    page = open_page("#/about", patience=("503",))
    answers = iter([{"status": 503, "json": {"error": "The store is away."}}, {"json": overview_answer.empty()}])
    page.route(re.compile(r"/overview$"), lambda route: route.fulfill(**next(answers)))
    page.goto("/#/overview")
    expect(page.get_by_role("alert")).to_contain_text("The store is away.")
    page.get_by_role("button", name="Try again").press("Enter")
    expect(page.get_by_role("heading", name="What to do first")).to_be_focused()


def test_a_real_file_that_was_scored_is_summed_up(open_page, site):
    rows = sample.csv_bytes().splitlines(keepends=True)[:501]
    job = requests.post(f"{site}/jobs", data=b"".join(rows), headers={"Content-Type": "text/csv"}, timeout=30).json()
    for _ in range(300):
        if requests.get(f"{site}/jobs/{job['id']}", timeout=10).json()["status"] == "completed":
            break
        time.sleep(0.2)
    # An answer is held for some seconds, and a busy machine may take longer over it than the first page waits.
    while requests.get(f"{site}/overview", timeout=10).json()["run"] is None:
        time.sleep(0.2)
    page = open_page("#/overview")
    expect(page.locator("h1")).to_have_text("What is at risk?")
    expect(section(page, "At a glance")).to_contain_text(re.compile(r"Scored .+: [\d,]+ customers"))
    expect(section(page, "By contract").get_by_role("img")).to_have_count(2)
    expect(section(page, "At risk now")).to_be_visible()
    expect(section(page, "Can it be trusted?")).to_contain_text("was trained today")
