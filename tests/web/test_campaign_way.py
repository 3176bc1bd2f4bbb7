"""The whole way over the real API: from a scored file to the list to call, and on to the running campaign."""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

MOST_ACTIONS = 5


@pytest.fixture
def scored(submit: Callable[[Path], dict[str, Any]], table: list[list[str]], tmp_path: Path) -> str:
    """The name of a file that has been scored."""
    file = tmp_path / "to-be-called.csv"
    with file.open("w", newline="") as target:
        csv.writer(target).writerows(table)
    return str(submit(file)["filename"])


def test_from_a_scored_file_to_the_list_to_call_in_five_actions(open_page, scored, tmp_path):
    page: Page = open_page("#/batch")
    actions: list[str] = []

    def act(control: Locator) -> None:
        actions.append(control.inner_text(timeout=30_000))
        control.click()

    act(page.locator("job-card", has_text=scored).get_by_role("link", name="Plan a campaign"))
    expect(page.locator("plan-preview .tile").first).to_be_visible(timeout=30_000)
    act(page.get_by_role("button", name="Plan this campaign"))
    act(page.get_by_role("button", name="Start", exact=True))
    act(page.get_by_role("button", name="Start the campaign"))
    expect(page.locator("campaign-view .band").first).to_have_text("running")
    with page.expect_download() as download:
        act(page.get_by_role("link", name="Download the list"))
    assert len(actions) <= MOST_ACTIONS
    download.value.save_as(tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as source:
        arms = Counter(row["arm"] for row in csv.DictReader(source))
    assert set(arms) == {"treat", "hold_out"}
    expect(page.locator("call-list")).to_contain_text(f"{arms['treat']} customers to call")
    expect(page.locator("campaign-result .finding")).to_contain_text("Nothing can be said yet", timeout=30_000)
    page.get_by_role("link", name="All campaigns").click()
    expect(page.locator("article.campaign").first).to_contain_text(f"{arms['hold_out']} held out")
