"""Prometheus and Alertmanager beside the real stack: everything is scraped, and whatever is asked has an answer."""

import json
import re
import shutil
import time

import pytest
import requests

from scripts.stack import override

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

PROMTOOL = ("docker", "run", "--rm", "--network", "none", "--entrypoint", "/bin/promtool", "--volume")
IMAGE = "prom/prometheus:v3.5.0"
CUSTOMER = {"gender": "Female", "SeniorCitizen": 0, "tenure": 24, "Contract": "One year", "MonthlyCharges": 65.5}
# A scorecard is cheaper to compute than a cache is to ask, no alert should be firing, and no customers were scored of
# whom something could have become known.
MAY_BE_EMPTY = (
    "churn_cache_hits",
    "ALERTS",
    "churn_at_risk",
    "churn_realised",
    "churn_outcomes",
    "churn_alerts",
    "churn_campaigns",
    # No streams run here: tests/stack/test_streaming.py asks a member.
    "churn_stream",
)


# Shorter than production's, so that tests do not wait for what is looked at by and by; how long an alert waits stays.
SOONER = {"15s": "5s", "scrape_timeout: 10s": "scrape_timeout: 5s", "interval: 1m": "interval: 5s"}


@pytest.fixture(scope="module")
def watched(stack, root, tmp_path_factory):
    """The stack with a Prometheus that scrapes, and computes all that it does, every five seconds."""
    folder = tmp_path_factory.mktemp("monitoring")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    shutil.copytree(root / "deploy" / "monitoring", folder, dirs_exist_ok=True)
    for path in (folder / "prometheus.yml", folder / "rules" / "recording.yml"):
        text = path.read_text()
        for interval, sooner in SOONER.items():
            text = text.replace(interval, sooner)
        path.write_text(text)
    mounted = {"prometheus": {"volumes": [f"{folder}:/etc/prometheus:ro,z"]}}
    return stack.having(**override(tmp_path_factory.mktemp("override"), mounted))


@pytest.fixture(scope="module")
def prometheus(watched, expressions):
    """The address of a Prometheus that has scraped an API that was asked every kind of thing, until it can answer."""
    watched.compose("--profile", "monitoring", "up", "--detach", "--wait", "prometheus", "alertmanager")
    address = f"http://127.0.0.1:{watched.port('PROMETHEUS')}"
    deadline = time.monotonic() + 140
    while time.monotonic() < deadline and unanswered(address, expressions):
        requests.post(f"{watched.site}/predict", json=CUSTOMER, timeout=10)
        requests.post(f"{watched.site}/predict", json={}, timeout=10)
        requests.post(f"{watched.site}/batch_predict", json=[CUSTOMER], timeout=10)
        time.sleep(1)
    yield address
    watched.compose("--profile", "monitoring", "rm", "--stop", "--force", "prometheus", "alertmanager")


def ask(prometheus: str, path: str, **parameters: str):
    answer = requests.get(f"{prometheus}/api/v1/{path}", params=parameters, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.fixture(scope="module")
def expressions(root) -> list[str]:
    """Every query of the dashboards."""
    dashboards = [json.loads(path.read_text()) for path in (root / "deploy" / "monitoring" / "grafana").iterdir()]
    return [target["expr"] for dashboard in dashboards for panel in dashboard["panels"] for target in panel["targets"]]


def unanswered(prometheus: str, expressions: list[str]) -> list[str]:
    empty = [query for query in expressions if not ask(prometheus, "query", query=query)["result"]]
    return [query for query in empty if not any(name in query for name in MAY_BE_EMPTY)]


def promtool(stack, *arguments: str) -> str:
    folder = stack.folder / "deploy" / "monitoring"
    mounts = (f"{folder}:/etc/prometheus:ro", "--volume", "/dev/null:/run/secrets/metrics_key:ro")
    return stack.run(*PROMTOOL, *mounts, IMAGE, *arguments).stdout


def test_the_configuration_is_what_prometheus_reads(stack):
    assert "SUCCESS" in promtool(stack, "check", "config", "--lint-fatal", "/etc/prometheus/prometheus.yml")


@pytest.mark.parametrize("name", ["alerts_test", "drift_test", "model_age_test"])
def test_every_alert_fires_when_it_should_and_no_other_time(stack, name):
    assert "SUCCESS" in promtool(stack, "test", "rules", f"/etc/prometheus/tests/{name}.yml")


def test_every_target_is_up(prometheus):
    targets = ask(prometheus, "targets")["activeTargets"]
    assert {target["labels"]["job"]: target["health"] for target in targets} == {
        "api": "up", "prometheus": "up", "alertmanager": "up",
    }  # fmt: skip


def test_every_rule_is_evaluated_without_a_fault(prometheus):
    rules = [rule for group in ask(prometheus, "rules")["groups"] for rule in group["rules"]]
    assert len(rules) > 20
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []


def test_every_query_of_the_dashboard_has_an_answer(prometheus, expressions):
    assert unanswered(prometheus, expressions) == []


def test_every_metric_that_a_rule_or_the_dashboard_names_is_there(root, prometheus, expressions):
    rules = (root / "deploy" / "monitoring" / "rules").glob("*.yml")
    text = "\n".join([*(path.read_text() for path in rules), *expressions])
    named = set(re.findall(r"(?<![\w:])churn_[a-z_]+(?![\w:])", text))
    # What has no value yet is described all the same.
    there = {*ask(prometheus, "label/__name__/values"), *ask(prometheus, "metadata")}
    assert {name for name in named - there if not name.startswith("churn_stream")} == set()


def test_no_alert_fires_while_all_is_well(prometheus):
    firing = [
        alert["labels"]["alertname"] for alert in ask(prometheus, "alerts")["alerts"] if alert["state"] == "firing"
    ]
    assert firing == []


@pytest.mark.slow
def test_an_alert_reaches_alertmanager(stack, prometheus, eventually):
    stack.compose("stop", "--timeout", "1", "api")
    alerts = f"http://127.0.0.1:{stack.port('ALERTMANAGER')}/api/v2/alerts"
    try:
        eventually(
            lambda: any(
                alert["labels"]["alertname"] == "ChurnTargetDown" for alert in requests.get(alerts, timeout=10).json()
            ),
            seconds=240,
        )
    finally:
        stack.compose("start", "api")
        eventually(
            lambda: requests.get(f"{stack.site}/health", timeout=10).json().get("status") == "healthy", seconds=90
        )


def test_prometheus_may_do_nothing_that_it_need_not(stack, prometheus):
    containers = stack.containers()
    for name in ("prometheus", "alertmanager"):
        host = containers[name]["HostConfig"]
        assert containers[name]["Config"]["User"] == "65534:65534"
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert containers[name]["State"]["Health"]["Status"] == "healthy"
