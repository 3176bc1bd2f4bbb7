"""The site of the running stack in a real browser: a customer, a file, and a reload."""

import re
import socket
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

# Chromium breaks off whatever it loads, and says this, when a network interface of the machine or an address of one
# comes or goes, as Docker's do for some seconds after containers start and stop.
NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"


@pytest.fixture(scope="module")
def quiet_network(stack):
    """The machine's network interfaces, unchanged for three seconds."""
    addresses = Path("/proc/net/if_inet6")
    seen, since = None, time.monotonic()
    for _ in range(300):
        now = socket.if_nameindex(), addresses.exists() and addresses.read_text()
        if now != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > 3:
            return
        time.sleep(0.1)


@pytest.fixture
def page(browser, stack, quiet_network):
    """A new visitor's page; what the browser complains of fails the test."""
    complaints: list[str] = []
    with browser.new_context(base_url=stack.site, viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
    assert [text for text in complaints if NETWORK_CHANGED not in text] == []


def test_a_visitor_predicts_the_example_customer(page, tmp_path):
    page.goto("/")
    page.get_by_role("button", name="Example customer").click()
    page.get_by_role("button", name="Predict churn").click()
    expect(page.locator("customer-result [role=status]").first).to_contain_text(re.compile(r"\d+(\.\d+)?\s?%"))
    expect(page.locator("customer-reasons")).to_contain_text("Show all 19 reasons")
    page.screenshot(path=tmp_path / "customer.png", full_page=True)


def test_a_visitor_scores_a_file_and_finds_it_again_after_a_reload(page, stack, tmp_path):
    table = tmp_path / "customers.csv"
    table.write_bytes(stack.s3().get_object(Bucket="churn", Key="data/raw/telco_customer_churn.csv")["Body"].read())
    page.goto("/#/batch")
    page.locator("input[type=file]").set_input_files(table)
    page.get_by_role("button", name="Score file").click()
    job = page.locator("job-card").first
    expect(job).to_contain_text("Completed", timeout=120_000)
    page.screenshot(path=tmp_path / "batch.png", full_page=True)
    page.reload()
    expect(job).to_contain_text("customers.csv")
    expect(job).to_contain_text("Completed")


@pytest.mark.parametrize("address", ["/#/customer", "/#/batch", "/#/model", "/#/about"])
def test_every_page_has_one_heading_and_nothing_from_elsewhere(page, stack, address):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    expect(page.locator("h1")).to_have_count(1)
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if not url.startswith((stack.site, "data:", "blob:"))] == []
