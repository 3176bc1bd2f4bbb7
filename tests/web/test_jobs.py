"""The list of jobs and its cards: what is offered, what is said, and how the service is asked while it is away."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from tests.web.conftest import until


def made_up(number: int, **changes: Any) -> dict[str, Any]:
    """A completed job, as the API tells it; the higher the number, the newer."""
    name = f"job_{number:04d}"
    counts = {"total": 3, "completed": 2, "failed": 1}
    at = f"2026-11-2{number % 10 if number < 10 else 9}T10:{number % 60:02d}:00+00:00"
    moments = {"created_at": at, "started_at": at, "finished_at": at, "expires_at": "2026-12-24T10:00:00+00:00"}
    links = {kind: f"/jobs/{name}/{kind}" for kind in ("results", "errors", "cancel")} | {"self": f"/jobs/{name}"}
    job = {"id": name, "object": "job", "status": "completed", "filename": f"file-{number}.csv", "error": None}
    return job | moments | {"request_counts": counts, "model_version": "v1", "links": links} | changes


class Listing:
    """Answers in the API's place; `jobs` newest first."""

    def __init__(self, *jobs: dict[str, Any]) -> None:
        self.jobs = list(jobs)
        self.asked = 0
        self.failure: tuple[int, dict[str, str]] | None = None

    def answer(self, route: Route) -> None:
        self.asked += 1
        if self.failure:
            status, headers = self.failure
            route.fulfill(status=status, headers=headers, json={"success": False, "error": "The store is away."})
            return
        after = re.search(r"after=(\w+)", route.request.url)
        ids = [job["id"] for job in self.jobs]
        start = ids.index(after[1]) + 1 if after else 0
        page = self.jobs[start : start + 20]
        more = len(self.jobs) > start + 20
        route.fulfill(json={"data": page, "has_more": more, "last_id": page[-1]["id"] if page else None})


@pytest.fixture
def show(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """A function that opens the batch page with a made-up list of jobs."""

    def open_with(listing: Listing, fragment: str = "#/batch", **options: Any) -> Page:
        page = open_page("#/about", **options)
        page.route(re.compile(r"/jobs\?"), listing.answer)
        page.goto(f"/{fragment}")
        return page

    return open_with


@pytest.mark.parametrize(
    ("changes", "links"),
    [
        ({}, ["Results", "Errors", "Plan a campaign"]),
        ({"request_counts": {"total": 2, "completed": 2, "failed": 0}}, ["Results", "Plan a campaign"]),
        ({"status": "cancelled"}, []),
        ({"status": "failed", "error": "It broke."}, []),
        ({"status": "expired"}, []),
    ],
    ids=["completed", "none refused", "cancelled", "failed", "expired"],
)
def test_only_files_that_there_are_are_offered(show, changes, links):
    page = show(Listing(made_up(1, **changes)))
    expect(page.locator("job-card")).to_have_count(1)
    assert page.locator("job-card").get_by_role("link").all_inner_texts() == links


def test_a_download_that_fails_says_why_on_the_page(show):
    page = show(Listing(made_up(1)), patience=["404"])
    page.get_by_role("link", name="Results", exact=True).click()
    expect(page.locator("job-card").get_by_role("alert")).to_contain_text("job_0001")


def test_a_card_tells_when_it_ran_how_long_it_is_kept_and_how_the_file_was_read(show):
    job = made_up(1, finished_at="2026-11-21T10:03:00+00:00")
    page = show(
        Listing(job | {"ignored_columns": ["Region", "Quarter"], "notes": ["Read as UTF-16."]}), timezone_id="Etc/UTC"
    )
    card = page.locator("job-card")
    for words in (
        "Started Nov 21, 2026, 10:01 AM UTC, took 2 minutes.",
        "Kept until Dec 24, 2026, 10:00 AM UTC.",
        "Left out, because no field has these names: Region and Quarter.",
        "Read as UTF-16.",
    ):
        expect(card).to_contain_text(words)


def test_a_job_is_deleted_only_after_a_question_and_the_focus_stays_in_the_list(show):
    listing = Listing(made_up(2), made_up(1))
    page = show(listing)
    deleted: list[str] = []
    page.route("**/jobs/job_0002", lambda route: deleted.append(route.request.method) or route.fulfill(status=204))
    card = page.locator("job-card", has_text="file-2.csv")
    card.get_by_role("button", name="Delete").press("Enter")
    question = page.get_by_role("group", name="Delete file-2.csv and its results, for everyone and for good?")
    expect(question.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Enter")
    expect(card.get_by_role("button", name="Delete")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    assert deleted == []
    card.get_by_role("button", name="Delete").click()
    listing.jobs = [made_up(1)]
    question.get_by_role("button", name="Delete for good").press("Enter")
    expect(card).to_have_count(0)
    assert deleted == ["DELETE"]
    expect(page.get_by_role("heading", name="file-1.csv")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="file-2.csv was deleted.")).to_have_count(1)


def test_the_last_job_that_is_deleted_leaves_the_focus_on_the_lists_title(show):
    page = show(Listing(made_up(1)))
    page.route("**/jobs/job_0001", lambda route: route.fulfill(status=204))
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_focused()


def test_older_jobs_are_read_page_by_page_and_stay(show):
    listing = Listing(*[made_up(number, created_at=f"2026-11-20T10:{number:02d}:00") for number in range(45, 0, -1)])
    page = show(listing)
    cards = page.locator("job-card")
    expect(cards).to_have_count(20)
    page.get_by_role("button", name="Show older jobs").click()
    expect(cards).to_have_count(40)
    asked = listing.asked
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("button", name="Show older jobs")).to_be_visible()
    until(page, lambda: listing.asked > asked)
    page.wait_for_timeout(200)
    expect(cards).to_have_count(40)
    page.get_by_role("button", name="Show older jobs").click()
    expect(cards).to_have_count(45)
    expect(page.get_by_role("button", name="Show older jobs")).to_be_hidden()


def test_while_the_service_is_away_it_is_asked_less_and_less_and_the_page_stays_still(show):
    listing = Listing(made_up(1, status="in_progress", finished_at=None))
    page = show(listing, patience=["503"])
    expect(page.locator("job-card")).to_have_count(1)
    listing.failure = (503, {})
    alert = page.locator("job-list").get_by_role("alert")
    expect(alert).to_contain_text("The store is away.")
    page.evaluate("""window.alerts = 0; new MutationObserver((changes) => {
        const added = changes.flatMap((change) => [...change.addedNodes]);
        alerts += added.filter((node) => node.role === 'alert' || node.querySelector?.('[role=alert]')).length;
    }).observe(document.querySelector('job-list'), { childList: true, subtree: true })""")
    alert.get_by_role("button", name="Try again").focus()
    asked, start = listing.asked, time.monotonic()
    while time.monotonic() - start < 7:
        page.wait_for_timeout(100)
    assert listing.asked - asked <= 3
    assert page.evaluate("window.alerts") == 0
    expect(alert.get_by_role("button", name="Try again")).to_be_focused()
    listing.failure = None
    alert.get_by_role("button", name="Try again").press("Enter")
    expect(alert).to_have_count(0)


def test_a_service_that_names_a_time_is_left_alone_until_then(show):
    listing = Listing(made_up(1, status="in_progress", finished_at=None))
    page = show(listing, patience=["429"])
    expect(page.locator("job-card")).to_have_count(1)
    listing.failure = (429, {"Retry-After": "30"})
    expect(page.locator("job-list").get_by_role("alert")).to_be_visible()
    asked = listing.asked
    page.wait_for_timeout(6000)
    assert listing.asked == asked


def test_a_new_job_stays_though_the_list_was_asked_for_before_it(show, table, tmp_path):
    listing = Listing()
    page = show(listing)
    expect(page.get_by_text("No job yet.")).to_be_visible()
    held: list[Route] = []
    page.route(re.compile(r"/jobs\?"), lambda route: held.append(route))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    until(page, lambda: bool(held))
    new = made_up(3, status="queued", started_at=None, finished_at=None)
    page.route("**/jobs", lambda route: route.fulfill(status=202, json=new))
    file = tmp_path / "new.csv"
    file.write_text(",".join(table[0]))
    page.get_by_label("Choose a CSV file").set_input_files(file)
    page.get_by_role("button", name="Score file").click()
    expect(page.locator("job-card")).to_have_count(1)
    listing.answer(held[0])
    page.wait_for_timeout(300)
    expect(page.locator("job-card")).to_have_count(1)
    listing.jobs = [new]
    page.route(re.compile(r"/jobs\?"), listing.answer)


def test_a_link_to_a_job_beyond_the_list_shows_its_customers(open_page, submit, table, tmp_path):
    file = tmp_path / "linked.csv"
    file.write_text("".join(f"{','.join(row)}\n" for row in table[:31]))
    job = submit(file)
    page = open_page("#/about")
    page.route(re.compile(r"/jobs\?"), Listing().answer)
    page.goto(f"/#/batch?job={job['id']}")
    expect(page.get_by_role("heading", name="Customers in linked.csv")).to_be_visible()
    expect(page.locator("job-card[data-selected]")).to_contain_text("linked.csv")


def test_a_link_to_a_job_that_is_gone_says_so(open_page):
    page = open_page("#/batch?job=job_01JD0000000000000000000000", patience=["404"])
    expect(page.get_by_role("heading", name="No such job")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("It was deleted, or it has expired")
    assert page.evaluate("location.hash") == "#/batch"


def test_a_job_that_is_deleted_when_the_page_was_left_leaves_the_address_of_another(show):
    page = show(Listing(made_up(1)), "#/batch?job=job_0001")
    held: list[Route] = []
    page.route("**/jobs/job_0001", lambda route: held.insert(0, route))
    page.locator("job-card").get_by_role("button", name="Delete").click()
    with page.expect_request("**/jobs/job_0001"):
        page.get_by_role("button", name="Delete for good").click()
    page.get_by_role("link", name="About", exact=True).click()
    expect(page.locator("h1")).to_have_text("About")
    with page.expect_response("**/jobs/job_0001"):
        held[0].fulfill(status=204)
    page.wait_for_timeout(300)
    assert page.url.endswith("#/about")


def test_an_answer_that_comes_when_the_page_was_left_does_nothing_to_another(open_page):
    page = open_page("#/about", patience=["404"])
    held: list[Route] = []
    page.route(re.compile(r"/jobs\?"), Listing().answer)
    page.route("**/jobs/job_gone", lambda route: held.insert(0, route))
    with page.expect_request("**/jobs/job_gone"):
        page.goto("/#/batch?job=job_gone")
    page.get_by_role("link", name="About", exact=True).click()
    expect(page.locator("h1")).to_have_text("About")
    held[0].fulfill(status=404, json={"error": "There is no such job."})
    page.wait_for_timeout(300)
    assert page.url.endswith("#/about")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": "expired"}, "This job has expired"),
        ({"status": "cancelled"}, "This job was cancelled"),
        ({"status": "failed", "error": "The file ended."}, "This job failed, so it has no results. The file ended."),
    ],
    ids=["expired", "cancelled", "failed"],
)
def test_a_link_to_a_job_without_results_says_why(show, changes, words):
    page = show(Listing(made_up(1, **changes)), "#/batch?job=job_0001")
    expect(page.locator("batch-page").get_by_text(words)).to_be_visible()


def test_a_job_without_a_files_name_has_none_of_the_languages_words(show):
    page = show(Listing(made_up(1, filename=None)), "#/batch?job=job_0001", patience=["404"])
    expect(page.get_by_role("heading", name="Customers in a file without a name")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("null")


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_results_are_near_however_many_jobs_there_are(show, width):
    listing = Listing(*[made_up(number) for number in range(25, 0, -1)])
    page = show(listing, "#/batch?job=job_0020", patience=["404"], viewport={"width": width, "height": 900})
    expect(page.get_by_role("heading", name="Customers in file-20.csv")).to_be_visible()
    footer, document, results = page.evaluate("""() => {
        const box = (name) => document.querySelector(name).getBoundingClientRect();
        const { scrollHeight } = document.documentElement;
        return [box('footer').bottom + scrollY, scrollHeight, box('job-results').top + scrollY];
    }""")
    assert document <= footer + 1
    assert results <= 1500


def test_results_that_were_waited_for_come_into_sight_with_the_focus(open_page, table, tmp_path):
    file = tmp_path / "waited.csv"
    file.write_text("".join(f"{','.join(row)}\n" for row in table[:31]))
    page = open_page("#/batch", viewport={"width": 390, "height": 800}, reduced_motion="reduce")
    page.get_by_label("Choose a CSV file").set_input_files(file)
    page.get_by_role("button", name="Score file").press("Enter")
    heading = page.get_by_role("heading", name="Customers in waited.csv")
    expect(heading).to_be_focused(timeout=60_000)
    expect(heading).to_be_in_viewport()
    expect(page.locator(".riskiest tbody tr")).to_have_count(20)
    expect(heading).to_be_focused()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "a few seconds"), (40, "40 seconds"), (300, "5 minutes"), (7200, "2 hours"), (172800, "2 days")],
)
def test_a_time_is_told_in_the_words_of_who_waits(module_page, seconds, words):
    assert module_page.evaluate("async (s) => (await import('/assets/lib/format.js')).duration(s)", seconds) == words


HEAD = "row,customerID,prediction,churn_probability,risk_band,reason_1,reason_2,reason_3,assumed"
RESULTS = f"""{HEAD}
1,+15550100123,No,0.200000,low,Two-year contract,,,0
2,=2+5,Yes,0.900000,high,Month-to-month contract,Customer for 1 month,,3
"""


@pytest.fixture
def show_results(show: Callable[..., Page]) -> Callable[..., Page]:
    """A function that opens the customers of a made-up job whose results are this text, or this failure."""

    def open_with(text: str = RESULTS, status: int = 200, **options: Any) -> Page:
        job = made_up(1, request_counts={"total": 2, "completed": 2, "failed": 0})
        page = show(Listing(job), **options)
        page.route("**/jobs/*/results*", lambda route: route.fulfill(status=status, content_type="text/csv", body=text))
        page.goto("/#/batch?job=job_0001")
        return page

    return open_with


def test_ids_are_shown_as_they_came_and_are_harmless_in_the_list_that_is_taken_away(show_results, tmp_path):
    with (page := show_results()).expect_download() as download:
        ids = page.locator(".riskiest tbody th")
        expect(ids).to_have_text(["=2+5", "+15550100123"])
        page.get_by_role("button", name="Download this list").click()
    download.value.save_as(tmp_path / "list.csv")
    text = (tmp_path / "list.csv").read_bytes().decode("utf-8-sig").splitlines()
    assert text[0] == HEAD
    assert text[1].startswith("2,'=2+5,Yes,0.900000,high,")
    assert text[2].startswith("1,+15550100123,No,")


def test_how_many_fields_were_averaged_is_told_by_row_and_in_all(show_results):
    page = show_results()
    expect(page.get_by_text("1 customer rests in part on averages")).to_be_visible()
    expect(page.locator(".riskiest tbody tr").first.locator("td").nth(4)).to_have_text("3")


def test_reasons_that_differ_by_a_figure_are_one_choice_beside_those_of_each_field(show_results):
    page = show_results()
    groups = page.locator("optgroup")
    expect(groups).to_have_count(2)
    assert [group.get_attribute("label") for group in groups.all()] == ["By amount", "Contract"]
    page.get_by_label("Reason", exact=True).select_option("Customer for … months")
    expect(page.locator(".riskiest tbody th")).to_have_text(["=2+5"])


def test_half_a_list_is_not_shown_as_a_whole_one(show_results):
    page = show_results("\n".join(RESULTS.splitlines()[:2]) + "\n")
    expect(page.locator("job-results").get_by_role("alert")).to_contain_text("The results arrived only in part.")
    expect(page.locator(".riskiest")).to_have_count(0)


@pytest.mark.parametrize(
    ("status", "text", "words"),
    [
        (502, "<html><body>Bad gateway</body></html>", "The service answered with status 502."),
        (404, '{"error": "There is no job.", "error_type": "NotFound"}', "There is no job."),
    ],
    ids=["a balancer's page", "the API's own words"],
)
def test_results_that_cannot_be_had_say_so_in_words(show_results, status, text, words):
    page = show_results(text, status, patience=[str(status)])
    alert = page.locator("job-results").get_by_role("alert")
    expect(alert).to_contain_text(words)
    page.unroute("**/jobs/*/results*")
    page.route("**/jobs/*/results*", lambda route: route.fulfill(body=RESULTS, content_type="text/csv"))
    alert.get_by_role("button", name="Try again").click()
    expect(page.locator(".riskiest tbody tr")).to_have_count(2)


def test_slices_have_the_colours_of_the_risk_bands(show_results):
    rows = [f"{at},id,No,{(at + 0.5) / 20:.6f},low,,,,0" for at in range(20)]
    job_rows = "\n".join([HEAD, *rows]) + "\n"
    page = show_results(job_rows)
    bars = page.locator("score-histogram rect")
    expect(bars).to_have_count(20)
    assert [bar.get_attribute("class") for bar in bars.all()] == ["good"] * 6 + ["warn"] * 6 + ["bad"] * 8


def test_the_list_is_printed_with_its_heads_all_its_rows_and_nothing_else_of_the_page(show_results):
    rows = [f"{at},id-{at},No,0.500000,medium,,,,0" for at in range(1, 61)]
    page = show_results("\n".join([HEAD, *rows]) + "\n")
    expect(page.locator(".found")).to_have_text("60 customers")
    page.evaluate("window.print = () => { window.printed = document.querySelectorAll('.riskiest tbody tr').length; }")
    page.get_by_role("button", name="Print this list").click()
    until(page, "window.printed === 60")
    page.emulate_media(media="print")
    for head in ("Customer ID", "Churn probability", "Main reasons"):
        expect(page.get_by_role("columnheader", name=head)).to_be_visible()
        expect(page.get_by_role("columnheader", name=head).get_by_role("button")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".print-only")).to_contain_text("file-1.csv, scored")
    for hidden in ("batch-file", "job-list", ".filters", "nav"):
        expect(page.locator(hidden).first).to_be_hidden()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.locator(".riskiest tbody tr")).to_have_count(20)


def test_what_was_filtered_is_still_so_after_a_look_at_another_page(show_results):
    page = show_results()
    page.get_by_label("Risk band").select_option("high")
    expect(page.locator(".found")).to_have_text("1 customer")
    page.get_by_role("link", name="About", exact=True).click()
    expect(page.get_by_role("heading", name="What it does")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Risk band")).to_have_value("high")
    expect(page.locator(".found")).to_have_text("1 customer")
    page.get_by_label("Risk band").select_option("")
    expect(page.locator(".found")).to_have_text("2 customers")


def test_the_documentation_is_read_where_site_data_is_blocked(open_page):
    page = open_page("#/about")
    page.context.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('', 'SecurityError'); } });"
    )
    page.goto("/docs")
    expect(page.get_by_role("heading", name="Schemas")).to_be_visible()
    expect(page.get_by_text("cannot be reached")).to_have_count(0)
