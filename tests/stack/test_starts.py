"""Starts that are not the ordinary one: without data, without a network, without what production wants."""

import re

import pytest
import requests

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def sample(new_stack, empty_folder):
    """A stack whose trainer finds no data."""
    with new_stack("sample", CHURN_DATA_DIR=str(empty_folder), CHURN_DATA_SOURCE="sample") as sample:
        sample.compose("up", "--detach", "--wait")
        yield sample


def test_without_any_data_it_serves_on_a_sample_and_says_so(sample):
    info = requests.get(f"{sample.site}/model_info", timeout=10).json()
    assert info["data"]["source"] == "sample"
    assert "sample" in sample.compose("logs", "trainer")


def test_every_page_announces_the_sample(sample, browser):
    with browser.new_context(base_url=sample.site) as context:
        page = context.new_page()
        for name in ("customer", "batch", "model", "about"):
            page.goto(f"/#/{name}")
            page.get_by_text("made-up sample data").first.wait_for()


def test_without_a_network_the_trainer_finds_its_way_to_the_sample(sample):
    """The engine's internal network reaches neither IBM nor the store; a store in a folder stands in for that."""
    settings = ["--env", "CHURN_DATA_SOURCE=auto", "--env", "CHURN_STORE_URL=file:///tmp/store"]
    run = ["docker", "run", "--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp:mode=1777", *settings]
    said = sample.run(*run, f"{sample.project}-trainer").stdout
    assert "sample" in said


def test_production_refuses_to_start_and_names_everything_that_is_missing(new_stack):
    with new_stack("bare") as bare:
        said = bare.compose("-f", "compose.yaml", "up", "--detach", "--wait", check=False)
        said += bare.compose("-f", "compose.yaml", "logs", check=False)
        assert {"CHURN_STORE_URL", "CHURN_API_KEYS"} <= set(re.findall(r"CHURN_\w+", said))
        assert bare.compose("-f", "compose.yaml", "ps", "--status", "running", "--services").split() == [
            "cache",
            "queue",
        ]
