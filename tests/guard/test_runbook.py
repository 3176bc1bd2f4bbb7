"""The runbook knows every alert, and the alerts know their paragraphs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

MONITORING = Path("deploy") / "monitoring"


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
                assert anchor in {heading.lower().replace(" ", "-") for heading in headings}, f"{path.name}: {link}"


def test_every_panel_of_the_dashboard_asks_something(root):
    dashboard = json.loads((root / MONITORING / "grafana" / "churn.json").read_text())
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"]) > 10
    for panel in dashboard["panels"]:
        assert panel["title"]
        assert all(target["expr"] for target in panel["targets"])
