"""Every page and state, in both colour schemes, narrow and wide: axe finds nothing and nothing scrolls sideways."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests import campaign_answer, experiments_answer, overview_answer, quality_answer
from tests.web.conftest import until_drawn
from tests.web.test_campaigns import PLACE, Service
from tests.web.test_experiments import Service as Experiments
from tests.web.test_jobs import Listing
from tests.web.test_quality import sent

from churn_trainer.data import sample


@pytest.fixture(scope="module")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = list(csv.reader(io.StringIO(sample.csv_bytes().decode())))[:60]
    rows[1][rows[0].index("tenure")] = "500"
    file = tmp_path_factory.mktemp("files") / "a-file-with-a-rather-long-name-from-the-crm-export-of-november.csv"
    with file.open("w", newline="") as target:
        csv.writer(target).writerows(rows)
    return file


def customer(page: Page, file: Path) -> None:
    expect(page.locator("customer-form form")).to_be_visible()


def faults(page: Page, file: Path) -> None:
    page.get_by_role("button", name="Predict churn").click()
    expect(page.locator(".field-error:not([hidden])")).to_have_count(5)


def result(page: Page, file: Path) -> None:
    page.get_by_role("button", name="Example customer").click()
    page.get_by_label("Internet service", exact=True).select_option("")
    page.get_by_role("button", name="Predict churn").click()
    expect(page.locator(".verdict")).to_be_visible()
    page.get_by_label("Contract", exact=True).select_option("Month-to-month")
    expect(page.locator("customer-comparison")).to_be_visible()
    for details in page.locator("summary").all():
        details.click()


def stale(page: Page, file: Path) -> None:
    result(page, file)
    page.get_by_label("Tenure", exact=True).fill("500")
    expect(page.locator("customer-result")).to_have_attribute("data-stale", "")


def waiting(page: Page, file: Path) -> None:
    result(page, file)
    page.route("**/predict*", lambda _: None)
    page.get_by_label("Tenure", exact=True).fill("3")
    expect(page.locator("customer-result")).to_have_attribute("data-busy", "")


def deleting(page: Page, file: Path) -> None:
    scored(page, file)
    page.locator("job-card[data-selected]").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Delete for good")).to_be_visible()


def asked_for_a_key(page: Page, file: Path) -> None:
    page.evaluate("import('/assets/lib/key.js').then(({ changeKey }) => { changeKey().catch(() => {}); })")
    expect(page.get_by_role("dialog")).to_be_visible()


def chosen(page: Page, file: Path) -> None:
    page.get_by_label("Choose a CSV file").set_input_files(file)
    expect(page.locator(".preview")).to_be_visible()


def scored(page: Page, file: Path) -> None:
    chosen(page, file)
    page.get_by_role("button", name="Score file").click()
    expect(page.get_by_role("heading", name="Why 1 row was refused")).to_be_visible(timeout=60_000)


def model(page: Page, file: Path) -> None:
    expect(page.locator("history-table tbody tr")).not_to_have_count(0)
    for details in page.locator("summary").all():
        details.click()


def challenger(page: Page, file: Path) -> None:
    """The model page over made-up experiments, with a question open and all there is to open."""
    Experiments(
        experiments_answer.answer(
            experiments_answer.worse(), *experiments_answer.past(12), retraining=experiments_answer.due()
        )
    ).attach(page)
    page.goto("/#/model")
    page.get_by_role("button", name="Promote", exact=True).click()
    model(page, file)


def no_challenger(page: Page, file: Path) -> None:
    Experiments(experiments_answer.answer(None, experiments_answer.failed())).attach(page)
    page.goto("/#/model")
    expect(page.locator("experiment-list li")).to_have_count(1)


def quality(page: Page, answer: dict[str, Any]) -> None:
    """The page over a made-up answer, with all there is to open."""
    page.route(re.compile(r"/quality$"), lambda route: route.fulfill(json=answer))
    page.route(re.compile(r"/outcomes\?"), Listing(sent(2, status="in_progress"), sent(1)).answer)
    page.goto("/#/quality")
    expect(page.locator("quality-page section").first).to_be_visible()
    for details in page.locator("summary").all():
        details.click()


def came_true(page: Page, file: Path) -> None:
    quality(page, quality_answer.two_years())
    expect(page.locator("job-card")).to_have_count(2)


def unripe(page: Page, file: Path) -> None:
    quality(page, quality_answer.month())


def untracked(page: Page, file: Path) -> None:
    quality(page, quality_answer.empty("off"))


def overview(page: Page, answer: dict[str, Any]) -> None:
    """The page over a made-up answer, with all there is to open."""
    page.route(re.compile(r"/overview$"), lambda route: route.fulfill(json=answer))
    page.route(re.compile(r"/alerts$"), lambda route: route.fulfill(json=overview_answer.alerts()))
    page.goto("/#/overview")
    expect(page.locator("overview-page section").first).to_be_visible()
    if answer["run"]:
        expect(page.get_by_role("heading", name="At risk now")).to_be_visible()
    for details in page.locator("summary").all():
        details.click()


def campaigns(page: Page, service: Service, fragment: str) -> None:
    """The page over a made-up service."""
    service.attach(page)
    page.goto(f"/{fragment}")
    expect(page.locator("campaigns-page section").first).to_be_visible()


def all_campaigns(page: Page, file: Path) -> None:
    states = ("planning", "planned", "running", "closed", "failed")
    listed = [campaign_answer.campaign(status, id=f"cam_{status}", name=status) for status in states]
    campaigns(page, Service(*listed), "#/campaigns")
    expect(page.locator("article.campaign")).to_have_count(5)


def no_campaign(page: Page, file: Path) -> None:
    campaigns(page, Service(), "#/campaigns")
    expect(page.locator("ol.steps")).to_be_visible()


def new_campaign(page: Page, file: Path) -> None:
    campaigns(page, Service(campaign_answer.campaign("closed")), "#/campaigns?new=1")
    expect(page.locator("plan-preview line-chart svg")).to_be_visible()
    page.get_by_role("button", name="Add an offer").click()
    page.get_by_label("Budget").fill("none")
    for details in page.locator("summary").all():
        details.click()


def planned(page: Page, file: Path) -> None:
    campaigns(page, Service(campaign_answer.campaign()), PLACE)
    expect(page.locator("call-list tbody tr")).to_have_count(10)
    page.get_by_role("button", name="Start", exact=True).click()


def planning(page: Page, file: Path) -> None:
    campaigns(page, Service(campaign_answer.campaign("planning")), PLACE)
    expect(page.locator("campaign-view progress")).to_be_visible()


def running(page: Page, file: Path) -> None:
    service = Service(campaign_answer.campaign("running"))
    service.result = campaign_answer.early()
    campaigns(page, service, PLACE)
    expect(page.locator(".finding")).to_be_visible()


def closed(page: Page, file: Path) -> None:
    campaigns(page, Service(campaign_answer.campaign("closed")), PLACE)
    expect(page.locator(".finding")).to_be_visible()
    for details in page.locator("summary").all():
        details.click()
    expect(page.locator("line-chart svg")).to_be_visible()


def at_risk(page: Page, file: Path) -> None:
    overview(page, overview_answer.full())


def nothing_scored(page: Page, file: Path) -> None:
    overview(page, overview_answer.empty())


def about(page: Page, file: Path) -> None:
    expect(page.locator("h1")).to_be_visible()


STATES = {
    "customer": ("#/customer", customer),
    "faults": ("#/customer", faults),
    "result": ("#/customer", result),
    "stale": ("#/customer", stale),
    "waiting": ("#/customer", waiting),
    "asked for a key": ("#/customer", asked_for_a_key),
    "chosen": ("#/batch", chosen),
    "scored": ("#/batch", scored),
    "deleting": ("#/batch", deleting),
    "model": ("#/model", model),
    "challenger": ("#/about", challenger),
    "no challenger": ("#/about", no_challenger),
    "all campaigns": ("#/about", all_campaigns),
    "no campaign": ("#/about", no_campaign),
    "new campaign": ("#/about", new_campaign),
    "planning": ("#/about", planning),
    "planned": ("#/about", planned),
    "running": ("#/about", running),
    "closed": ("#/about", closed),
    "came true": ("#/about", came_true),
    "unripe": ("#/about", unripe),
    "untracked": ("#/about", untracked),
    "at risk": ("#/about", at_risk),
    "nothing scored": ("#/about", nothing_scored),
    "about": ("#/about", about),
}


# What leaves its card sideways, but for what scrolls by itself or is hidden from the eye; half a pixel is rounding.
STICKING_OUT = """[...document.querySelectorAll('.card')].flatMap((card) => {
    const { left, right } = card.getBoundingClientRect();
    const inner = [...card.querySelectorAll('*')].filter((each) => !each.closest('.scroll *, .visually-hidden, pre *'));
    return inner.filter((each) => {
        const box = each.getBoundingClientRect();
        return box.width > 0 && (box.left < left - 0.5 || box.right > right + 0.5);
    }).map((each) => `${each.tagName}.${each.getAttribute('class')}: ${each.textContent.slice(0, 40)}`);
})"""


AXE = {"resultTypes": ["violations"]}


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(open_page, flawed, state):
    fragment, arrive = STATES[state]
    page = open_page(fragment, reduced_motion="reduce", viewport={"width": 1280, "height": 900})
    arrive(page, flawed)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            until_drawn(page)
            # What is no matter of colour is the same in both schemes.
            found = Axe().run(page, options=AXE if scheme == "light" else AXE | {"runOnly": ["color-contrast"]})
            assert found.violations_count == 0, f"{scheme}, {width}: {found.generate_report()}"
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(STICKING_OUT) == []
    page.goto("about:blank")  # or the page would ask the service for what was made up here
    page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("state", ["result", "scored", "model", "came true", "new campaign", "closed", "at risk"])
def test_nothing_scrolls_sideways_on_very_wide_screens_and_text_grows_with_them(open_page, flawed, state):
    fragment, arrive = STATES[state]
    page = open_page(fragment, viewport={"width": 3840, "height": 2160})
    arrive(page, flawed)
    assert page.evaluate("document.documentElement.scrollWidth") <= 3840
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") > 22


def test_more_contrast_makes_every_line_as_dark_as_the_text(open_page):
    page: Page = open_page(contrast="more")
    line, ink = page.evaluate(
        "['--line', '--ink'].map((name) => getComputedStyle(document.documentElement).getPropertyValue(name))"
    )
    assert line == ink


def test_less_motion_means_none(open_page: Callable[..., Page]):
    page = open_page(reduced_motion="reduce")
    expect(page.locator("customer-form form")).to_be_visible()
    durations = page.locator("button").evaluate_all(
        "buttons => buttons.map((button) => getComputedStyle(button).transitionDuration)"
    )
    assert set(durations) == {"0s"}


def test_text_may_be_twice_as_large(open_page):
    page = open_page("#/batch", viewport={"width": 640, "height": 900})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
