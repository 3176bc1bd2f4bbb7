"""The quality page over made-up answers: what came true, drift, what comes in, what to do first, and outcomes sent."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from tests import quality_answer
from tests.web.conftest import until
from tests.web.test_campaigns import hide
from tests.web.test_jobs import Listing

Json = dict[str, Any]
GOOD: Json = {"ok": True, "error": None, "errors": [], "columns": [], "ignored_columns": [], "absent_columns": []} | {
    "notes": [],
    "rows": 2,
    "sample": [],
}


class Figures:
    """GET /quality in the API's place: each answer once, the last one from then on."""

    def __init__(self, *answers: Json | int) -> None:
        self.answers: Sequence[Json | int] = answers
        self.asked: list[str] = []

    def answer(self, route: Route) -> None:
        self.asked.append(route.request.url.partition("?")[2])
        told = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(told, dict):
            route.fulfill(json=told)
        else:
            route.fulfill(status=told, headers={"Retry-After": "1"}, json={"error": "The figures are being computed."})


def sent(number: int, **changes: Any) -> Json:
    """A file of outcomes, as the API tells it."""
    name = f"out_{number:04d}"
    at = f"2026-11-2{number}T10:00:00+00:00"
    moments = {"created_at": at, "started_at": at, "finished_at": at, "expires_at": "2026-12-24T10:00:00+00:00"}
    links = {"self": f"/outcomes/{name}"} | {kind: f"/outcomes/{name}/{kind}" for kind in ("errors", "cancel")}
    counts = {"total": 3, "completed": 2, "failed": 1}
    base = {"id": name, "object": "outcomes", "status": "completed", "filename": f"left-{number}.csv", "error": None}
    return base | moments | {"request_counts": counts, "links": links} | changes


@pytest.fixture
def show(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """A function that opens the quality page over made-up answers (or figures) and a made-up list of outcomes."""

    def open_with(told: Json | Figures, *files: Json, fragment: str = "#/quality", **options: Any) -> Page:
        page = open_page("#/about", timezone_id="Etc/UTC", **options)
        figures = told if isinstance(told, Figures) else Figures(told)
        page.route(re.compile(r"/quality(\?.*)?$"), figures.answer)
        page.route(re.compile(r"/outcomes\?"), Listing(*files).answer)
        page.route("**/outcomes/check*", lambda route: route.fulfill(json=GOOD))
        page.goto(f"/{fragment}")
        expect(page.locator("h1")).to_have_text("Did it come true?")
        return page

    return open_with


def section(page: Page, title: str) -> Locator:
    return page.locator("section", has=page.get_by_role("heading", name=title, exact=True))


def unripe(**outcomes: int) -> Json:
    """The answer of the first month with outcomes that came early."""
    answer = quality_answer.month()
    answer["outcomes"] |= {"rows": 120, "customers": 118} | outcomes
    return answer


def few() -> Json:
    """An answer with ripe predictions of which too few have an outcome."""
    answer = unripe()
    answer["releases"][0] |= {"matured": 400, "matched": 12, "missing": "12 outcomes are known; figures want 30."}
    return answer


def test_what_was_promised_stands_beside_what_came_true(show):
    promise = section(show(quality_answer.two_years()), "Promised, and come true")
    expect(promise).to_contain_text("no alarm What became of the predictions is what they said.")
    expect(promise).to_contain_text("Of 32,520 tracked predictions, 21,360 are ripe and 18,312 have an outcome.")
    expect(promise).to_contain_text("912 predictions are left out, of customers who were treated in a campaign")
    rate = promise.locator(".promise", has_text="How many leave")
    assert rate.locator("dt").all_inner_texts() == ["Promised", "Came true, so far"]
    assert rate.locator("dd strong").all_inner_texts() == ["26.5\u00a0% leave", "26.5\u00a0% leave"]
    assert rate.locator("dd .hint").all_inner_texts() == [
        "24.2\u00a0% to 28.8\u00a0%",
        "25.9\u00a0% to 27.1\u00a0%",
    ]
    expect(rate).to_contain_text("For these very customers, if the world has not changed: 26.5\u00a0% leave.")
    expect(promise).to_contain_text("Of a leaver and a stayer, the leaver scores higher in 85 of 100 pairs")
    expect(promise).to_contain_text("82 to 87 of 100")
    expect(promise).to_contain_text("The riskiest tenth holds 2.8 times as many leavers as any tenth")


def test_every_figure_stands_in_a_table_with_its_interval(show):
    table = section(show(quality_answer.two_years()), "The figures").get_by_role("table")
    row = table.locator("tr", has_text="Ranking (ROC AUC)")
    expect(row.locator("td").nth(1)).to_contain_text("0.840 to 0.850")
    assert table.locator("tr", has_text="Left for each one predicted").locator("td").first.inner_text() == "–"


def test_months_are_drawn_with_their_bands_until_the_last_one_that_is_ripe(show):
    panel = section(show(quality_answer.two_years()), "Do as many leave as predicted?")
    expect(panel.locator("circle")).to_have_count(8)
    expect(panel.locator("polygon.area")).to_have_count(1)
    expect(panel.locator("polyline.dashed")).to_have_count(2)
    expect(panel.get_by_role("img")).to_have_accessible_description(re.compile(r"^Jan 2025: 2\d\.\d\u00a0%; Feb 2025"))
    panel.get_by_text("Show as a table").click()
    rows = panel.locator("tbody tr")
    expect(rows).to_have_count(12)
    expect(rows.last).to_have_text(re.compile(r"^Dec 20252,8200––26.5"))


def test_a_month_by_itself_is_drawn_as_a_dot_with_its_interval(show):
    answer = quality_answer.two_years()
    answer["releases"][0]["months"] = answer["releases"][0]["months"][:1]
    panel = section(show(answer), "Are leavers still told from stayers?")
    for tone in ("main", "warn", "past"):
        expect(panel.locator(f"circle.{tone}")).to_have_count(1)
    expect(panel.locator("line.spread.main")).to_have_count(1)


def test_the_first_month_that_is_ripe_is_seen_with_its_interval_beside_later_ones_that_are_not(show):
    answer = quality_answer.two_years()
    release = answer["releases"][0]
    release["months"] = [release["months"][0], *release["months"][-2:]]
    panel = section(show(answer), "Are leavers still told from stayers?")
    for tone in ("main", "warn"):
        expect(panel.locator(f"circle.{tone}")).to_have_count(1)
    expect(panel.locator("line.spread.main")).to_have_count(1)
    expect(panel.locator("polyline.past.dashed")).to_have_count(1)


def test_a_ranking_that_is_worse_than_chance_is_drawn_below_it(show):
    answer = quality_answer.two_years()
    answer["releases"][0]["months"][2]["roc_auc"] = {"value": 0.31, "low": 0.28, "high": 0.34}
    panel = section(show(answer), "Are leavers still told from stayers?")
    expect(panel.get_by_text("0.3", exact=True)).to_be_visible()
    heights = [float(circle.get_attribute("cy")) for circle in panel.locator("circle").all()]
    chance = float(panel.get_by_text("0.5", exact=True).get_attribute("y"))
    assert heights[2] > chance + 10
    assert max(heights[:2] + heights[3:]) < chance


def test_a_month_without_predictions_has_its_place_and_ends_the_curve(show):
    answer = quality_answer.two_years()
    del answer["releases"][0]["months"][3:5]
    panel = section(show(answer), "Are leavers still told from stayers?")
    expect(panel.locator("circle")).to_have_count(6)
    expect(panel.locator("polygon.area")).to_have_count(2)
    places = [float(circle.get_attribute("cx")) for circle in panel.locator("circle").all()]
    assert places[3] - places[2] == pytest.approx(3 * (places[1] - places[0]), abs=1)


def test_the_reliability_chart_shows_outcomes_with_their_intervals(show):
    panel = section(show(quality_answer.two_years()), "Are the probabilities right?")
    expect(panel).to_contain_text("18,312 predictions with an outcome")
    expect(panel.locator("circle")).to_have_count(10)
    expect(panel.locator("line.spread")).to_have_count(10)


def test_another_release_is_looked_at_and_its_alarm_is_named_in_words(show):
    answer = quality_answer.two_years()
    answer["words"].append(f"The release 20231220_030000: {answer['releases'][1]['verdict']['words']}")
    figures = Figures(answer)
    page = show(figures)
    page.get_by_label("Release", exact=True).select_option("20231220_030000")
    promise = section(page, "Promised, and come true")
    expect(promise.locator(".band")).to_have_text("alarm")
    expect(promise).to_contain_text("The ranking is worse than promised")
    expect(page.get_by_text("The ranking is worse than promised")).to_have_count(1)
    expect(promise).to_contain_text("Since Sep 2024.")
    expect(section(page, "Are these still the same customers?")).to_contain_text("There is nothing to compare")
    assert page.url.endswith("#/quality?release=20231220_030000")
    assert len(figures.asked) == 1
    page.reload()
    expect(page.get_by_label("Release", exact=True)).to_have_value("20231220_030000")


def test_while_the_release_in_service_cannot_be_judged_the_one_before_it_is_looked_at(show):
    answer = quality_answer.two_years()
    answer["releases"][0] = quality_answer.month()["releases"][0]
    page = show(answer)
    expect(page.get_by_label("Release", exact=True)).to_have_value("20231220_030000")
    table = section(page, "Releases").get_by_role("table")
    assert [row.split("\t")[-1] for row in table.locator("tbody tr").all_inner_texts()] == ["–", "alarm"]
    page.get_by_label("Release", exact=True).select_option("20261101_120000")
    expect(section(page, "Promised, and come true")).to_contain_text("None of 7,043 tracked predictions is ripe yet.")
    expect(section(page, "What to do first")).to_have_count(0)


def test_releases_stand_side_by_side_with_their_verdicts(show):
    table = section(show(quality_answer.two_years()), "Releases").get_by_role("table")
    expect(table.locator("tbody tr")).to_have_count(2)
    assert [row.split("\t")[-1] for row in table.locator("tbody tr").all_inner_texts()] == ["no alarm", "alarm"]
    expect(table.locator("tr", has_text="in service")).to_contain_text("20241220_030000")


def test_another_period_is_asked_for_and_kept_in_the_address(show):
    figures = Figures(quality_answer.two_years(), quality_answer.two_years() | {"days": 365})
    page = show(figures)
    period = page.get_by_label("Predictions", exact=True)
    expect(period).to_have_value("90")
    period.focus()
    period.select_option("365")
    expect(page.get_by_text("Asking for the figures…")).to_have_count(0)
    expect(period).to_have_value("365")
    expect(period).to_be_focused()
    assert figures.asked == ["", "days=365"]
    page.reload()
    expect(period).to_have_value("365")
    assert figures.asked[-1] == "days=365"


def test_a_period_that_is_refused_gives_way_to_the_usual_one(show):
    figures = Figures(422, quality_answer.month())
    page = show(figures, fragment="#/quality?days=3650", patience=["422"])
    page.get_by_role("alert").get_by_role("button", name="Try again").click()
    expect(section(page, "What to do first")).to_be_visible()
    assert figures.asked == ["days=3650", ""]
    assert page.url.endswith("#/quality")


def test_fields_stand_by_how_far_they_moved_and_their_state_is_a_word(show):
    panel = section(show(quality_answer.two_years()), "Are these still the same customers?")
    expect(panel).to_contain_text("Customers scored from October 4, 2025 to January 2, 2026")
    expect(panel).to_contain_text("Alarm: Contract.")
    assert panel.locator("h3").all_inner_texts() == ["The scores themselves", "Contract", "Tenure"]
    assert panel.locator(".band").all_inner_texts() == ["notice", "alarm", "no alarm"]
    contract = panel.get_by_role("article", name="Contract")
    expect(contract).to_contain_text("PSI 0.186, limit 0.100, 8,240 customers.")
    expect(contract).to_contain_text("0.2\u00a0% have a value that the training did not know.")
    expect(contract).to_contain_text("Absent: 0.0\u00a0% then, 3.0\u00a0% now.")
    expect(contract.get_by_role("img")).to_have_accessible_description(
        re.compile("Month-to-month: Training 55.0\u00a0%, Now 71.0\u00a0%")
    )
    contract.get_by_text("Show as a table").click()
    expect(contract.locator("tbody tr").first).to_have_text("Month-to-month55.0\u00a0%71.0\u00a0%")


def test_of_many_fields_those_that_have_not_moved_are_shown_when_asked_for(show):
    answer = quality_answer.two_years()
    drift = answer["releases"][0]["drift"]
    steady = drift["fields"][1]
    drift["fields"] += [steady | {"title": f"Field {number}", "psi": 0.003} for number in range(20)]
    drift["fields"] += [steady | {"title": "Far down", "psi": 0.001, "state": "notice"}]
    panel = section(show(answer), "Are these still the same customers?")
    expect(panel.locator("h3")).to_have_count(7)
    expect(panel.locator("h3").last).to_have_text("Far down")
    panel.get_by_role("button", name="Show all 23 fields").press("Enter")
    expect(panel.locator("h3")).to_have_count(24)
    expect(panel.get_by_role("button", name="Show the first 6")).to_be_focused()


def test_refused_rows_absent_values_and_the_commonest_faults_are_told_by_month(show):
    panel = section(show(quality_answer.two_years()), "Is what comes in complete and right?")
    faults = panel.get_by_role("region", name="Commonest faults, table")
    expect(faults.locator("tbody tr")).to_have_count(2)
    assert faults.locator("tbody tr").all_inner_texts() == [
        "Tenure: out of range\t972\t52",
        "Contract: not an allowed value\t264\t11",
    ]
    panel.get_by_text("Show as a table").click()
    months = panel.locator("line-chart tbody tr")
    expect(months).to_have_count(24)
    expect(months.first).to_have_text("Jan 20249,000400.4\u00a0%2.1\u00a0%")


def test_what_the_service_says_comes_first_with_the_next_to_ripen_and_the_next_training(show):
    words = section(show(quality_answer.two_years()), "In short")
    for text in (
        "22,880 outcomes are known of 26,640 ripe predictions of 2 releases.",
        "Next to ripen: 640 predictions on January 8, 2026.",
        "Training again: due",
        "2,880 outcomes are known that no release has seen.",
    ):
        expect(words).to_contain_text(text)


def test_a_training_that_would_be_too_early_is_told_with_its_day(show):
    answer = quality_answer.two_years()
    answer["retraining"] |= {"due": False, "next": "2026-01-09"}
    expect(section(show(answer), "In short")).to_contain_text("Training again: due from January 9, 2026")


@pytest.mark.parametrize(
    ("answer", "states", "words"),
    [
        (quality_answer.empty(), ["next", "later", "later"], "Score a file on the Batch page"),
        (quality_answer.month(), ["done", "next", "later"], "No outcome is in yet."),
        (unripe(), ["done", "done", "next"], "7,043 predictions are ripe on March 5, 2027."),
        (unripe(unknown=118), ["done", "next", "later"], "None of the outcomes has an ID that was scored."),
        (few(), ["done", "done", "next"], "400 predictions are ripe, and 12 of them have an outcome."),
    ],
    ids=["nothing", "no outcomes", "none ripe", "other ids", "too few"],
)
def test_until_there_are_figures_the_page_says_what_to_do_first(show, answer, states, words):
    page = show(answer)
    steps = section(page, "What to do first")
    expect(steps.locator("li")).to_have_count(3)
    assert steps.locator(".band").all_inner_texts() == states
    expect(steps.locator("li").nth(states.index("next"))).to_contain_text(words)
    expect(section(page, "The figures")).to_have_count(0)
    expect(section(page, "Send what became of customers")).to_be_visible()


def test_with_figures_there_is_nothing_to_do_first(show):
    page = show(quality_answer.two_years())
    expect(section(page, "The figures")).to_be_visible()
    expect(section(page, "What to do first")).to_have_count(0)


def test_what_is_not_known_yet_has_no_state(show):
    promise = section(show(quality_answer.month()), "Promised, and come true")
    expect(promise).to_contain_text("None of 7,043 tracked predictions is ripe yet.")
    expect(promise.get_by_text("Not known yet.")).to_have_count(3)
    expect(promise.locator(".band")).to_have_count(0)


def test_with_tracking_off_the_page_says_how_it_is_turned_on_and_takes_no_outcomes(show):
    page = show(quality_answer.empty("off"))
    off = section(page, "Tracking is off")
    expect(off).to_contain_text("CHURN_TRACKING=on")
    expect(page.locator("batch-file, job-list")).to_have_count(0)
    expect(section(page, "What to do first")).to_have_count(0)


def test_the_service_answers_the_page(open_page):
    page = open_page("#/quality", patience=["503"])
    expect(section(page, "What to do first")).to_be_visible(timeout=60_000)
    expect(section(page, "Send what became of customers")).to_be_visible()


def test_figures_that_are_computed_are_asked_for_again(show):
    figures = Figures(503, 503, quality_answer.month())
    page = show(figures, patience=["503"])
    status = page.get_by_role("status").filter(has_text="The figures are being computed.")
    expect(status).to_contain_text("The page asks again in a few seconds.")
    expect(section(page, "What to do first")).to_be_visible()
    expect(status).to_have_count(0)
    assert len(figures.asked) == 3


def test_nothing_is_asked_once_the_page_is_left(show):
    figures = Figures(503)
    page = show(figures, patience=["503"])
    expect(page.get_by_text("The figures are being computed.")).to_be_visible()
    page.get_by_role("link", name="About", exact=True).click()
    expect(page.locator("h1")).to_have_text("About")
    page.wait_for_timeout(200)  # what was asked before is on its way
    asked = len(figures.asked)
    page.wait_for_timeout(1500)
    assert len(figures.asked) == asked


def test_outcomes_that_are_read_when_the_page_was_left_have_nothing_asked(show):
    figures = Figures(quality_answer.month())
    page = show(figures, sent(1, status="in_progress"))
    expect(page.locator("job-card .state")).to_have_text("Reading")
    held: list[Route] = []
    page.route(re.compile(r"/outcomes\?"), lambda route: held.insert(0, route))
    with page.expect_request(re.compile(r"/outcomes\?")):
        pass
    page.get_by_role("link", name="About", exact=True).click()
    expect(page.locator("h1")).to_have_text("About")
    Listing(sent(1)).answer(held[0])
    page.wait_for_timeout(300)
    assert len(figures.asked) == 1


def test_a_hidden_page_does_not_ask_for_figures_that_are_still_computed(show):
    figures = Figures(503)
    page = show(figures, patience=["503"])
    until(page, lambda: bool(figures.asked))
    hide(page, hidden=True)
    page.wait_for_timeout(200)  # what was asked before is on its way
    asked = len(figures.asked)
    page.wait_for_timeout(2500)
    assert len(figures.asked) == asked
    figures.answers = (quality_answer.month(),)
    hide(page, hidden=False)
    expect(section(page, "What to do first")).to_be_visible()


def test_figures_that_fail_can_be_asked_for_again(show):
    page = show(Figures(500, quality_answer.month()), patience=["500"])
    page.get_by_role("alert").get_by_role("button", name="Try again").press("Enter")
    expect(section(page, "What to do first")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("quality-page h2").first).to_be_focused()


def test_the_service_takes_a_file_of_outcomes_and_says_which_rows_it_refused(open_page, tmp_path):
    page = open_page("#/about")
    page.route(re.compile(r"/quality$"), Figures(quality_answer.month()).answer)
    page.goto("/#/quality")
    file = tmp_path / "left-in-autumn.csv"
    file.write_text("customerID,left_at,stayed_until\nA,2025-11-03,\nB,,2025-11-30\nC,soon,\n")
    page.get_by_label("Choose a file of outcomes").set_input_files(file)
    expect(page.get_by_text("The columns that are needed are there.")).to_be_visible()
    expect(page.get_by_role("region", name="First rows of the file")).to_contain_text("2025-11-30")
    page.get_by_role("button", name="Send outcomes").click()
    card = page.locator("job-card", has_text="left-in-autumn.csv").first
    expect(card).to_contain_text("2 outcomes taken, 1 refused", timeout=60_000)
    with page.expect_download() as download:
        card.get_by_role("link", name="Errors").click()
    download.value.save_as(tmp_path / "errors.csv")
    assert "left_at" in (tmp_path / "errors.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("name", "looked", "content_type", "body"),
    [
        ("left.csv", "The columns that are needed are there.", "multipart/form-data; boundary", 'filename="left.csv"'),
        ("left.json", "It can be sent all the same, and is judged then.", "application/json", '{"outcomes": []}'),
    ],
)
def test_a_file_of_outcomes_is_looked_at_sent_and_followed(show, tmp_path: Path, name, looked, content_type, body):
    page = show(quality_answer.month())
    posted: list[Any] = []

    def take(route: Route) -> None:
        posted.append(route.request)
        route.fulfill(status=202, json=sent(1, filename=name, status="in_progress"))

    page.route("**/outcomes", take)
    file = tmp_path / name
    file.write_text('{"outcomes": []}' if name.endswith("json") else "customerID,left_at\nA,2026-11-03\n")
    page.get_by_label("Choose a file of outcomes").set_input_files(file)
    expect(page.get_by_text(looked)).to_be_visible()
    page.get_by_role("button", name="Send outcomes").click()
    card = page.locator("job-card", has_text=name)
    expect(card.locator(".state")).to_have_text("Reading")
    assert posted[0].headers["content-type"].startswith(content_type)
    assert re.fullmatch("[0-9a-f]{32}", posted[0].headers["idempotency-key"])
    # Of a form with a file, the browser tells nothing but where it sends it.
    assert posted[0].post_data is None or body in posted[0].post_data


def test_what_is_wrong_with_a_file_of_outcomes_is_said_before_it_is_sent(show, tmp_path):
    page = show(quality_answer.month())
    fault = {"field": "customerID", "code": "missing", "message": "There is no column customerID."}
    page.route("**/outcomes/check*", lambda route: route.fulfill(json=GOOD | {"ok": False, "errors": [fault]}))
    file = tmp_path / "left.csv"
    file.write_text("a,b\n1,2\n")
    page.get_by_label("Choose a file of outcomes").set_input_files(file)
    expect(page.get_by_text("This file cannot be taken as it is.")).to_be_visible()
    expect(page.get_by_text("There is no column customerID.")).to_be_visible()
    expect(page.get_by_role("button", name="Send outcomes")).to_be_disabled()


def test_a_refused_file_says_why(show, tmp_path):
    page = show(quality_answer.month(), patience=["409"])
    page.route("**/outcomes", lambda route: route.fulfill(status=409, json={"error": "Set CHURN_TRACKING=on."}))
    file = tmp_path / "left.csv"
    file.write_text("customerID,left_at\nA,2026-11-03\n")
    page.get_by_label("Choose a file of outcomes").set_input_files(file)
    page.get_by_role("button", name="Send outcomes").click()
    expect(page.get_by_role("alert")).to_contain_text("Set CHURN_TRACKING=on.")


def test_sent_files_offer_their_errors_and_can_be_cancelled_or_deleted(show):
    page = show(quality_answer.month(), sent(2, status="in_progress"), sent(1))
    done = page.locator("job-card", has_text="left-1.csv")
    expect(done).to_contain_text("2 outcomes taken, 1 refused")
    expect(done.get_by_role("link", name="Errors")).to_have_attribute("href", "/outcomes/out_0001/errors?excel=1")
    done.get_by_role("button", name="Delete").click()
    question = (
        "Delete left-1.csv and its errors, for everyone and for good? The outcomes that were taken go on counting."
    )
    expect(done.get_by_role("group", name=question)).to_be_visible()
    page.keyboard.press("Escape")
    cancelled, listing = sent(2, status="cancelled"), Listing(sent(2, status="in_progress"), sent(1))
    page.route(re.compile(r"/outcomes\?"), listing.answer)

    def cancel(route: Route) -> None:
        listing.jobs = [cancelled, sent(1)]
        route.fulfill(json=cancelled)

    page.route("**/outcomes/out_0002/cancel", cancel)
    page.get_by_role("button", name="Cancel", exact=True).click()
    gone = page.locator("job-card", has_text="left-2.csv")
    expect(gone.locator(".state")).to_have_text("Cancelled")
    expect(gone).to_contain_text("no outcome taken")
    expect(gone).not_to_contain_text("2 outcomes")
    gone.get_by_role("button", name="Delete").click()
    expect(gone.get_by_role("group", name="Delete left-2.csv, for everyone and for good?")).to_be_visible()


def test_outcomes_that_came_without_a_file_are_called_so(show):
    card = show(quality_answer.month(), sent(1, filename=None)).locator("job-card")
    expect(card.get_by_role("heading")).to_have_text("Outcomes without a file")
    expect(card.get_by_role("link", name="Errors")).to_have_attribute("download", "outcomes-errors.csv")


def test_figures_are_asked_for_again_when_outcomes_are_in_and_the_upload_stays_where_it_is(show):
    figures = Figures(quality_answer.month(), unripe())
    page = show(figures, sent(1, status="in_progress"))
    expect(page.locator("job-card .state")).to_have_text("Reading")
    page.route(re.compile(r"/outcomes\?"), Listing(sent(1)).answer)
    steps = section(page, "What to do first")
    expect(steps).to_contain_text("Outcomes of 118 customers are in.")
    assert figures.asked == ["", ""]
    order = page.evaluate(
        "document.querySelector('batch-file').compareDocumentPosition(document.querySelector('drift-panel'))"
    )
    assert order & 4  # the drift panel follows


def test_what_all_outcomes_come_to_is_explained(show):
    tally = section(show(quality_answer.two_years()), "Outcomes so far")
    expect(tally).to_contain_text("Rows31,204")
    expect(tally).to_contain_text("Unknown IDs210")
    expect(tally).to_contain_text("Unknown IDs: No prediction of a customer with this ID is kept.")


def test_a_template_of_outcomes_can_be_filled_in(show, tmp_path):
    page = show(quality_answer.empty())
    with page.expect_download() as download:
        page.get_by_role("button", name="Download a template").click()
    assert download.value.suggested_filename == "outcomes-template.csv"
    download.value.save_as(tmp_path / "template.csv")
    lines = (tmp_path / "template.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "customerID,left_at,stayed_until,campaign,arm,accepted,cost"


def test_a_file_that_was_chosen_is_still_there_after_another_page(show, tmp_path):
    page = show(quality_answer.month())
    file = tmp_path / "left.csv"
    file.write_text("customerID,left_at\nA,2026-11-03\n")
    page.get_by_label("Choose a file of outcomes").set_input_files(file)
    expect(page.get_by_text("The columns that are needed are there.")).to_be_visible()
    page.get_by_role("link", name="About", exact=True).click()
    page.get_by_role("link", name="Quality", exact=True).click()
    expect(page.get_by_text("The columns that are needed are there.")).to_be_visible()
    expect(page.get_by_text("Another release is in service.")).to_have_count(0)


def test_no_table_is_cut_off_on_a_laptop_and_no_card_stands_beside_a_gap(show, cut_off):
    page = show(quality_answer.two_years())
    expect(section(page, "The figures")).to_be_visible()
    assert cut_off(page) == []
    halves = page.evaluate(
        "[...document.querySelectorAll('.sections > *')]"
        ".filter((part) => part.offsetWidth < part.parentElement.offsetWidth)"
        ".map((part) => part.offsetTop)"
    )
    assert halves
    assert halves[::2] == halves[1::2]
