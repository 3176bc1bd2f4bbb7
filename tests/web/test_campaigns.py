"""The campaigns page over a made-up API: the list, a campaign in each state, its list to call, its result, opt-outs."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from tests import campaign_answer
from tests.web.conftest import until
from tests.web.test_jobs import Listing, made_up

Json = dict[str, Any]
CSV = {"Content-Type": "text/csv"}
PLACE = f"#/campaigns?id={campaign_answer.ID}"


class Service:
    """The API's place: what it answers can be changed, and what it was asked is remembered."""

    def __init__(self, *campaigns: Json) -> None:
        self.campaigns = list(campaigns)
        self.jobs = Listing(made_up(2), made_up(1))
        self.result: Json | int = campaign_answer.result()
        self.preview: Json | tuple[int, Json] = campaign_answer.preview()
        self.opt_outs: Json = {"success": True, "customers": 31, "changed_at": "2026-11-20T10:00:00+00:00"}
        self.calls = campaign_answer.call_list()
        self.refusal: tuple[int, Json] | None = None
        self.asked: list[tuple[str, str]] = []
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []

    def attach(self, page: Page) -> None:
        page.route(re.compile(r"/jobs\?"), self.jobs.answer)
        page.route(re.compile(r"^https?://[^/]+/campaigns(?:[?/].*)?$"), self.answer)

    def answer(self, route: Route) -> None:
        request = route.request
        path = request.url.partition("/campaigns")[2].partition("?")[0]
        self.asked.append((request.method, path))
        self.headers.append(request.headers)
        if request.method != "GET" and self.refusal:
            route.fulfill(status=self.refusal[0], json=self.refusal[1])
        elif path == "/preview":
            self._previewed(route)
        elif path == "/opt-outs":
            if request.method == "PUT":
                self.opt_outs = self.opt_outs | {"customers": 2}
            route.fulfill(json=self.opt_outs)
        elif path == "":
            self._collection(route)
        else:
            self._member(route, path)

    def _previewed(self, route: Route) -> None:
        self.bodies.append(route.request.post_data_json)
        taken = {"plan": route.request.post_data_json["plan"]}
        status, body = self.preview if isinstance(self.preview, tuple) else (200, self.preview | taken)
        route.fulfill(status=status, headers={"Retry-After": "1"} if status == 503 else {}, json=body)

    def _collection(self, route: Route) -> None:
        if route.request.method == "POST":
            self.bodies.append(route.request.post_data_json)
            self.campaigns.insert(0, campaign_answer.campaign("planning"))
            route.fulfill(status=202, json=self.campaigns[0])
            return
        after = re.search(r"after=(\w+)", route.request.url)
        start = [entry["id"] for entry in self.campaigns].index(after[1]) + 1 if after else 0
        shown = self.campaigns[start : start + 20]
        route.fulfill(json=campaign_answer.listed(*shown, has_more=len(self.campaigns) > start + 20))

    def _member(self, route: Route, path: str) -> None:
        name, _, rest = path.strip("/").partition("/")
        [found] = [entry for entry in self.campaigns if entry["id"] == name] or [None]
        if found is None:
            route.fulfill(status=404, json={"success": False, "error": "There is no such campaign."})
        elif route.request.method == "DELETE":
            self.campaigns.remove(found)
            route.fulfill(status=204)
        elif rest in ("start", "close"):
            changed = campaign_answer.campaign("running" if rest == "start" else "closed")
            self.campaigns[self.campaigns.index(found)] = changed
            route.fulfill(json=changed)
        elif rest == "result" and isinstance(self.result, int):
            route.fulfill(status=self.result, headers={"Retry-After": "1"}, json={"error": "It is being computed."})
        elif rest == "list":
            route.fulfill(body=self.calls, headers=CSV, status=200 if self.calls else 500)
        else:
            route.fulfill(json=self.result if rest == "result" else found)


@pytest.fixture
def show(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """A function that opens the campaigns page over a made-up service."""

    return partial(visit, open_page)


def visit(open_page: Callable[..., Page], service: Service, fragment: str = "#/campaigns", **options: Any) -> Page:
    """A page of the site with a service in the API's place."""
    page = open_page("#/about", timezone_id="Etc/UTC", **options)
    service.attach(page)
    page.goto(f"/{fragment}")
    return page


def in_state(status: str, **changes: Any) -> Service:
    return Service(campaign_answer.campaign(status, **changes))


def hide(page: Page, *, hidden: bool) -> None:
    """Have the page take itself for one that nobody sees, or for one that is seen again."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        hidden,
    )


def section(page: Page, title: str) -> Locator:
    return page.locator("section", has=page.get_by_role("heading", name=title, exact=True))


# The list


def test_without_a_campaign_the_page_says_what_to_do_first(show):
    page = show(Service())
    steps = section(page, "Campaigns").locator("ol.steps li strong")
    expect(steps).to_have_text(
        [
            "Score a file of customers",
            "Plan",
            "Start and call",
            "Send what became of them",
            "Read what was saved",
        ]
    )
    expect(page.get_by_role("link", name="Plan a campaign")).to_have_attribute("href", "#/campaigns?new=1")


@pytest.mark.parametrize(
    ("status", "badge", "words"),
    [
        ("planning", "being planned", "Its customers are being chosen."),
        ("planned", "planned", "1,200 customers to call, 300 held out; expected to bring $18,432."),
        ("running", "running", "1,200 customers to call, 300 held out; expected to bring $18,432."),
        ("closed", "closed", "about 108 saved (95\u00a0% sure of 41 to 176)."),
        ("failed", "failed", "The release that scored this job is no longer kept. Score the file again."),
    ],
)
def test_each_campaign_is_listed_with_its_state_and_what_it_comes_to(show, status, badge, words):
    entry = show(in_state(status)).locator("article.campaign")
    expect(entry.locator(".band")).to_have_text(badge)
    expect(entry).to_contain_text(words)
    expect(entry.get_by_role("link", name="Autumn calls")).to_have_attribute("href", PLACE)


def test_older_campaigns_are_read_page_by_page_and_each_page_once_though_asked_for_twice(show):
    service = Service(*(campaign_answer.campaign(id=f"cam_{number:02d}", name=f"No. {number}") for number in range(30)))
    page = show(service)
    expect(page.locator("article.campaign")).to_have_count(20)
    page.get_by_role("button", name="Show older campaigns").evaluate("button => { button.click(); button.click(); }")
    expect(page.get_by_role("button", name="Show older campaigns")).to_be_hidden()
    page.wait_for_timeout(200)
    assert service.asked.count(("GET", "")) == 2
    expect(page.locator("article.campaign")).to_have_count(30)
    expect(page.get_by_role("link", name="No. 20")).to_be_focused()


def test_a_campaign_that_is_being_planned_is_looked_at_again(show):
    service = in_state("planning")
    page = show(service)
    expect(page.locator("article.campaign .band")).to_have_text("being planned")
    service.campaigns = [campaign_answer.campaign("planned")]
    expect(page.locator("article.campaign .band")).to_have_text("planned")


def test_a_list_that_could_not_be_read_once_is_asked_for_again_without_a_click(show):
    service = in_state("planning")
    page = show(service, patience=["503"])
    page.clock.install()
    expect(page.locator("article.campaign .band")).to_have_text("being planned")
    page.route(re.compile(r"/campaigns\?"), lambda route: route.fulfill(status=503, json={"error": "It is away."}))
    page.clock.fast_forward(2500)
    expect(section(page, "Campaigns").get_by_role("alert")).to_contain_text("It is away.")
    page.unroute(re.compile(r"/campaigns\?"))
    service.campaigns = [campaign_answer.campaign("planned")]
    page.clock.fast_forward(16_000)
    expect(page.locator("article.campaign .band")).to_have_text("planned")
    expect(section(page, "Campaigns").get_by_role("alert")).to_have_count(0)


def test_a_list_in_a_hidden_tab_asks_for_nothing_until_it_is_seen(show):
    service = in_state("planning")
    page = show(service)
    page.clock.install()
    expect(page.locator("article.campaign .band")).to_have_text("being planned")
    hide(page, hidden=True)
    page.clock.fast_forward(2500)
    page.wait_for_timeout(200)
    looks = service.asked.count(("GET", ""))
    page.clock.fast_forward(60_000)
    page.wait_for_timeout(200)
    assert service.asked.count(("GET", "")) == looks
    service.campaigns = [campaign_answer.campaign("planned")]
    hide(page, hidden=False)
    expect(page.locator("article.campaign .band")).to_have_text("planned")


def test_a_link_in_the_list_keeps_the_focus_while_campaigns_are_planned(show):
    service = in_state("planning")
    page = show(service)
    page.clock.install()
    link = page.get_by_role("link", name="Autumn calls")
    link.focus()
    link.evaluate("(element) => { window.link = element; }")
    service.campaigns = [campaign_answer.campaign("planning", progress={"total": 7043, "completed": 6000, "failed": 0})]
    page.clock.fast_forward(2500)
    until(page, lambda: service.asked.count(("GET", "")) > 1)
    assert link.evaluate("(element) => element === window.link")
    service.campaigns = [campaign_answer.campaign("planned")]
    page.clock.fast_forward(2500)
    expect(page.locator("article.campaign .band")).to_have_text("planned")
    expect(link).to_be_focused()


@pytest.mark.parametrize("fragment", ["#/campaigns", PLACE])
def test_whoever_gave_no_key_is_asked_once_and_a_key_given_later_shows_the_page(show, fragment):
    service = in_state("planned")
    page = show(service, "#/about", patience=["401"])
    refuse = {"status": 401, "json": {"success": False, "error": "This needs a key."}}
    wanted = re.compile(r"/campaigns(\?|/cam_)")
    page.route(wanted, lambda route: route.fulfill(**refuse))
    page.goto(f"/{fragment}")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("No key was given.").first).to_be_visible()
    page.clock.install()
    page.clock.fast_forward(120_000)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.unroute(wanted)
    page.evaluate("import('/assets/lib/key.js').then(({ changeKey }) => { changeKey(); })")
    page.get_by_label("API key").fill("a-key")
    page.get_by_role("button", name="Use this key").click()
    expect(page.get_by_text("Autumn calls").first).to_be_visible()
    expect(page.get_by_text("No key was given.")).to_have_count(0)


def test_a_service_that_asks_to_wait_is_not_asked_before(show):
    service = in_state("planned")
    page = show(service, patience=["503"])
    page.clock.install()
    away = {"status": 503, "headers": {"Retry-After": "60"}, "json": {"success": False, "error": "It is away."}}
    looks: list[str] = []

    def answer(route: Route) -> None:
        looks.append(route.request.url)
        route.fulfill(**away)

    page.route(re.compile(rf"/campaigns/{campaign_answer.ID}$"), answer)
    page.goto(f"/{PLACE}")
    expect(page.get_by_role("alert")).to_contain_text("It is away.")
    page.clock.fast_forward(50_000)
    page.wait_for_timeout(200)
    assert len(looks) == 1
    page.clock.fast_forward(15_000)
    until(page, lambda: len(looks) == 2)


def test_a_campaign_stays_in_the_list_when_a_new_one_comes_before_it(show):
    moments = [f"2026-11-{30 - number:02d}T09:00:00+00:00" for number in range(25)]
    entries = [
        campaign_answer.campaign("planning" if not number else "planned", id=f"cam_{number:02d}", created_at=moment)
        for number, moment in enumerate(moments)
    ]
    service = Service(*entries)
    page = show(service)
    page.get_by_role("button", name="Show older campaigns").click()
    expect(page.locator("article.campaign")).to_have_count(25)
    service.campaigns = [campaign_answer.campaign(id="cam_new", created_at="2026-12-01T09:00:00+00:00"), *entries]
    expect(page.locator("article.campaign")).to_have_count(26)


# A campaign


def test_an_earlier_look_that_is_answered_later_shows_no_older_state(show):
    service = in_state("planned")
    page = show(service, PLACE)
    expect(page.locator("campaign-view h2").first).to_be_visible()
    waiting: list[Route] = []
    page.route(re.compile(rf"/campaigns/{campaign_answer.ID}$"), lambda route: waiting.append(route))
    look = "document.querySelector('campaign-view').dispatchEvent(new Event('campaign-stale'))"
    page.evaluate(look)
    until(page, lambda: len(waiting) == 1)
    page.evaluate(look)
    until(page, lambda: len(waiting) == 2)
    earlier, later = waiting
    later.fulfill(json=campaign_answer.campaign("running"))
    badge = page.locator("campaign-view .job-head")
    expect(badge).to_contain_text("running")
    earlier.fulfill(json=campaign_answer.campaign("planned"))
    page.wait_for_timeout(200)
    expect(badge).to_contain_text("running")


def test_planning_shows_its_progress_and_then_the_plan(show):
    service = in_state("planning")
    page = show(service, PLACE)
    expect(page.get_by_text("43\u00a0% · 3,000 of 7,043 rows")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_visible()
    service.campaigns = [campaign_answer.campaign("planned")]
    expect(section(page, "What this plan brings")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Autumn calls: planned")).to_have_count(1)


def test_a_planned_campaign_tells_its_figures_and_what_the_service_says_of_them(show):
    page = show(in_state("planned", plan=campaign_answer.plan(minutes=6000.0)), PLACE)
    brings = section(page, "What this plan brings")
    for words in ("$18,432", "95\u00a0% sure: $14,120 to $22,870", "of $15,000, 6,000 minutes of 6,000"):
        expect(brings).to_contain_text(words)
    expect(brings.locator("ul.worth li")).to_have_text(campaign_answer.figures()["words"])
    expect(section(page, "If assumptions are wrong").locator("tbody tr")).to_have_count(3)
    expect(section(page, "Customers")).to_contain_text(
        "31 opted out. They are on the list of those who want no contact."
    )
    expect(section(page, "Customers")).to_contain_text("196 were expected to leave and 191 did")


def test_the_profit_curve_is_drawn_with_the_plan_marked_below_zero_as_well(show):
    panel = section(show(in_state("planned"), PLACE), "How many are worth it?")
    expect(panel.locator("polyline")).to_have_count(2)
    expect(panel.locator("line.marker")).to_have_count(1)
    expect(panel.get_by_text("\u2212$5K")).to_be_visible()
    expect(panel.get_by_role("img")).to_have_accessible_description(re.compile("^This plan chooses 1,500."))


def test_measured_save_rates_stand_with_their_interval(show):
    offers = campaign_answer.figures("Call", "Gift")["offers"]
    row = section(show(in_state("planned", offers=offers), PLACE), "Offers").locator("tr", has_text="Gift")
    expect(row).to_contain_text("22\u00a0% (12\u00a0% to 31\u00a0%), measured")


def test_a_plan_that_chooses_nobody_says_why_and_offers_no_list(show):
    customers = campaign_answer.figures()["customers"] | {"chosen": 0, "treat": 0, "hold_out": 0}
    words = ["Nobody is chosen: there is no budget."]
    page = show(in_state("planned", customers=customers, words=words), PLACE)
    expect(section(page, "There is nobody to call").locator("ul.worth li")).to_have_text(words)
    expect(section(page, "Customers")).to_contain_text("31 opted out.")
    expect(page.locator("call-list")).to_have_count(0)


def test_a_plan_that_failed_says_why_and_can_be_made_again(show):
    page = show(in_state("failed"), PLACE)
    expect(section(page, "This campaign could not be planned")).to_contain_text("Score the file again.")
    expect(page.get_by_role("link", name="Plan it again")).to_have_attribute("href", "#/campaigns?job=job_0001")


def test_a_link_to_a_campaign_that_is_gone_says_so(show):
    page = show(Service(), PLACE, patience=["404"])
    expect(page.get_by_role("alert")).to_contain_text("The campaign of this link is not here.")


def test_starting_asks_first_and_says_that_held_out_customers_must_not_be_called(show):
    service = in_state("planned")
    page = show(service, PLACE)
    page.get_by_role("button", name="Start", exact=True).press("Enter")
    question = page.get_by_role("group", name=re.compile("see to it that nobody calls the 300 held-out customers"))
    expect(question.get_by_role("button", name="Not yet")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_focused()
    assert ("POST", f"/{campaign_answer.ID}/start") not in service.asked
    page.keyboard.press("Enter")
    question.get_by_role("button", name="Start the campaign").press("Enter")
    expect(page.locator("campaign-view .band").first).to_have_text("running")
    expect(page.get_by_role("heading", name="Autumn calls")).to_be_focused()
    assert ("POST", f"/{campaign_answer.ID}/start") in service.asked


def test_closing_asks_first_and_shows_the_final_result(show):
    service = in_state("running")
    service.result = campaign_answer.result(final=False)
    page = show(service, PLACE)
    expect(section(page, "What came of it")).to_contain_text("so far")
    service.result = campaign_answer.result()
    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("button", name="Close the campaign").click()
    expect(section(page, "What came of it")).to_contain_text("final")
    expect(page.get_by_role("button", name="Close", exact=True)).to_have_count(0)


def test_somebody_else_may_have_been_quicker(show):
    service = in_state("planned")
    page = show(service, PLACE, patience=["409"])
    page.get_by_role("button", name="Start", exact=True).click()
    service.refusal = (409, {"success": False, "error": "This campaign is running; close it first."})
    service.campaigns = [campaign_answer.campaign("running")]
    page.get_by_role("button", name="Start the campaign").click()
    expect(page.get_by_role("alert")).to_contain_text("This campaign is running")
    expect(page.locator("campaign-view .band").first).to_have_text("running")
    expect(page.get_by_role("heading", name="Autumn calls")).to_be_focused()


def test_a_start_that_failed_can_be_tried_again_with_the_keyboard_and_its_failure_is_gone_then(show):
    service = in_state("planned")
    page = show(service, PLACE, patience=["500"])
    page.get_by_role("button", name="Start", exact=True).press("Enter")
    service.refusal = (500, {"success": False, "error": "The store is away."})
    page.get_by_role("button", name="Start the campaign").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The store is away.")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_focused()
    again = page.get_by_role("button", name="Try again")
    with page.expect_response("**/start"):
        again.press("Enter")
    expect(again).to_be_focused()
    service.refusal = None
    again.press("Enter")
    expect(page.locator("campaign-view .band").first).to_have_text("running")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("heading", name="Autumn calls")).to_be_focused()


def test_a_campaign_is_deleted_only_after_a_question(show):
    service = in_state("planned")
    page = show(service, PLACE)
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("group", name="Delete Autumn calls, for everyone and for good?")).to_be_visible()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("heading", name="Campaigns")).to_be_visible()
    expect(page.locator("article.campaign")).to_have_count(0)


def test_a_key_that_may_not_is_told_what_it_lacks(show):
    service = in_state("planned")
    page = show(service, PLACE, patience=["403"])
    page.evaluate("sessionStorage.setItem('churn-api-key', 'only-for-scoring')")
    service.refusal = (403, {"success": False, "error": "This needs a key with the scope 'jobs'."})
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_role("button", name="Start the campaign").click()
    expect(page.get_by_role("alert")).to_contain_text("Your key may not send files")
    expect(page.get_by_role("button", name="Use another key").first).to_be_visible()


# The list to call


def test_the_first_rows_of_the_list_are_those_to_call_and_others_are_shown_when_asked_for(show):
    service = in_state("planned")
    page = show(service, PLACE)
    rows = section(page, "The list").locator("tbody tr")
    expect(rows).to_have_count(10)
    expect(rows.first).to_contain_text("1001-CUST")
    expect(rows.first).to_contain_text("Fiber optic, without online security")
    assert "do not call" not in section(page, "The list").locator("tbody").inner_text()
    expect(page.get_by_text("The first 10 of 1,200 customers")).to_be_visible()
    page.get_by_label("Show", exact=True).select_option("hold_out")
    expect(rows.first).to_contain_text("1005-CUST")
    expect(rows.first).to_contain_text("do not call")
    at = service.asked.index(("GET", f"/{campaign_answer.ID}/list"))
    assert service.headers[at]["range"] == "bytes=0-65535"


def test_what_to_show_may_be_chosen_before_the_list_has_been_read(show):
    service = in_state("planned")
    page = show(service, "#/campaigns")
    waiting: list[Route] = []
    page.route("**/list?raw=1", lambda route: waiting.append(route))
    page.goto(f"/{PLACE}")
    page.get_by_label("Show", exact=True).select_option("hold_out")
    expect(page.get_by_text("Reading the list")).to_be_visible()
    waiting[0].fulfill(body=service.calls, headers=CSV)
    rows = section(page, "The list").locator("tbody tr")
    expect(rows).to_have_count(6)
    expect(rows.first).to_contain_text("1005-CUST")


def test_whoever_calls_is_told_what_may_be_offered_and_what_the_columns_say(show):
    offers = [campaign_answer.offer(), campaign_answer.offer("Gift", minutes=1.5, incentive=25.0)]
    card = section(show(in_state("planned", plan=campaign_answer.plan(offers=offers)), PLACE), "The list")
    expect(card.locator("ul.worth li")).to_have_text(
        [
            "Call: nothing is given away; about 5 minutes.",
            "Gift: a customer who accepts gets $25.00; about 1.5 minutes.",
        ]
    )
    expect(card).to_contain_text("Reasons are what moves the customer\u2019s churn probability most, up or down")


def test_a_telephone_shows_all_of_a_customer_without_scrolling_sideways(show):
    page = show(in_state("planned"), PLACE, viewport={"width": 320, "height": 800})
    place = section(page, "The list").locator(".scroll")
    expect(place.locator("tbody tr")).to_have_count(10)
    assert place.evaluate("(element) => element.scrollWidth <= element.clientWidth")
    reasons = place.locator("tbody .reasons").first
    assert reasons.evaluate("(cell) => getComputedStyle(cell, '::before').content").startswith('"Reasons: "')
    assert reasons.bounding_box()["width"] > 200
    expect(place.get_by_role("columnheader", name="Reasons")).to_have_count(1)


def test_a_row_that_is_cut_off_is_left_out(show):
    service = in_state("planned")
    page = show(Service(), "#/campaigns")
    piece = service.calls[: service.calls.index("1004-CUST") + 3]
    service.attach(page)
    head = CSV | {"Content-Range": f"bytes 0-{len(piece) - 1}/{len(service.calls)}"}
    page.route("**/list?raw=1", lambda route: route.fulfill(status=206, body=piece, headers=head))
    page.goto(f"/{PLACE}")
    expect(section(page, "The list").locator("tbody th")).to_have_text(["1001-CUST", "1002-CUST", "1003-CUST"])


def test_the_list_is_downloaded_for_spreadsheets_under_the_campaigns_name(show):
    page = show(in_state("planned"), PLACE)
    link = page.get_by_role("link", name="Download the list")
    expect(link).to_have_attribute("href", f"/campaigns/{campaign_answer.ID}/list?excel=1")
    expect(link).to_have_attribute("download", "autumn-calls-list.csv")


def test_the_printed_list_has_all_rows_to_call_and_nothing_else(show):
    page = show(in_state("planned"), PLACE)
    expect(section(page, "The list").locator("tbody tr")).to_have_count(10)
    page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    page.get_by_role("button", name="Print the list").click()
    until(page, "window.printed")
    page.emulate_media(media="print")
    expect(section(page, "The list").locator("tbody tr")).to_have_count(24)
    for title in ("What this plan brings", "Offers", "Autumn calls"):
        expect(section(page, title)).to_be_hidden()
    assert "do not call" not in section(page, "The list").locator("tbody").inner_text()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(section(page, "The list").locator("tbody tr")).to_have_count(10)


def test_whoever_leaves_before_the_list_to_print_has_arrived_prints_nothing(show):
    service = in_state("planned")
    page = show(service, PLACE)
    expect(section(page, "The list").locator("tbody tr")).to_have_count(10)
    page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    waiting: list[Route] = []
    page.route("**/list?raw=1", lambda route: waiting.append(route))
    with page.expect_request("**/list?raw=1"):
        page.get_by_role("button", name="Print the list").click()
    page.get_by_role("link", name="All campaigns").click()
    expect(page.locator("campaign-list article")).to_be_visible()
    with page.expect_response("**/list?raw=1"):
        waiting[0].fulfill(body=service.calls, headers=CSV)
    page.wait_for_timeout(200)
    assert not page.evaluate("window.printed")
    expect(page.locator("body[data-list]")).to_have_count(0)


def test_the_printed_result_leaves_the_list_out(show):
    page = show(in_state("closed"), PLACE)
    expect(section(page, "The list").locator("tbody tr")).to_have_count(10)
    page.emulate_media(media="print")
    expect(section(page, "What came of it")).to_be_visible()
    expect(section(page, "The list")).to_be_hidden()


# The result


def test_the_result_is_told_in_plain_sentences(show):
    came = section(show(in_state("closed"), PLACE), "What came of it")
    expect(came.locator(".finding")).to_have_text(
        "Of 1,200 called, 38\u00a0% left; of 300 not called, 47\u00a0%: about 108 customers saved, "
        "95\u00a0% sure of 41 to 176."
    )
    expect(came).to_contain_text(
        "That brought about $20,412 after $12,000 of costs (95\u00a0% sure: $7,749 to $33,264); $18,432 was promised."
    )
    expect(came.locator("li")).to_have_count(len(campaign_answer.result()["words"]) - 1)
    expect(came).not_to_contain_text("Chance alone")


def test_both_groups_are_drawn_with_their_intervals(show):
    panel = section(show(in_state("closed"), PLACE), "Called, and not called")
    expect(panel.locator("line.interval")).to_have_count(2)
    expect(panel.get_by_role("img")).to_have_accessible_description(
        "Called (1,200): 38.0\u00a0% (35.3\u00a0% to 40.7\u00a0%); "
        "Not called (300): 47.0\u00a0% (41.4\u00a0% to 52.6\u00a0%)"
    )


def test_save_rates_stand_by_offer_and_kind_of_customer(show):
    row = section(show(in_state("closed"), PLACE), "Whom the offers keep").locator("tr", has_text="One year")
    expect(row.locator("th")).to_have_text("Call · high risk · One year")
    expect(row).to_contain_text("\u22122\u00a0% to 36\u00a0%")


def test_an_interim_result_says_what_its_range_means_and_when_it_ripens(show):
    service = in_state("running")
    service.result = campaign_answer.result(final=False)
    came = section(show(service, PLACE), "What came of it")
    expect(came.locator(".band")).to_have_text("so far")
    expect(came).to_contain_text("The ranges hold however often you look")
    expect(came).to_contain_text("on March 9, 2027 all outcomes are in")
    expect(came).to_contain_text("Chance alone could make such a difference: it is too early")
    expect(came).to_contain_text("95\u00a0% sure of \u22126 to 224")


def test_a_running_campaign_whose_outcomes_are_in_is_to_be_closed(show):
    service = in_state("running")
    service.result = campaign_answer.result(final=False, ripens=None)
    came = section(show(service, PLACE), "What came of it")
    expect(came).to_contain_text("All outcomes are in: close the campaign for its final result")


def test_without_outcomes_the_page_says_what_to_send(show):
    service = in_state("running")
    service.result = campaign_answer.early()
    page = show(service, PLACE)
    came = section(page, "What came of it")
    expect(came).to_contain_text("Nothing can be said yet")
    expect(came).to_contain_text("Of 1,500 of 1,500 customers nobody has told yet what became of them.")
    expect(came.get_by_role("link", name="Send outcomes")).to_have_attribute("href", "#/quality")
    expect(page.locator("share-intervals")).to_have_count(0)


def test_a_campaign_that_drove_customers_away_says_so(show):
    service = in_state("closed")
    saved = {"customers": -30.0, "low": -81.0, "high": 19.0}
    money = {"saved": -17_000.0, "low": -26_000.0, "high": -9000.0, "cost": 12_000.0, "promised": 18_432.0}
    difference = {"value": 0.025, "low": -0.016, "high": 0.068, "interval": "newcombe"}
    service.result = campaign_answer.result(saved=saved, money=money, difference=difference)
    page = show(service, PLACE)
    came = section(page, "What came of it")
    expect(came).to_contain_text("about 30 customers more left than without the calls")
    expect(came).to_contain_text("That lost about $17,000")
    expect(came).to_contain_text("this campaign cannot tell whether it worked")
    expect(came).to_contain_text("Less came than was promised")


def test_outcomes_that_were_sent_of_one_group_alone_are_a_warning(show):
    service = in_state("closed")
    ratio = {"expected_share": 0.2, "share": 0.08, "p": 0.00002, "suspicious": True}
    service.result = campaign_answer.result(sample_ratio=ratio)
    came = section(show(service, PLACE), "What came of it")
    expect(came.locator(".failure")).to_contain_text("Of one group fewer outcomes were sent")
    expect(came.locator(".finding")).to_contain_text("Of 1,200 called")


def test_a_result_that_is_still_computed_is_asked_for_again(show):
    service = in_state("closed")
    service.result = 503
    page = show(service, PLACE, patience=["503"])
    expect(page.get_by_text("It is being computed. The page asks again in a few seconds.")).to_be_visible()
    service.result = campaign_answer.result()
    expect(page.locator(".finding")).to_be_visible()


def test_the_plan_of_a_started_campaign_is_folded_away(show):
    page = show(in_state("closed"), PLACE)
    expect(section(page, "The plan")).to_contain_text("$18,432")
    expect(page.locator("line-chart")).to_have_count(0)
    page.get_by_text("What was planned").click()
    expect(section(page, "The plan").locator("line-chart svg")).to_be_visible()


@pytest.mark.parametrize(
    ("currency", "words"), [("$", "Expected to bring$18,432"), ("EUR", "Expected to bringEUR\u00a018,432")]
)
def test_a_code_of_a_currency_is_set_off_from_the_digits_and_a_symbol_is_not(show, currency, words):
    page = show(in_state("planned", currency=currency), PLACE)
    expect(section(page, "What this plan brings").locator(".tile").first).to_contain_text(words)


def test_a_hidden_page_does_not_ask_for_a_result_that_is_still_computed(show):
    service = in_state("closed")
    service.result = 503
    page = show(service, PLACE, patience=["503"])
    expect(page.get_by_text("It is being computed.")).to_be_visible()
    hide(page, hidden=True)
    page.wait_for_timeout(1500)
    asked = service.asked.count(("GET", f"/{campaign_answer.ID}/result"))
    page.wait_for_timeout(2500)
    assert service.asked.count(("GET", f"/{campaign_answer.ID}/result")) == asked
    service.result = campaign_answer.result()
    hide(page, hidden=False)
    expect(page.locator(".finding")).to_be_visible()


def test_the_focus_stays_on_what_replaces_a_failed_result(show):
    service = in_state("closed")
    service.result = 500
    page = show(service, PLACE, patience=["500"])
    again = page.get_by_role("button", name="Try again")
    again.press("Enter")
    expect(again).to_be_focused()
    service.result = campaign_answer.result()
    again.press("Enter")
    expect(page.get_by_role("heading", name="What came of it")).to_be_focused()


def test_the_focus_stays_on_what_replaces_a_failed_list(show):
    service = in_state("planned")
    calls, service.calls = service.calls, ""
    page = show(service, PLACE, patience=["500"])
    again = page.locator("call-list").get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    service.calls = calls
    again.press("Enter")
    expect(page.get_by_role("region", name="First customers of the list")).to_be_focused()


@pytest.mark.parametrize("status", ["planned", "closed"])
def test_no_table_is_cut_off_on_a_laptop(show, cut_off, status):
    page = show(in_state(status), PLACE)
    expect(page.locator("call-list tbody tr")).to_have_count(10)
    assert cut_off(page) == []


# Opt-outs


def test_a_list_of_opt_outs_is_replaced_after_a_question(show, tmp_path):
    service = Service()
    page = show(service)
    card = section(page, "Who wants no calls")
    expect(card).to_contain_text("31 customers are on the list, as of Nov 20, 2026, 10:00 AM UTC.")
    file = tmp_path / "no-calls.csv"
    file.write_text("customerID\nA\nB\n")
    page.get_by_label("Choose a new list").set_input_files(file)
    question = card.get_by_role("group", name="Put no-calls.csv in place of the list of 31 customers?")
    expect(question.get_by_role("button", name="Keep the list")).to_be_focused()
    question.get_by_role("button", name="Replace the list").click()
    expect(card).to_contain_text("2 customers are on the list")
    at = service.asked.index(("PUT", "/opt-outs"))
    assert service.headers[at]["content-type"] == "text/csv"


def test_a_list_of_opt_outs_that_is_not_known_yet_is_replaced_and_not_asked_for_by_whoever_has_left(show, tmp_path):
    page = show(Service(), "#/about")
    waiting: list[Route] = []
    page.route("**/campaigns/opt-outs", lambda route: waiting.append(route))
    page.goto("/#/campaigns")
    file = tmp_path / "no-calls.csv"
    file.write_text("customerID\nA\n")
    page.get_by_label("Choose a new list").set_input_files(file)
    question = page.get_by_role("group", name="Put no-calls.csv in place of the list that is there?")
    with page.expect_request("**/campaigns/opt-outs"):
        question.get_by_role("button", name="Replace the list").click()
    page.get_by_role("link", name="About", exact=True).click()
    expect(page.locator("about-page")).to_be_visible()
    asked, sent = waiting
    with page.expect_response("**/campaigns/opt-outs"):
        sent.fulfill(json={"success": True, "customers": 1, "changed_at": None})
    page.wait_for_timeout(200)
    assert waiting == [asked, sent]


def test_a_list_of_opt_outs_that_is_refused_says_why(show, tmp_path):
    service = Service()
    page = show(service, patience=["422"])
    service.refusal = (422, {"success": False, "error": "There is no column customerID."})
    file = tmp_path / "no-calls.csv"
    file.write_text("name\nA\n")
    page.get_by_label("Choose a new list").set_input_files(file)
    page.get_by_role("button", name="Replace the list").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no column customerID.")
