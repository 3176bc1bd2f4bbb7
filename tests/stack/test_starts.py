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


@pytest.mark.slow
def test_without_a_network_the_trainer_finds_its_way_to_the_sample(sample, quick):
    """Without a network there is no S3 either: a folder is its store."""
    settings = {"CHURN_DATA_SOURCE": "auto", "CHURN_STORE_URL": "file:///tmp/store"} | quick
    told = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
    run = ["docker", "run", "--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp:mode=1777", *told]
    said = sample.run(*run, f"{sample.project}-trainer").stdout
    assert "sample" in said


def test_production_refuses_to_start_and_names_all_that_is_missing(new_stack):
    with new_stack("bare") as bare:
        up = ["docker", "compose", "-f", "compose.yaml", "up", "--detach", "--wait", "--scale", "trainer=0"]
        assert bare.run(*up, check=False).returncode != 0
        for service in ("api", "worker"):
            said = bare.compose("-f", "compose.yaml", "logs", service)
            assert "CHURN_STORE_URL is not set" in said
            assert "CHURN_API_KEYS (or CHURN_API_KEYS_FILE) is not set" in said
            assert "Traceback" not in said
        trainer = bare.run(
            "docker", "compose", "-f", "compose.yaml", "run", "--rm", "--no-deps", "trainer", check=False
        )
        assert trainer.returncode == 2
        assert "CHURN_STORE_URL is not set" in trainer.stdout
        assert "web" not in bare.compose("-f", "compose.yaml", "ps", "--services", "--status", "running").split()


def test_the_site_refuses_to_start_with_proxies_that_are_none(sample):
    told = ["--env", "CHURN_TRUSTED_PROXIES=everybody"]
    folders = ["--read-only", "--tmpfs", "/tmp:uid=101", "--tmpfs", "/etc/nginx/conf.d:uid=101"]
    done = sample.run("docker", "run", "--rm", *folders, *told, f"{sample.project}-web", check=False)
    assert done.returncode == 1
    assert "CHURN_TRUSTED_PROXIES holds 'everybody'" in done.stdout
