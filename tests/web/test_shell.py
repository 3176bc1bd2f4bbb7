"""What surrounds every page: navigation, banners, the footer, the key."""

import re
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Page, Route, expect

PAGES = {"Customer": "#/customer", "Batch": "#/batch", "Model": "#/model", "About": "#/about"}
KEY = "kf83hfA9s-the-only-key-there-is"


@pytest.mark.parametrize(("name", "fragment"), PAGES.items(), ids=PAGES)
def test_a_page_is_opened_by_its_address_and_by_its_link(open_page, name, fragment):
    page = open_page(fragment)
    expect(page.locator("h1")).to_have_count(1)
    heading = page.locator("h1").inner_text()
    expect(page.get_by_role("link", name=name, exact=True)).to_have_attribute("aria-current", "page")
    expect(page).to_have_title(f"{name} – Churn")
    other = "About" if name != "About" else "Model"
    page.get_by_role("link", name=other, exact=True).click()
    expect(page.locator("h1")).not_to_have_text(heading)
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.locator("h1")).to_have_text(heading)
    expect(page.locator("h1")).to_be_focused()
    page.go_back()
    expect(page.locator("h1")).not_to_have_text(heading)


def test_an_unknown_address_shows_the_customer_page(open_page):
    expect(open_page("#/nowhere").locator("customer-page")).to_be_visible()


def test_the_first_tab_leads_past_the_navigation(page):
    expect(page.locator("customer-form form")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page.locator("customer-page")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Customer ID")).to_be_focused()


def test_there_are_landmarks_for_those_who_jump(page):
    for role in ("banner", "navigation", "main", "contentinfo"):
        expect(page.get_by_role(role)).to_have_count(1)


@pytest.mark.parametrize("fragment", PAGES.values(), ids=PAGES)
def test_a_model_of_made_up_data_is_announced_on_every_page(open_page, fragment):
    expect(open_page(fragment).locator("site-banner")).to_contain_text("made-up sample data")


def test_the_footer_tells_release_version_and_health(page, site):
    info = requests.get(f"{site}/model_info", timeout=10).json()
    version = requests.get(f"{site}/openapi.json", timeout=10).json()["info"]["version"]
    footer = page.get_by_role("contentinfo")
    expect(footer).to_contain_text(f"Service healthy · {info['model_name']}, release {info['version']}")
    expect(footer).to_contain_text(f"Churn {version}")
    expect(footer.get_by_role("link", name="API documentation")).to_have_attribute("href", "/docs")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"checks": {"model": "ok", "cache": "failing", "queue": "failing"}}, "the cache and queue are failing"),
        ({"error_rate": 0.12, "checks": {"model": "ok"}}, "12\u00a0% of the latest prediction requests failed"),
    ],
    ids=["checks", "errors"],
)
def test_a_service_that_is_not_well_is_announced(open_page, site, change, said):
    page = open_page("#/about")
    sick = requests.get(f"{site}/health", timeout=10).json() | {"status": "degraded"} | change
    page.route("**/health", lambda route: route.fulfill(json=sick))
    page.reload()
    expect(page.locator("site-banner")).to_contain_text(f"The service is degraded: {said}.")
    expect(page.get_by_role("contentinfo")).to_contain_text("Service degraded")


@pytest.fixture(scope="module")
def locked(start_api: Callable[..., tuple[str, str]], trained_store: str) -> str:
    """A service that wants a key."""
    url, _ = start_api(CHURN_STORE_URL=trained_store, CHURN_API_KEYS=KEY)
    return url


def test_where_a_key_is_wanted_the_site_asks_once_and_keeps_it_for_the_tab(open_page, locked):
    page = open_page(base=locked, patience=["401"])
    dialog = page.get_by_role("dialog", name="This service wants a key")
    expect(dialog).to_be_visible()
    dialog.get_by_label("API key").fill("not-the-right-key-at-all")
    dialog.get_by_role("button", name="Use this key").click()
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("API key")).to_have_value("")
    dialog.get_by_label("API key").fill(KEY)
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Example customer").click()
    page.get_by_role("button", name="Predict churn").click()
    expect(page.locator(".verdict")).to_be_visible()
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.get_by_role("button", name="Copy curl").click()
    assert "$CHURN_API_KEY" in page.evaluate("window.copied")
    assert KEY not in page.evaluate("window.copied")
    page.reload()
    expect(page.get_by_role("button", name="Example customer")).to_be_visible()
    expect(page.get_by_role("contentinfo")).to_contain_text("release")
    expect(dialog).to_have_count(0)


def test_with_a_key_plots_are_fetched_and_painted(open_page, locked):
    page = open_page("#/about", base=locked, patience=["401"])
    page.evaluate("key => sessionStorage.setItem('churn-api-key', key)", KEY)
    page.goto("/#/model")
    page.reload()
    picture = page.get_by_role("img", name="Model comparison")
    expect(picture).to_be_visible()
    page.wait_for_timeout(500)
    assert picture.evaluate("canvas => canvas.width") > 300


def test_without_a_key_the_page_says_so_and_can_be_tried_again(open_page, locked):
    page = open_page(base=locked, patience=["401"])
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("No key was given.")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_page_whose_code_does_not_arrive_says_so_and_can_be_tried_again(open_page):
    page: Page = open_page(patience=["ERR_FAILED"])

    def refuse(route: Route) -> None:
        route.abort()

    page.route("**/about/page.js", refuse)
    page.get_by_role("link", name="About", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    page.unroute("**/about/page.js")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("h1")).to_have_text(re.compile("About"))
