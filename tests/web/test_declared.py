"""The site follows what the release in service declares: a long form, blanks, free values, a swap of releases."""

import csv
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect
from tests.web.conftest import Visits
from tests.wide import WIDE, publish_made_up, subscriber

from churn import release
from churn.store.opening import open_store

# What an answer that is an error makes the browser say.
REFUSED = "422"


class Swapped(NamedTuple):
    """A service with two releases: of the shipped declaration, and of one with 57 other fields."""

    url: str
    shipped: str
    wide: str
    promote: Callable[[str], None]


@pytest.fixture(scope="module")
def swapped(
    start_api: Callable[..., tuple[str, str]],
    start_redis: Callable[..., str],
    free_port: Callable[[], int],
    trained_store: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Swapped:
    folder = tmp_path_factory.mktemp("swapped") / "store"
    shutil.copytree(trained_store.removeprefix("file://"), folder)
    store = open_store(f"file://{folder}")
    (shipped,) = release.versions(store)
    wide = publish_made_up(store)
    port = free_port()
    start_redis("--port", str(port))
    queue = f"redis://127.0.0.1:{port}/0"
    url, _ = start_api(CHURN_STORE_URL=f"file://{folder}", CHURN_QUEUE_URL=queue, CHURN_RELEASE_POLL_SECONDS="1")

    def promote(version: str) -> None:
        release.promote(store, version, release.current(store))
        answered = 0
        # Every process looks for itself: a row of answers is from all of them.
        for _ in range(300):
            answer = requests.get(f"{url}/model_info", timeout=10)
            answered = answered + 1 if answer.ok and answer.json()["version"] == version else 0
            if answered == 10:
                return
            time.sleep(0.05)
        raise AssertionError(version)

    return Swapped(url, shipped, wide, promote)


@pytest.fixture
def visit(browser: Browser, swapped: Swapped) -> Iterator[Callable[..., Page]]:
    """A function that opens a page while the release of 57 fields is in service."""
    swapped.promote(swapped.wide)
    visits = Visits(browser, swapped.url)
    yield visits.open
    visits.end()


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    return visit()


def group(page: Page, title: str) -> Locator:
    return page.locator("customer-group").filter(has=page.locator(".fold-title", has_text=re.compile(f"^{title}$")))


def look(page: Page) -> None:
    """Ask the service at once, as the page does every half minute and whenever it is on line again."""
    page.evaluate("dispatchEvent(new Event('online'))")


def fill_required(page: Page) -> None:
    page.get_by_label("Months in Service").fill("4")
    page.get_by_label("Monthly Revenue").fill("40,50")
    page.get_by_label("Binding").select_option("Monthly")


def predicted(page: Page) -> dict[str, Any]:
    """The customer that the page asks about when the button is pressed."""
    with page.expect_request("**/predict*") as asked:
        page.get_by_role("button", name="Predict churn").click()
    expect(page.locator(".verdict")).to_be_visible()
    return dict(asked.value.post_data_json)


def test_a_long_form_is_folded_by_group_and_counts_what_is_answered(page):
    expect(page.locator(".fold-title")).to_have_text(list(WIDE.groups))
    opened = [group(page, title).locator("details").get_attribute("open") is not None for title in WIDE.groups]
    assert opened == [True, True, False, False, False, False]
    assert page.locator("customer-field").count() == len(WIDE.fields) + 1
    expect(group(page, "Contract").locator(".tally")).to_have_text("0 of 4 answered")
    fill_required(page)
    expect(group(page, "Contract").locator(".tally")).to_have_text("3 of 4 answered")


def test_a_group_opens_by_the_keyboard(page):
    summary = group(page, "Calls").locator("summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Night Calls")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Day Minutes of Use")).to_be_focused()


def test_a_fault_opens_its_group(page):
    fill_required(page)
    group(page, "Calls").locator("summary").click()
    page.get_by_label("Night Calls").fill("99999")
    group(page, "Calls").locator("summary").click()
    expect(page.get_by_label("Night Calls")).to_be_hidden()
    page.get_by_role("button", name="Predict churn").click()
    expect(page.get_by_label("Night Calls")).to_be_focused()
    expect(page.get_by_label("Night Calls")).to_have_accessible_description(
        re.compile("between 0 and 10,000 calls; got 99999")
    )
    expect(group(page, "Calls").locator(".tally")).to_have_text("1 needs attention · 1 of 16 answered")


def test_a_field_is_found_by_a_part_of_its_name(page):
    sought = page.get_by_label("Find a field")
    sought.fill("night")
    expect(page.locator("customer-field:visible")).to_have_count(4)
    expect(page.locator(".finder [role=status]")).to_have_text("4 fields")
    sought.press("Enter")
    expect(page.get_by_label("Night Minutes of Use")).to_be_focused()
    sought.fill("nothing like it")
    expect(page.locator(".finder [role=status]")).to_have_text("No field is called so.")
    page.get_by_role("button", name="Predict churn").click()
    expect(page.get_by_label("Months in Service")).to_be_focused()


def test_blanks_and_values_that_are_not_listed_are_sent_as_such(page):
    fill_required(page)
    page.get_by_label("Area").fill("Atlantis")
    page.get_by_label("Handset").select_option("Blank")
    page.get_by_label("Left blank").check()
    expect(page.get_by_label("Remaining Contract")).to_be_disabled()
    customer = predicted(page)
    assert customer == {
        "Months in Service": 4,
        "Monthly Revenue": 40.5,
        "Binding": "Monthly",
        "Area": "Atlantis",
        "Handset": "",
        "Remaining Contract": "",
    }
    page.reload()
    expect(page.locator(".verdict")).to_be_visible()
    expect(page.get_by_label("Left blank")).to_be_checked()
    page.get_by_label("Left blank").uncheck()
    page.get_by_label("Remaining Contract").fill("3")
    expect(page.locator("customer-comparison")).to_contain_text("Remaining Contract: blank → 3 months")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Left blank")).to_be_checked()


def test_somebody_of_another_age_is_another_customer_and_not_compared(page):
    fill_required(page)
    page.get_by_label("Years of Age").fill("40")
    predicted(page)
    page.get_by_label("Monthly Revenue").fill("60")
    expect(page.locator("customer-comparison")).to_be_visible()
    page.get_by_label("Years of Age").fill("41")
    expect(page.locator("customer-comparison")).to_be_hidden()


def test_a_blank_can_be_implied(page):
    group(page, "Data").locator("summary").click()
    speed = page.get_by_label("Package Speed")
    page.get_by_label("Package", exact=True).select_option("None")
    expect(speed).to_be_disabled()
    expect(speed.locator("option:checked")).to_have_text("Blank")
    page.get_by_label("Package", exact=True).select_option("Large")
    assert speed.locator("option").all_inner_texts() == ["I don't know", "Fast", "Slow"]


def test_who_a_customer_is_cannot_be_tried_as_a_change(page):
    fill_required(page)
    page.get_by_label("Sex").select_option("Male")
    predicted(page)
    page.get_by_label("Months in Service").fill("40")
    expect(page.locator("customer-comparison")).to_contain_text("4 months → 40 months")
    page.get_by_label("Sex").select_option("Female")
    expect(page.locator("customer-comparison")).to_be_hidden()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_a_long_form_fits_and_has_no_barriers(visit, width, scheme):
    page = visit(viewport={"width": width, "height": 700}, color_scheme=scheme)
    for title in WIDE.groups[2:]:
        group(page, title).locator("summary").click()
    page.get_by_label("Left blank").check()
    page.get_by_role("button", name="Predict churn").click()
    expect(page.get_by_label("Months in Service")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert Axe().run(page).response["violations"] == []


def test_the_form_follows_a_swap_of_releases_and_back_without_losing_what_was_typed(visit, swapped):
    swapped.promote(swapped.shipped)
    page = visit(patience=[REFUSED])
    page.get_by_role("button", name="Example customer").click()
    page.get_by_role("button", name="Predict churn").click()
    expect(page.locator(".verdict")).to_be_visible()
    swapped.promote(swapped.wide)
    # The other release refuses what the form asks it: the form notices.
    page.get_by_label("Tenure", exact=True).fill("7")
    fill_required(page)
    expect(page.locator(".news")).to_contain_text("Another release is in service.")
    assert predicted(page)["Binding"] == "Monthly"
    swapped.promote(swapped.shipped)
    look(page)
    expect(page.get_by_label("Tenure", exact=True)).to_have_value("7")
    expect(page.locator(".news")).to_contain_text("keeps 19 answers of yours")
    expect(page.locator(".verdict")).to_be_visible()


def test_the_model_page_shows_another_release_as_soon_as_it_is_in_service(visit, swapped):
    page = visit("#/model")
    expect(page.locator(".facts").first).to_contain_text("mobile, 57 fields")
    swapped.promote(swapped.shipped)
    look(page)
    expect(page.locator(".news")).to_contain_text("Another release is in service.")
    expect(page.locator(".facts").first).to_contain_text("telco, 19 fields")


def test_a_chosen_file_is_looked_at_again_when_another_release_reads_it(visit, swapped, tmp_path):
    customers = [subscriber(random.Random(seed)) for seed in range(30)]
    rows = ([f"S{number}", 33, *map(customer.get, WIDE.fields)] for number, customer in enumerate(customers))
    renamed = {"Area": "Service Area", "Day Calls": "day_calls"}
    file = tmp_path / "subscribers.csv"
    with file.open("w", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["Subscriber No", "CLTV", *[renamed.get(name, name) for name in WIDE.fields]])
        writer.writerows(rows)
    swapped.promote(swapped.shipped)
    page = visit("#/batch")
    page.locator("#batch-file").set_input_files(file)
    expect(page.get_by_text("This file cannot be scored as it is.")).to_be_visible()
    swapped.promote(swapped.wide)
    look(page)
    expect(page.locator("batch-file .news")).to_contain_text("Another release is in service.")
    expect(page.get_by_text("Left out, because no field has this name: CLTV.")).to_be_visible()
    page.get_by_role("button", name="Score file").click()
    expect(page.locator(".found")).to_have_text("30 customers")
    expect(page.locator("table.riskiest tbody th").first).to_have_text(re.compile(r"^S\d+$"))


@pytest.mark.parametrize("reasons", [0, 1, 3])
def test_a_saved_list_has_the_columns_of_the_jobs_own_file(visit, swapped, tmp_path, reasons):
    file = tmp_path / "subscribers.csv"
    with file.open("w", newline="") as target:
        writer = csv.DictWriter(target, list(WIDE.fields))
        writer.writeheader()
        writer.writerows(subscriber(random.Random(seed)) for seed in range(5))
    address = f"{swapped.url}/jobs?reasons={reasons}"
    job = requests.post(address, files={"file": file.open("rb")}, timeout=30).json()
    page = visit(f"#/batch?job={job['id']}")
    expect(page.locator(".found")).to_have_text("5 customers", timeout=30_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download this list").click()
    saved = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    results = requests.get(f"{swapped.url}{job['links']['results']}", timeout=10).text.splitlines()
    assert saved[0] == results[0]
    assert sorted(len(row) for row in csv.reader(saved)) == sorted(len(row) for row in csv.reader(results))
