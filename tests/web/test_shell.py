"""What surrounds every page: navigation, banners, the footer, the key."""

import pytest
import requests
from playwright.sync_api import Page, Route, expect

PAGES = {
    "Overview": "#/overview",
    "Customer": "#/customer",
    "Batch": "#/batch",
    "Campaigns": "#/campaigns",
    "Quality": "#/quality",
    "Model": "#/model",
    "About": "#/about",
}

# Figures of quality that are still computed.
COMPUTING = ("503",)


@pytest.mark.parametrize(("name", "fragment"), PAGES.items(), ids=PAGES)
def test_a_page_is_opened_by_its_address_and_by_its_link(open_page, name, fragment):
    page = open_page(fragment, patience=COMPUTING)
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
    page = open_page(fragment, patience=COMPUTING)
    expect(page.locator("site-banner")).to_contain_text("made-up sample data")


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


def test_a_page_whose_code_does_not_arrive_says_so_and_can_be_tried_again(open_page):
    page: Page = open_page(patience=["ERR_FAILED"])

    def refuse(route: Route) -> None:
        route.abort()

    page.route("**/about/page.js", refuse)
    page.get_by_role("link", name="About", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    page.unroute("**/about/page.js")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="What it does")).to_be_visible()


def test_a_page_whose_style_does_not_arrive_is_dressed_when_it_is_tried_again(open_page):
    page: Page = open_page(patience=["ERR_FAILED"])
    page.route("**/sections.css", lambda route: route.abort())
    page.get_by_role("link", name="About", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    page.unroute("**/sections.css")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".sections")).to_have_css("display", "grid")


@pytest.mark.parametrize("name", ["__proto__", "constructor", "toString"])
def test_an_address_that_every_object_knows_is_no_page(open_page, name):
    page = open_page(f"#/{name}")
    expect(page.locator("customer-form form")).to_be_visible()
    expect(page).to_have_title("Customer – Churn")


@pytest.mark.parametrize("kind", ["dragover", "drop"])
def test_a_file_that_is_dropped_beside_a_place_for_it_does_not_take_the_pages_place(page, kind):
    drop = """kind => { const data = new DataTransfer(); data.items.add(new File(['a'], 'a.csv'));
        const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data });
        document.querySelector('input').dispatchEvent(event); return event.defaultPrevented; }"""
    expect(page.locator("customer-form form")).to_be_visible()
    assert page.evaluate(drop, kind)
    assert page.evaluate(drop.replace("document.querySelector('input')", "document.querySelector('footer')"), kind)


def test_text_may_be_dropped_into_a_field(page):
    drop = """() => { const data = new DataTransfer(); data.setData('text/plain', 'K-1');
        const event = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data });
        document.querySelector('#field-customerID').dispatchEvent(event); return event.defaultPrevented; }"""
    expect(page.locator("customer-form form")).to_be_visible()
    assert not page.evaluate(drop)


def test_a_service_that_comes_back_is_noticed_with_the_connection(open_page):
    page = open_page("#/about", patience=["ERR_INTERNET_DISCONNECTED"])
    expect(page.get_by_role("contentinfo")).to_contain_text("Service healthy")
    page.context.set_offline(True)
    expect(page.locator("site-banner")).to_contain_text("The service cannot be reached.")
    expect(page.get_by_role("contentinfo")).to_contain_text("Service unreachable")
    page.context.set_offline(False)
    expect(page.locator("site-banner")).not_to_contain_text("cannot be reached")
    expect(page.get_by_role("contentinfo")).to_contain_text("Service healthy")


def test_health_is_looked_at_again_and_again(open_page, site):
    page = open_page("#/about")
    expect(page.get_by_role("contentinfo")).to_contain_text("Service healthy")
    well = requests.get(f"{site}/health", timeout=10).json()
    page.clock.install()
    page.reload()
    expect(page.get_by_role("contentinfo")).to_contain_text("Service healthy")
    page.route("**/health", lambda route: route.fulfill(json=well | {"status": "degraded", "error_rate": 0.5}))
    page.clock.fast_forward(31_000)
    expect(page.get_by_role("contentinfo")).to_contain_text("Service degraded")


@pytest.mark.parametrize(("status", "tone"), [("healthy", "good"), ("degraded", "warn")])
def test_the_footers_dot_has_the_colour_of_the_words(open_page, site, status, tone):
    page = open_page("#/about")
    health = requests.get(f"{site}/health", timeout=10).json() | {"status": status}
    page.route("**/health", lambda route: route.fulfill(json=health))
    page.reload()
    expect(page.locator("site-status .dot")).to_have_class(f"dot {tone}")


def test_the_card_looks_the_same_before_and_after_a_visit_to_the_model(page):
    def gap() -> str:
        expect(page.locator(".verdict")).to_be_visible()
        return str(page.locator(".facts").evaluate("list => getComputedStyle(list).gap"))

    page.get_by_role("button", name="Example customer").click()
    page.get_by_role("button", name="Predict churn").click()
    before = gap()
    page.get_by_role("link", name="Model", exact=True).click()
    expect(page.get_by_role("heading", name="Quality")).to_be_visible()
    page.get_by_role("link", name="Customer", exact=True).click()
    assert gap() == before
