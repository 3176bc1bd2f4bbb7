"""The rules over what fields hold: promtool expects of them the figures that Python computes of the same series."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from tests.conftest import find_program

from churn.tracking.drift import LARGE, LAST, OF_LAST, WINDOW, field_drift
from churn.tracking.reference import FieldReference

MONITORING = Path("deploy") / "monitoring"
_LABEL = re.compile(r'(\w+)="([^"]*)"')
HOURS = WINDOW.days * 24

Series = dict[tuple[str, str, str, str], list[float]]


def parsed(case: dict[str, Any]) -> Series:
    """The series of a case by name, version, field and bin, a value an hour."""
    series = {}
    for entry in case["input_series"]:
        labels = dict(_LABEL.findall(entry["series"]))
        name = entry["series"].partition("{")[0]
        series[name, labels.get("version", ""), labels.get("field", ""), labels.get("bin", "")] = values(
            entry["values"]
        )
    return series


def values(text: str) -> list[float]:
    """What promtool reads: "0+2x3" as 0 2 4 6, "5x2" as 5 5 5."""
    held: list[float] = []
    for part in text.split():
        start, step, times = re.fullmatch(r"([\d.]+)(?:\+([\d.]+))?x(\d+)", part).groups()  # type: ignore[union-attr]
        held += [float(start) + float(step or 0) * number for number in range(int(times) + 1)]
    return held


def computed(series: Series, version: str, field: str, hour: int) -> tuple[float, float]:
    """The index and its limit by `drift.field_drift` over the week up to the hour."""
    bins = [
        each
        for name, _, of, each in series
        if (name, of) == ("churn_field_reference_share", field) and each != "absent"
    ]

    def at(name: str, each: str, when: int = 0) -> float:
        return series[name, version, field, each][when]

    rows = at("churn_field_reference_rows", "")
    then = [round(rows * at("churn_field_reference_share", each)) for each in bins]
    totals = [
        (at("churn_field_values_total", each, hour), at("churn_field_values_total", each, hour - HOURS))
        for each in bins
    ]
    now = np.array([later - earlier for later, earlier in totals])
    reference = FieldReference(None, (*bins, "absent"), (*then, 0), at("churn_field_psi_quantile", ""))
    drift = field_drift(reference, np.array([*now, 0]))
    return drift.psi, drift.limit


def cases(root: Path) -> Iterator[tuple[Series, dict[str, Any]]]:
    """The expected figures, each with the series that it is of."""
    for case in yaml.safe_load((root / MONITORING / "tests" / "drift_test.yml").read_text())["tests"]:
        for expected in case.get("promql_expr_test", ()):
            yield parsed(case), expected


def test_the_rules_are_held_to_the_figures_of_the_python(root: Path) -> None:
    held = list(cases(root))
    assert {expected["expr"] for _, expected in held} == {
        "round(churn_field_psi, 0.000001)",
        "round(churn_field_psi_limit, 0.000001)",
    }
    for series, expected in held:
        hour = int(expected["eval_time"].removesuffix("d")) * 24
        for sample in expected["exp_samples"]:
            labels = dict(_LABEL.findall(sample["labels"]))
            figures = computed(series, labels["version"], labels["field"], hour)
            figure = figures["limit" in expected["expr"]]
            assert sample["value"] == pytest.approx(figure, abs=6e-7), (expected["expr"], sample)


def test_the_rules_have_the_constants_of_the_python(root: Path) -> None:
    rules = (root / MONITORING / "rules" / "recording.yml").read_text()
    alerts = (root / MONITORING / "rules" / "alerts.yml").read_text()
    assert f"[{WINDOW.days}d]" in rules
    assert f", {LARGE})" in rules
    assert [f"offset {WINDOW.days * weeks}d or" in rules for weeks in range(1, LAST + 1)] == [True] * (LAST - 1) + [
        False
    ]
    assert f"field:churn_field_psi:large_weeks >= {OF_LAST}" in alerts


@pytest.mark.parametrize("name", ["alerts_test", "drift_test", "model_age_test"])
def test_every_rule_says_what_its_test_expects(root: Path, name: str) -> None:
    promtool = find_program("promtool")
    if promtool is None:
        pytest.skip(
            "no promtool here (make test-stack runs it in Prometheus's image; Debian: apt-get install promtool)"
        )
    command = [promtool, "test", "rules", f"{name}.yml"]
    run = subprocess.run(command, cwd=root / MONITORING / "tests", capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
