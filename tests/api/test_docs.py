"""The page that shows the API's document."""

from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page
from pydantic import SecretStr
from tests.telco import TELCO
from werkzeug.serving import make_server

from churn_api.app import ENDPOINTS
from churn_api.openapi.document import document
from churn_api.settings import ApiSettings

KEY = "9f86d081884c7d659a2f"


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[[Flask], tuple[Page, list[str]]]]:
    """A function that opens /docs of an application and gives the page with all that went wrong on it."""
    closers: list[Callable[[], Any]] = []

    def open_one(app: Flask) -> tuple[Page, list[str]]:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        Thread(target=server.serve_forever, daemon=True).start()
        page, faults = browser.new_page(), list[str]()
        closers.extend([page.close, server.shutdown])
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"http://127.0.0.1:{server.port}/docs")
        return page, faults

    yield open_one
    for close in closers:
        close()


def test_every_operation_and_schema_is_shown_under_the_policy(app: Flask, open_page: Any) -> None:
    page, faults = open_page(app)
    page.wait_for_selector("details")
    api = document(app.extensions["churn"].settings, ENDPOINTS, TELCO)
    shown = page.locator("summary").all_inner_texts()
    for path, item in api["paths"].items():
        for method, operation in item.items():
            assert any(method.upper() in line and f"{path} {operation['summary']}" in line for line in shown)
    assert set(api["components"]["schemas"]) <= set(shown)
    page.get_by_text("Predict for one customer").click()
    assert "curl -X POST" in page.locator("details[open] pre").first.inner_text()
    assert faults == []


def test_it_fits_a_small_screen_and_axe_finds_nothing(app: Flask, open_page: Any) -> None:
    page, _ = open_page(app)
    page.wait_for_selector("details")
    page.set_viewport_size({"width": 320, "height": 700})
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert Axe().run(page).response["violations"] == []


def test_a_key_is_asked_for_where_one_is_needed(
    settings: ApiSettings, make_app: Callable[[ApiSettings], Flask], open_page: Any
) -> None:
    page, _ = open_page(make_app(settings.model_copy(update={"api_keys": (SecretStr(KEY),)})))
    page.get_by_label("API key").fill("not the key")
    page.get_by_role("button").click()
    page.get_by_text("not one of the service's").wait_for()
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button").click()
    page.wait_for_selector("details")
    assert not page.get_by_label("API key").is_visible()
