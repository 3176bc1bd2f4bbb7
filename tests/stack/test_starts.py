"""Starts that are not the ordinary one: without data, without a network, without what production wants."""

import pytest
import requests


@pytest.fixture(scope="module")
def sample(new_stack, empty_folder, quick):
    """A stack whose trainer finds no data."""
    with new_stack("sample", CHURN_DATA_DIR=str(empty_folder), CHURN_DATA_SOURCE="sample", **quick) as sample:
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


def test_without_a_network_the_trainer_finds_its_way_to_the_sample(sample, quick):
    """Without a network there is no S3 either: a folder is its store."""
    settings = {"CHURN_DATA_SOURCE": "auto", "CHURN_STORE_URL": "file:///tmp/store"} | quick
    told = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
    run = ["docker", "run", "--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp:mode=1777", *told]
    said = sample.run(*run, f"{sample.project}-trainer").stdout
    assert "sample" in said


@pytest.mark.parametrize(
    ("given", "missing"),
    [({}, "CHURN_STORE_URL"), ({"CHURN_STORE_URL": "s3://some-bucket"}, "CHURN_API_KEYS")],
    ids=["nothing", "a bucket"],
)
def test_production_refuses_to_start_and_names_what_is_missing(new_stack, given, missing):
    with new_stack("bare", **given) as bare:
        up = ["docker", "compose", "-f", "compose.yaml", "up", "--detach", "--wait", "--scale", "trainer=0"]
        assert bare.run(*up, check=False).returncode != 0
        for service in ("api", "worker"):
            assert f"{missing}" in bare.compose("-f", "compose.yaml", "logs", service)
        assert "web" not in bare.compose("-f", "compose.yaml", "ps", "--services", "--status", "running").split()
