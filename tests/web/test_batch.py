"""The batch page in a real browser: from a file to a list, over the real API, queue and worker."""

import codecs
import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page, expect


def write(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.fixture(scope="module")
def good(table, tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("files") / "customers.csv", table)


@pytest.fixture(scope="module")
def flawed(table, tmp_path_factory) -> Path:
    """Three rows with a wrong tenure, one without a contract."""
    rows = [list(row) for row in table[:101]]
    for row in rows[1:4]:
        row[rows[0].index("tenure")] = "500"
    rows[10][rows[0].index("Contract")] = ""
    return write(tmp_path_factory.mktemp("files") / "flawed.csv", rows)


def cycled(table: list[list[str]], path: Path, rows: int) -> Path:
    header, *body = table
    place = header.index("customerID")
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for number in range(rows):
            row = list(body[number % len(body)])
            row[place] = f"{number:06d}"
            writer.writerow(row)
    return path


@pytest.fixture(scope="module")
def good_job(submit: Callable[[Path], dict[str, Any]], good: Path) -> dict[str, Any]:
    return submit(good)


@pytest.fixture(scope="module")
def flawed_job(submit: Callable[[Path], dict[str, Any]], flawed: Path) -> dict[str, Any]:
    return submit(flawed)


@pytest.fixture
def open_job(open_page: Callable[..., Page]) -> Callable[[dict[str, Any]], Page]:
    """A function that opens the batch page with the customers of a job."""

    def show(job: dict[str, Any]) -> Page:
        page = open_page(f"#/batch?job={job['id']}")
        expect(page.locator(".riskiest tbody tr").first).to_be_visible()
        return page

    return show


@pytest.fixture
def batch(open_page: Callable[..., Page]) -> Page:
    return open_page("#/batch")


def choose(page: Page, file: Path) -> None:
    page.get_by_label("Choose a CSV file").set_input_files(file)


def score(page: Page, file: Path) -> Locator:
    """Submits a file; its job's card once the job is completed."""
    choose(page, file)
    page.get_by_role("button", name="Score file").click()
    card = page.locator("job-card[data-selected]")
    expect(card).to_contain_text(file.name)
    expect(card.locator(".state")).to_have_text("Completed", timeout=60_000)
    return card


def rows_of(page: Page) -> list[list[str]]:
    return [row.split("\t") for row in page.locator(".riskiest tbody tr").all_inner_texts()]


def test_from_a_file_to_the_twenty_riskiest_takes_four_actions(open_page, good, cut_off):
    page = open_page()  # 1
    page.get_by_role("link", name="Batch").click()  # 2
    choose(page, good)  # 3
    page.get_by_role("button", name="Score file").click()  # 4
    expect(page.locator(".riskiest tbody tr")).to_have_count(20, timeout=60_000)
    risks = [float(row[1].replace("\u00a0%", "")) for row in rows_of(page)]
    assert risks == sorted(risks, reverse=True)
    assert cut_off(page) == []


def test_a_file_is_looked_at_before_it_is_sent(batch, good, table):
    expect(batch.get_by_role("button", name="Score file")).to_be_disabled()
    choose(batch, good)
    expect(batch.get_by_text("Every field has its column.")).to_be_visible()
    preview = batch.get_by_role("region", name="First rows of the file")
    expect(preview.locator("tbody tr")).to_have_count(5)
    assert preview.locator("tbody tr").first.inner_text().split("\t") == table[1]
    expect(batch.locator("batch-file")).to_contain_text("about 1,000 rows")
    expect(batch.get_by_role("button", name="Score file")).to_be_enabled()


def test_a_file_may_be_dropped(batch, good):
    transfer = batch.evaluate_handle(
        """text => { const data = new DataTransfer();
        data.items.add(new File([text], 'dropped.csv', { type: 'text/csv' })); return data; }""",
        good.read_text(),
    )
    zone = batch.locator(".drop")
    zone.dispatch_event("dragover", {"dataTransfer": transfer})
    expect(zone).to_have_attribute("data-over", "")
    zone.dispatch_event("drop", {"dataTransfer": transfer})
    expect(batch.locator(".chosen")).to_contain_text("dropped.csv")
    expect(zone).not_to_have_attribute("data-over", "")


def test_the_template_has_the_columns_that_are_asked_for(batch, tmp_path):
    with batch.expect_download() as download:
        batch.get_by_role("button", name="Download a template").click()
    download.value.save_as(tmp_path / "template.csv")
    choose(batch, tmp_path / "template.csv")
    expect(batch.get_by_text("Every field has its column.")).to_be_visible()


def test_an_upload_shows_its_progress_and_can_be_cancelled(batch, table, tmp_path):
    file = cycled(table, tmp_path / "slow.csv", 20_000)
    network = batch.context.new_cdp_session(batch)
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", limits)
    choose(batch, file)
    batch.get_by_role("button", name="Score file").click()
    expect(batch.locator(".upload label")).to_have_text(re.compile(r"Uploading: [1-9]\d?\u00a0%"))
    batch.get_by_role("button", name="Cancel upload").click()
    expect(batch.get_by_text("The upload was cancelled.")).to_be_visible()
    expect(batch.get_by_role("button", name="Score file")).to_be_enabled()


# A broken connection would stand in the console, where nothing else may stand.
BREAK_ONCE = """() => {
    window.keys = [];
    const { send, setRequestHeader } = XMLHttpRequest.prototype;
    XMLHttpRequest.prototype.setRequestHeader = function (name, value) {
        if (name === 'Idempotency-Key') window.keys.push(value);
        return setRequestHeader.call(this, name, value);
    };
    XMLHttpRequest.prototype.send = function (body) {
        if (window.keys.length > 1) return send.call(this, body);
        send.call(this, body);
        this.onload = () => this.onerror();
    };
}"""


def test_an_upload_whose_answer_was_lost_is_tried_again_without_a_second_job(batch, good, site):
    before = len(requests.get(f"{site}/jobs?limit=100", timeout=10).json()["data"])
    batch.evaluate(BREAK_ONCE)
    choose(batch, good)
    batch.get_by_role("button", name="Score file").click()
    expect(batch.get_by_role("alert")).to_contain_text("The upload was interrupted.")
    batch.get_by_role("button", name="Try again").click()
    expect(batch.locator("job-card[data-selected]")).to_be_visible()
    first, second = batch.evaluate("window.keys")
    assert first == second
    assert len(requests.get(f"{site}/jobs?limit=100", timeout=10).json()["data"]) == before + 1


def test_jobs_and_the_open_result_survive_a_reload(batch, good):
    score(batch, good)
    expect(batch.get_by_role("heading", name="Customers in customers.csv")).to_be_visible()
    batch.reload()
    expect(batch.locator("job-card[data-selected]")).to_contain_text("1,000 customers scored, 0 refused")
    expect(batch.get_by_role("heading", name="Customers in customers.csv")).to_be_visible()
    expect(batch.locator(".riskiest tbody tr")).to_have_count(20)


def test_refused_rows_are_grouped_by_what_is_wrong_with_an_example_each(open_job, flawed_job):
    batch = open_job(flawed_job)
    expect(batch.locator("job-card[data-selected]")).to_contain_text("96 customers scored, 4 refused")
    faults = batch.get_by_role("region", name="Why 4 rows were refused")
    expect(faults.locator("tbody tr")).to_have_count(2)
    expect(faults.locator("tbody tr").first).to_contain_text(re.compile("tenure.*out of range.*3.*Row 1: .*500"))
    expect(faults.locator("tbody tr").last).to_contain_text(re.compile("Contract.*missing.*1.*Row 10: "))


@pytest.mark.parametrize(
    ("label", "head"), [("Results", "row,customerID,prediction,"), ("Errors", "row,customerID,field,")]
)
def test_results_and_errors_are_downloads(open_job, flawed_job, tmp_path, label, head):
    batch = open_job(flawed_job)
    card = batch.locator("job-card[data-selected]")
    link = card.get_by_role("link", name=label, exact=True)
    assert link.get_attribute("href").endswith("?excel=1")
    with batch.expect_download() as download:
        link.click()
    assert download.value.suggested_filename.endswith(f"{label.lower()}.csv")
    download.value.save_as(tmp_path / "file.csv")
    assert (tmp_path / "file.csv").read_text("utf-8-sig").startswith(head)


def test_the_list_is_sorted_filtered_searched_and_paged(open_job, good_job, site):
    batch = open_job(good_job)
    results = list(csv.DictReader(io.StringIO(requests.get(f"{site}{good_job['links']['results']}", timeout=10).text)))
    found = batch.locator(".found")
    body = batch.locator(".riskiest tbody tr")
    expect(found).to_have_text("1,000 customers")

    batch.get_by_role("button", name="Row").click()
    expect(batch.get_by_role("columnheader", name="Row")).to_have_attribute("aria-sort", "ascending")
    assert [row[-1] for row in rows_of(batch)] == [result["row"] for result in results[:20]]
    batch.get_by_role("button", name="Next").click()
    expect(batch.locator(".pager")).to_contain_text("21 to 40 of 1,000")
    assert rows_of(batch)[0][-1] == results[20]["row"]
    batch.get_by_role("button", name="Customer ID").click()
    batch.get_by_role("button", name="Customer ID").click()
    expect(body.first).to_contain_text(max(result["customerID"] for result in results))

    high = [result for result in results if result["risk_band"] == "high"]
    batch.get_by_label("Risk band").select_option("high")
    expect(found).to_have_text(f"{len(high)} customer{'s' if len(high) != 1 else ''}")
    batch.get_by_label("Risk band").select_option("")
    monthly = [result for result in results if "Month-to-month contract" in list(result.values())[5:]]
    batch.get_by_label("Reason", exact=True).select_option("Month-to-month contract")
    expect(found).to_have_text(f"{len(monthly)} customers")
    batch.get_by_label("Reason", exact=True).select_option("")
    batch.get_by_label("Search").fill(results[7]["customerID"].lower())
    expect(body).to_have_count(1)
    expect(body.first).to_contain_text(results[7]["customerID"])
    batch.get_by_label("Search").fill("no such customer")
    expect(found).to_have_text("No customer matches. Widen the filters.")


def test_the_filtered_list_can_be_taken_away(open_job, good_job, tmp_path):
    batch = open_job(good_job)
    batch.get_by_label("Risk band").select_option("low")
    expect(batch.locator(".riskiest tbody .band.low")).to_have_count(20)
    with batch.expect_download() as download:
        batch.get_by_role("button", name="Download this list").click()
    assert download.value.suggested_filename == "customers-list.csv"
    download.value.save_as(tmp_path / "list.csv")
    assert (tmp_path / "list.csv").read_bytes().startswith(codecs.BOM_UTF8)
    rows = list(csv.DictReader((tmp_path / "list.csv").open(encoding="utf-8-sig")))
    assert {row["risk_band"] for row in rows} == {"low"}
    assert batch.locator(".found").inner_text() == f"{len(rows)} customers"


def test_the_histogram_counts_every_customer(open_job, good_job):
    batch = open_job(good_job)
    picture = batch.get_by_role("img", name=re.compile("Customers by churn probability"))
    expect(picture).to_have_accessible_description(re.compile("1,000 customers"))
    section = batch.locator("section", has=batch.get_by_role("heading", name="How the scores lie"))
    section.get_by_text("Show as a table").click()
    assert sum(int(cell.replace(",", "")) for cell in section.locator("tbody td").all_inner_texts()) == 1000


def test_a_job_is_deleted_with_its_results(open_job, submit, good):
    batch = open_job(submit(good))
    card = batch.locator("job-card[data-selected]")
    name = card.get_by_role("heading").get_attribute("id")
    card.get_by_role("button", name="Delete").click()
    card.get_by_role("button", name="Delete for good").click()
    expect(batch.locator(f"#{name}")).to_have_count(0)
    expect(batch.locator("job-results")).to_have_count(0)
    assert batch.evaluate("location.hash") == "#/batch"


def test_a_running_job_shows_progress_and_can_be_cancelled_by_keyboard(batch, table, tmp_path):
    choose(batch, cycled(table, tmp_path / "long.csv", 600_000))
    batch.get_by_role("button", name="Score file").press("Enter")
    card = batch.locator("job-card[data-selected]")
    cancel = card.get_by_role("button", name="Cancel")
    expect(card.locator(".progress")).to_contain_text(re.compile(r"of 600,000 rows|Checking"), timeout=60_000)
    cancel.press("Enter")
    expect(card.locator(".state")).to_have_text("Cancelled", timeout=60_000)
    expect(card.get_by_role("button", name="Delete")).to_be_visible()
    expect(card.get_by_role("link")).to_have_count(0)
    expect(card.get_by_role("button", name="Cancel")).to_have_count(0)


# What the worker tells the page, and how many rows there are whenever rows have been drawn.
WITNESS = """(() => {
    window.told = [];
    window.drawn = [];
    window.Worker = class extends Worker {
        constructor(...given) {
            super(...given);
            this.addEventListener('message', ({ data }) => window.told.push(data));
        }
    };
    new MutationObserver((records) => {
        const rows = records.some(({ target }) => target.matches?.('.riskiest tbody'));
        if (rows) window.drawn.push(document.querySelectorAll('.riskiest tbody tr').length);
    }).observe(document, { childList: true, subtree: true });
})()"""
PAGE_ROWS = 20


def test_a_hundred_thousand_rows_cost_the_page_no_more_than_the_twenty_that_it_shows(open_page, table, tmp_path):
    """A worker reads them once, sorts and filters them; what it tells the page, and the page draws, is twenty rows."""
    page = open_page("#/batch")
    score(page, cycled(table, tmp_path / "large.csv", 100_000))
    page.context.add_init_script(WITNESS)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    expect(page.locator(".found")).to_have_text("100,000 customers", timeout=30_000)
    for name in ("Row", "Customer ID", "Churn probability", "Main reasons"):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("columnheader", name=name)).to_have_attribute("aria-sort", re.compile("ending"))
    page.get_by_label("Risk band").select_option("high")
    expect(page.locator(".found")).not_to_have_text("100,000 customers")
    told = page.evaluate("window.told")
    pages = [message["answer"]["rows"] for message in told if "rows" in (message.get("answer") or {})]
    assert page.evaluate("window.drawn") == [len(rows) for rows in pages] == [PAGE_ROWS] * 6
    assert [message["progress"] for message in told if "progress" in message] == [50_000, 100_000]
    assert max(len(json.dumps(message)) for message in told) < 10_000
    assert len([url for url in asked if "/results?" in url]) == 1
