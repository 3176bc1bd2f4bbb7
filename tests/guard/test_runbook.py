"""The runbook knows every alert, and the alerts know their paragraphs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

MONITORING = Path("deploy") / "monitoring"


def slug(heading: str) -> str:
    """The anchor that a heading gets where its page is shown: of letters, digits and hyphens alone."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.fixture(scope="module")
def alerts(root: Path) -> list[dict[str, Any]]:
    groups = yaml.safe_load((root / MONITORING / "rules" / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.fixture(scope="module")
def paragraphs(root: Path) -> dict[str, str]:
    text = (root / "docs" / "runbook.md").read_text()
    parts = re.split(r"^## (\w+)\n", text.partition("\n# Routine")[0], flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_each_alert_has_a_paragraph_and_each_paragraph_an_alert(alerts, paragraphs):
    assert alerts
    assert {alert["alert"] for alert in alerts} == set(paragraphs)


def test_a_paragraph_says_how_urgent_its_alert_is(alerts, paragraphs):
    for alert in alerts:
        assert paragraphs[alert["alert"]].strip().startswith(f"{alert['labels']['severity'].capitalize()}. ")


def test_an_alert_links_its_paragraph(alerts):
    for alert in alerts:
        assert alert["annotations"]["runbook"] == f"docs/runbook.md#{alert['alert'].lower()}"


def test_each_alert_is_tested_firing_and_keeping_quiet(root, alerts):
    cases = [
        case
        for path in (root / MONITORING / "tests").glob("*.yml")
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test["alert_rule_test"]
    ]
    for alert in alerts:
        outcomes = {bool(case["exp_alerts"]) for case in cases if case["alertname"] == alert["alert"]}
        assert outcomes == {True, False}, alert["alert"]


def test_the_alerts_that_an_operator_was_promised_are_there(alerts):
    promised = {
        "ChurnTargetDown", "ChurnErrorRateHigh", "ChurnLatencyHigh", "ChurnNoRelease", "ChurnReleaseRefused",
        "ChurnModelOld", "ChurnQueueBacklog", "ChurnJobsFailing", "ChurnCacheHitsCollapsed", "ChurnMemoryNearLimit",
        "ChurnDiskNearlyFull",
    }  # fmt: skip
    assert promised <= {alert["alert"] for alert in alerts}


def test_every_link_of_the_documents_leads_somewhere(root):
    for path in (root / "docs").glob("*.md"):
        for link in re.findall(r"\]\((?!https?:)([^)]+)\)", path.read_text()):
            file, _, anchor = link.partition("#")
            target = (path.parent / file) if file else path
            assert target.exists(), f"{path.name}: {link}"
            if anchor:
                headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
                assert anchor in {slug(heading) for heading in headings}, f"{path.name}: {link}"


DASHBOARDS = ("churn.json", "at-risk.json")


def test_every_dashboard_is_looked_at(root):
    assert {path.name for path in (root / MONITORING / "grafana").iterdir()} == set(DASHBOARDS)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_panel_of_a_dashboard_asks_for_something_that_there_is(root, name):
    dashboard = json.loads((root / MONITORING / "grafana" / name).read_text())
    assert dashboard["uid"] != "churn" or name == "churn.json"
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"]) > 8
    api = root / "services/api/churn_api"
    told = "".join(path.read_text() for path in [*api.glob("metrics/*.py"), *api.glob("*/metrics.py")])
    told += "".join(path.read_text() for path in (root / MONITORING / "rules").glob("*.yml"))
    for panel in dashboard["panels"]:
        assert panel["title"]
        for target in panel["targets"]:
            names = set(re.findall(r"churn_[a-z_]+", target["expr"]))
            assert names or "ALERTS" in target["expr"]
            assert [each for each in names if re.sub(r"_(total|bucket)$", "", each) not in told] == []
