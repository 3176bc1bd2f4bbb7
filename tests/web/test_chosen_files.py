"""The files that people choose: mended, changed, moved, several at once, dropped, and judged by the service alone."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, Route, expect


@pytest.fixture
def file(table, tmp_path) -> Path:
    path = tmp_path / "customers.csv"
    path.write_text("".join(f"{','.join(row)}\n" for row in table[:31]))
    return path


@pytest.fixture
def batch(open_page: Callable[..., Page]) -> Page:
    return open_page("#/batch")


def pick(page: Page, *files: Path) -> None:
    """By the button, as people do: the browser says nothing where the same file is chosen again."""
    with page.expect_file_chooser() as chooser:
        page.get_by_text("Choose a CSV file").click()
    chooser.value.set_files(files)


def drop(page: Page, *names: str, place: str = ".drop") -> None:
    transfer = page.evaluate_handle(
        """names => { const data = new DataTransfer();
        for (const name of names) data.items.add(new File(['a,b'], name)); return data; }""",
        list(names),
    )
    page.locator(place).dispatch_event("drop", {"dataTransfer": transfer})


def judge(page: Page, **look: object) -> None:
    """Has the service say this of every file."""
    good = {"ok": True, "error": None, "errors": [], "columns": [], "ignored_columns": [], "absent_columns": []}
    page.unroute("**/jobs/check*")
    page.route("**/jobs/check*", lambda route: route.fulfill(json=good | {"notes": [], "rows": 1, "sample": []} | look))


def score(page: Page) -> None:
    page.get_by_role("button", name="Score file").click()


def test_a_file_that_was_mended_and_is_chosen_again_is_looked_at_again(batch, file):
    judge(batch, ok=False, error="tenure is missing.")
    pick(batch, file)
    expect(batch.get_by_text("tenure is missing.")).to_be_visible()
    expect(batch.get_by_role("button", name="Score file")).to_be_disabled()
    judge(batch)
    pick(batch, file)
    expect(batch.get_by_text("Every field has its column.")).to_be_visible()
    expect(batch.get_by_role("button", name="Score file")).to_be_enabled()


@pytest.mark.parametrize("deed", ["saved again", "moved", "deleted"])
def test_a_file_that_is_no_longer_what_was_chosen_is_asked_for_again(batch, file, deed):
    pick(batch, file)
    expect(batch.get_by_role("button", name="Score file")).to_be_enabled()
    if deed == "saved again":
        file.write_text(file.read_text() * 2)
        os.utime(file, (1, 1))
    elif deed == "moved":
        file.rename(file.with_name("elsewhere.csv"))
    else:
        file.unlink()
    score(batch)
    expect(batch.get_by_role("alert")).to_contain_text("customers.csv cannot be read: it has changed or was moved")
    expect(batch.get_by_role("alert")).to_contain_text("Choose it again.")
    expect(batch.get_by_role("alert")).not_to_contain_text("interrupted")
    expect(batch.get_by_role("button", name="Try again")).to_have_count(0)
    expect(batch.get_by_role("button", name="Score file")).to_be_disabled()


def test_a_file_that_was_saved_again_is_scored_once_it_is_chosen_again(batch, file):
    pick(batch, file)
    expect(batch.get_by_role("button", name="Score file")).to_be_enabled()
    os.utime(file, (1, 1))
    score(batch)
    expect(batch.get_by_role("alert")).to_contain_text("Choose it again.")
    pick(batch, file)
    expect(batch.get_by_role("button", name="Score file")).to_be_enabled()
    score(batch)
    expect(batch.locator(".riskiest tbody tr")).to_have_count(20, timeout=60_000)


def test_several_files_are_taken_one_after_another(batch, file):
    second = file.with_name("second.csv")
    second.write_text(file.read_text())
    pick(batch, file, second)
    expect(batch.locator(".chosen")).to_contain_text("customers.csv")
    expect(batch.get_by_text("One file at a time: second.csv comes next.")).to_be_visible()
    score(batch)
    expect(batch.locator(".chosen")).to_contain_text("second.csv")
    score(batch)
    for name in ("customers.csv", "second.csv"):
        expect(batch.locator("job-card", has_text=name).first).to_contain_text("Completed", timeout=60_000)
    expect(batch.locator(".chosen")).to_have_count(0)


def test_the_next_file_can_be_gone_on_to_where_the_first_cannot_be_scored(batch):
    judge(batch, ok=False, error="No.")
    drop(batch, "one.csv", "two.csv", "three.csv")
    expect(batch.get_by_text("One file at a time: two.csv and three.csv come next.")).to_be_visible()
    batch.get_by_role("button", name="Go on to two.csv").click()
    expect(batch.locator(".chosen")).to_contain_text("two.csv")
    expect(batch.get_by_text("One file at a time: three.csv comes next.")).to_be_visible()


def test_what_is_dropped_while_a_file_is_sent_waits_and_does_not_take_its_place(batch, file):
    held: list[Route] = []
    batch.route("**/jobs", lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    pick(batch, file)
    expect(batch.get_by_role("button", name="Score file")).to_be_enabled()
    score(batch)
    expect(batch.get_by_role("button", name="Cancel upload")).to_be_visible()
    drop(batch, "other.csv")
    expect(batch.get_by_text("One file at a time: other.csv comes next.")).to_be_visible()
    expect(batch.locator(".chosen")).to_contain_text("customers.csv")
    expect(batch.get_by_role("button", name="Cancel upload")).to_be_visible()
    held[0].continue_()
    expect(batch.locator(".chosen")).to_contain_text("other.csv")
    expect(batch.locator("job-card[data-selected]")).to_contain_text("customers.csv")


def test_something_dropped_that_is_no_file_is_named(batch):
    drop(batch)
    expect(batch.get_by_role("alert")).to_contain_text("What was dropped is not a file.")


def test_what_the_service_says_of_a_file_is_shown_before_it_is_sent(batch, file):
    judge(
        batch,
        columns=["customerID", "gender"],
        sample=[{"customerID": "<b>1", "gender": "Male"}],
        absent_columns=["TotalCharges", "Partner"],
        ignored_columns=["Region"],
        notes=[
            "The cells are separated by semicolons.",
            "There is no column for TotalCharges, Partner: absent in every row.",
        ],
        rows=7043,
    )
    pick(batch, file)
    said = batch.locator("batch-file")
    for words in (
        "about 7,043 rows",
        "All columns that are needed are there.",
        "There is no column for TotalCharges, Partner: absent in every row.",
        "Left out, because no field has this name: Region.",
        "The cells are separated by semicolons.",
    ):
        expect(said).to_contain_text(words)
    preview = batch.get_by_role("region", name="First rows of the file")
    assert preview.locator("tbody tr").inner_text().split("\t") == ["<b>1", "Male"]
    expect(batch.get_by_role("status").filter(has=preview)).to_have_count(0)


def test_every_fault_that_the_service_names_is_shown(batch, file):
    errors = [{"field": "a", "code": "missing", "message": f"Column {name} is missing."} for name in "abc"]
    judge(batch, ok=False, error="3 fields need attention.", errors=errors)
    pick(batch, file)
    for error in errors:
        expect(batch.get_by_text(error["message"])).to_be_visible()
    expect(batch.get_by_role("button", name="Score file")).to_be_disabled()


def test_the_service_is_asked_with_the_files_beginning_its_size_and_its_name(batch, tmp_path):
    file = tmp_path / "Kündigungen & Käse.csv"
    file.write_bytes(b"a,b\n" * 75_000)
    with batch.expect_request("**/jobs/check*") as asked:
        pick(batch, file)
    assert "size=300000" in asked.value.url
    assert "name=K%C3%BCndigungen+%26+K%C3%A4se.csv" in asked.value.url
    assert asked.value.header_value("content-type") == "application/octet-stream"


@pytest.mark.parametrize(("status", "error"), [(503, "The store is away."), (404, "There is nothing.")])
def test_a_file_that_cannot_be_looked_at_may_be_sent_all_the_same(open_page, file, status, error):
    batch = open_page("#/batch", patience=[str(status)])
    batch.unroute("**/jobs/check*")
    batch.route("**/jobs/check*", lambda route: route.fulfill(status=status, json={"error": error}))
    pick(batch, file)
    expect(batch.locator("batch-file")).to_contain_text("The file could not be looked at beforehand.")
    expect(batch.locator("batch-file")).to_contain_text(error)
    score(batch)
    expect(batch.locator("job-card[data-selected]")).to_contain_text("customers.csv")


def test_while_a_file_is_sent_the_button_keeps_the_focus_and_leaving_is_asked_about(batch, file):
    batch.route("**/jobs", lambda route: None if route.request.method == "POST" else route.continue_())
    pick(batch, file)
    button = batch.get_by_role("button", name="Score file")
    expect(button).to_be_enabled()
    button.press("Enter")
    expect(batch.get_by_role("button", name="Cancel upload")).to_be_visible()
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-disabled", "true")
    leave = "() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert batch.evaluate(leave)
    batch.get_by_role("button", name="Cancel upload").press("Enter")
    expect(batch.get_by_text("The upload was cancelled.")).to_be_visible()
    expect(button).to_be_focused()
    assert not batch.evaluate(leave)
    batch.unroute_all(behavior="ignoreErrors")


def test_an_upload_goes_on_while_another_page_is_looked_at(batch, file):
    held: list[Route] = []
    batch.route("**/jobs", lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    pick(batch, file)
    expect(batch.get_by_role("button", name="Score file")).to_be_enabled()
    score(batch)
    expect(batch.get_by_role("button", name="Cancel upload")).to_be_visible()
    batch.get_by_role("link", name="About", exact=True).click()
    expect(batch.get_by_role("heading", name="What it does")).to_be_visible()
    batch.get_by_role("link", name="Batch", exact=True).click()
    expect(batch.get_by_role("button", name="Cancel upload")).to_be_visible()
    expect(batch.locator(".chosen")).to_contain_text("customers.csv")
    batch.get_by_role("link", name="About", exact=True).click()
    held[0].continue_()
    batch.wait_for_event("response", lambda response: response.url.endswith("/jobs") and response.status == 202)
    batch.get_by_role("link", name="Batch", exact=True).click()
    expect(batch.locator("job-card[data-selected]")).to_contain_text("customers.csv")


def test_after_a_file_was_sent_the_focus_is_on_its_job(batch, file):
    pick(batch, file)
    expect(batch.get_by_role("button", name="Score file")).to_be_enabled()
    batch.route("**/jobs/*/results*", lambda _: None)
    batch.get_by_role("button", name="Score file").press("Enter")
    expect(batch.locator("job-card[data-selected]").get_by_role("heading")).to_be_visible()
    assert batch.evaluate("document.activeElement.closest('job-card, job-results') !== null")
    batch.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("ok", [True, False], ids=["good", "faulty"])
def test_a_file_that_is_still_looked_at_is_sent_when_nothing_speaks_against_it(batch, file, ok):
    held: list[Route] = []
    sent: list[str] = []
    batch.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    batch.route("**/jobs/check*", lambda route: held.append(route) or None)
    pick(batch, file)
    score(batch)
    expect(batch.get_by_text("Looking at customers.csv…")).to_be_visible()
    look = {"ok": ok, "error": None if ok else "No.", "errors": [], "columns": [], "notes": [], "rows": 1, "sample": []}
    held[0].fulfill(json=look | {"ignored_columns": [], "absent_columns": []})
    if ok:
        expect(batch.locator("job-card[data-selected]")).to_contain_text("customers.csv")
    else:
        expect(batch.get_by_text("This file cannot be scored as it is.")).to_be_visible()
        expect(batch.get_by_role("button", name="Score file")).to_be_disabled()
    assert len([url for url in sent if url.endswith("/jobs")]) == int(ok)


def text(table: list[list[str]], comma: str = ",", end: str = "\n") -> str:
    return "".join(f"{comma.join(row)}{end}" for row in table)


SHAPES: dict[str, Callable[[list[list[str]]], bytes]] = {
    "as it should be": lambda table: text(table).encode(),
    "carriage returns": lambda table: text(table, end="\r").encode(),
    "blanks first": lambda table: ("   \n" + text(table)).encode(),
    "UTF-16": lambda table: text(table, "\t").encode("utf-16"),
    "semicolons": lambda table: text(table, ";").encode(),
    "gzip": lambda table: gzip.compress(text(table).encode()),
    "other capitals": lambda table: text([[name.upper() for name in table[0]], *table[1:]]).encode(),
    "a column too many": lambda table: text([[*row, "x"] for row in table]).encode(),
    "empty columns at the end": lambda table: text([[*row, "", ""] for row in table]).encode(),
    "a column missing": lambda table: text([row[:5] + row[6:] for row in table]).encode(),
    "a column twice": lambda table: text([[*row, row[5]] for row in table]).encode(),
    "no header": lambda table: text(table[1:]).encode(),
    "an open quote": lambda table: (text(table) + '"').encode(),
    "no text": lambda _: bytes(range(256)) * 9,
    "nothing": lambda _: b"",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_page_and_the_api_judge_alike(batch, site, table, tmp_path, shape):
    file = tmp_path / "shape.csv"
    file.write_bytes(SHAPES[shape](table[:31]))
    pick(batch, file)
    expect(batch.locator(".chosen")).to_contain_text("shape.csv")
    answer = requests.post(f"{site}/jobs", files={"file": file.open("rb")}, timeout=30)
    expect(batch.get_by_role("button", name="Score file")).to_be_enabled(enabled=answer.ok)
    if not answer.ok:
        expect(batch.locator("batch-file")).to_contain_text(answer.json()["error"])


def test_customers_as_json_are_refused_before_they_are_sent(batch, tmp_path):
    file = tmp_path / "customers.json"
    file.write_text('[{"tenure": 1}]')
    pick(batch, file)
    expect(batch.get_by_text("This file cannot be scored as it is.")).to_be_visible()
    expect(batch.get_by_role("button", name="Score file")).to_be_disabled()
