"""The key that a service in production wants: asked for in plain words, from every place, and kept by the open tabs."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, Route, expect
from tests.web.conftest import until

KEY = "kf83hfA9s-the-only-key-there-is"
SCORER = "agents-who-may-score-8dh3kd93kd"


@pytest.fixture(scope="module")
def locked(
    start_api: Callable[..., tuple[str, str]],
    start_redis: Callable[..., str],
    free_port: Callable[[], int],
    trained_store: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """A service that wants a key: one may do everything, the other only score customers."""
    file: Path = tmp_path_factory.mktemp("keys") / "keys"
    file.write_text(f"call-center score {SCORER}\n")
    file.chmod(0o600)
    port = free_port()
    start_redis("--port", str(port))
    settings = {"CHURN_STORE_URL": trained_store, "CHURN_QUEUE_URL": f"redis://127.0.0.1:{port}/0"}
    url, _ = start_api(**settings, CHURN_API_KEYS=KEY, CHURN_API_KEYS_FILE=str(file))
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
    until(page, "canvas => canvas.width > 300", picture.element_handle())


def test_without_a_key_the_page_says_so_and_can_be_tried_again(open_page, locked):
    page = open_page(base=locked, patience=["401"])
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("No key was given.")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def hold(page: Page, key: str, fragment: str) -> None:
    """Goes on as if the key had been entered before."""
    page.evaluate("key => sessionStorage.setItem('churn-api-key', key)", key)
    page.goto(f"/{fragment}")
    page.reload()


def enter(page: Page, key: str) -> None:
    page.get_by_role("dialog").get_by_label("API key").fill(key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_question_is_in_the_words_of_those_who_answer_calls(open_page, locked):
    page = open_page(base=locked, patience=["401"])
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Enter your key. Whoever runs this service at your company gives you one.")
    for text in (dialog.inner_text(), page.locator("body").inner_text()):
        for word in ("CHURN_API_KEYS", "Bearer", "X-API-Key"):
            assert word not in text
    dialog.get_by_label("API key").fill("none-of-the-keys-that-there-are")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("not, or no longer, accepted")


def test_a_service_that_wants_a_key_is_not_called_unreachable(open_page, locked):
    page = open_page("#/about", base=locked, patience=["401"])
    footer = page.get_by_role("contentinfo")
    expect(footer).to_contain_text("Service healthy · answers with a key alone")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator("site-banner")).to_be_empty()
    footer.get_by_role("button", name="Enter a key").click()
    enter(page, KEY)
    expect(footer).to_contain_text("release")
    expect(footer.get_by_role("button", name="Use another key")).to_be_visible()


def test_the_footers_own_look_asks_for_no_key(open_page, locked):
    page = open_page("#/about", base=locked, patience=["401", "ERR_FAILED"])
    page.route("**/openapi.json", lambda route: route.fulfill(json={"info": {"version": "1"}, "components": {}}))
    page.reload()
    expect(page.get_by_role("contentinfo")).to_contain_text("answers with a key alone")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_key_that_lacks_a_scope_is_told_which_and_can_be_replaced(open_page, locked):
    page = open_page("#/about", base=locked, patience=["401", "403", "503"])
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    hold(page, SCORER, "#/batch")
    alert = page.locator("job-list").get_by_role("alert")
    expect(alert).to_contain_text("Your key may not send files or plan campaigns: it lacks the scope “jobs”.")
    alert.get_by_role("button", name="Use another key").click()
    enter(page, KEY)
    expect(alert).to_have_count(0)


def test_another_key_can_be_entered_at_any_time_and_cancelling_keeps_the_one_in_use(open_page, locked):
    page = open_page("#/about", base=locked, patience=["401"])
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    hold(page, KEY, "#/model")
    expect(page.get_by_role("heading", name="Quality")).to_be_visible()
    page.get_by_role("button", name="Use another key").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert page.evaluate("sessionStorage.getItem('churn-api-key')") == KEY


def test_a_new_tab_takes_the_key_of_those_that_are_open(open_page, locked):
    page = open_page("#/about", base=locked, patience=["401"])
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    hold(page, KEY, "#/about")
    expect(page.get_by_role("contentinfo")).to_contain_text("release")
    other = page.context.new_page()
    other.goto(f"{locked}/#/customer")
    expect(other.locator("customer-form form")).to_be_visible()
    expect(other.get_by_role("dialog")).to_have_count(0)


def test_with_a_key_what_programs_read_is_shown_on_the_page(open_page, locked):
    page = open_page("#/about", base=locked, patience=["401"])
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    hold(page, KEY, "#/about")
    page.get_by_role("link", name="release in service").click()
    expect(page.locator("pre")).to_contain_text('"model_name"')


def test_with_a_key_a_download_is_fetched_with_it(open_page, locked, tmp_path):
    page = open_page("#/about", base=locked, patience=["401"])
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    hold(page, KEY, "#/model")
    with page.expect_download() as download:
        page.get_by_role("link", name="Model card").click()
    download.value.save_as(tmp_path / "card.html")
    assert "<html" in (tmp_path / "card.html").read_text()


def test_a_key_is_kept_in_memory_where_site_data_is_blocked(open_page, locked):
    page = open_page("#/about", base=locked, patience=["401"])
    page.context.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('', 'SecurityError'); } });"
    )
    page.goto("/#/customer")
    page.reload()
    enter(page, KEY)
    page.get_by_role("button", name="Example customer").click()
    page.get_by_role("button", name="Predict churn").click()
    expect(page.locator(".verdict")).to_be_visible()
    page.get_by_role("link", name="Model", exact=True).click()
    expect(page.get_by_role("heading", name="Quality")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_key_that_is_revoked_while_the_page_is_open_is_asked_for_again_by_the_results(
    open_page, locked, table, tmp_path
):
    file = tmp_path / "thirty.csv"
    file.write_text("".join(f"{','.join(row)}\n" for row in table[:31]))
    given = {"Authorization": f"Bearer {KEY}"}
    job = requests.post(f"{locked}/jobs", files={"file": file.open("rb")}, headers=given, timeout=30).json()
    page = open_page("#/about", base=locked, patience=["401"])
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()

    def let_pass(route: Route) -> None:
        route.continue_(headers=route.request.headers | {"authorization": f"Bearer {KEY}"})

    page.route(re.compile("/(jobs(?!.*/results)|openapi|model_info)"), let_pass)
    hold(page, "a-key-that-was-revoked-meanwhile", f"#/batch?job={job['id']}")
    enter(page, KEY)
    expect(page.locator(".riskiest tbody tr")).to_have_count(20)
