"""No log line and no published report holds a customer's id or value."""

import json
import re

import pytest
from tests.telco import TELCO

from churn_trainer import run
from churn_trainer.__main__ import main
from churn_trainer.data import sources

# Keys of the table itself; what a release needs of customers, who have no ids there, is for programs alone.
OF_CUSTOMERS = re.compile(r"data/|.*/(background|examples)\.json$")


@pytest.fixture
def canaries(small_rows):
    """A table whose every id, some of whose faulty cells and all of whose needless cells are canaries."""
    rows = [[f"CANARY-{number}", *row[1:], f"CANARY-{number}"] for number, row in enumerate(small_rows)]
    rows[0] = [*small_rows[0], "Nickname"]
    rows[10][0] = rows[9][0]
    for number, column in ((20, "gender"), (21, "tenure"), (22, "MonthlyCharges"), (23, "Churn"), (24, "Contract")):
        rows[number][small_rows[0].index(column)] = f"CANARY-{column}"
    rows[30][0] = "CANARY\u2028" + "X" * 200
    return rows


@pytest.fixture
def logged(monkeypatch, settings, tmp_path):
    """A function that gives every line that was logged, at the level that says most."""
    monkeypatch.setenv("CHURN_LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("CHURN_LOG_DIR", str(tmp_path / "logs"))
    return lambda: [json.loads(line) for line in (tmp_path / "logs" / "trainer.log").read_text().splitlines()]


def test_a_table_with_a_few_faults_is_trained_on_and_no_report_quotes_it(
    canaries, logged, trained_already, trainer, settings, store, as_csv, capsys
):
    (settings.data_dir / TELCO.file).write_bytes(as_csv(canaries))
    assert trainer() == 0
    assert "Set aside: customerID" in capsys.readouterr().out
    reports = {entry.key: store.get(entry.key).data for entry in store.list("") if not entry.key.startswith(".")}
    told = {key: data for key, data in reports.items() if not OF_CUSTOMERS.match(key)}
    assert {"models/current.json", "outputs/reports/exploration_report.json", "config/aws_config.json"} < set(told)
    assert [key for key, data in told.items() if b"CANARY" in data] == []
    assert [key for key, data in reports.items() if b"CANARY" in data] == [sources.key_of(TELCO)]
    faults = json.loads(reports["outputs/reports/exploration_report.json"])["faults"]
    assert {"column": "customerID", "code": "repeated", "rows": 1, "first_rows": [10]} in faults
    assert len(faults) == 7
    lines = logged()
    assert "released" in {line["message"] for line in lines}
    assert "CANARY" not in str(lines)


def test_a_table_that_is_refused_is_logged_by_the_number_of_its_faults(
    canaries, logged, trainer, settings, as_csv, capsys
):
    for row in canaries[1:100]:
        row[3] = "CANARY-PARTNER"
    (settings.data_dir / TELCO.file).write_bytes(as_csv(canaries))
    assert trainer() == 2
    assert "CANARY-PARTNER" in capsys.readouterr().out
    lines = logged()
    assert [(line["message"], line["faults"]) for line in lines if line["level"] == "ERROR"] == [("BrokenTable", 7)]
    assert "CANARY" not in str(lines)


def test_what_nobody_foresaw_is_logged_by_its_kind_and_place(
    canaries, logged, trainer, settings, as_csv, monkeypatch, capsys
):
    def break_off(table, findings, name):
        raise ValueError(f"could not convert {canaries[1][0]}")

    monkeypatch.setattr(run, "check", break_off)
    (settings.data_dir / TELCO.file).write_bytes(as_csv(canaries))
    assert main([]) == 1
    said = capsys.readouterr()
    assert "Error: ValueError, which is a fault of this program" in said.out
    assert "CANARY" not in said.err
    (line,) = [line for line in logged() if line["level"] == "ERROR"]
    assert "break_off" in line["exc_info"]
    assert "CANARY" not in str(line)
