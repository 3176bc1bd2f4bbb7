"""`python -m churn_trainer inspect`: the draft is written beside the table, loads as it is, and replaces nothing."""

import csv
import io
import random

import pytest

from churn.errors import BrokenDeclaration
from churn.schema import load_schema
from churn_trainer.__main__ import main
from churn_trainer.data import sample

CHANCE = random.Random(11)
ROWS = [
    {
        "Konto Nr": f"K{row * 7919 % 10007}",
        "tenure": CHANCE.randint(0, 70),
        "MonthlyCharges": round(CHANCE.uniform(20, 100), 2),
        "Town {north}": CHANCE.choice(['Aachen "alt"', "Köln", "Ulm\\Neu-Ulm"]),
        "Gender": CHANCE.choice(["Female", "Male"]),
        "Internet": CHANCE.choice(["Yes", "No"]),
        "Last visit": "2026-01-02",
        "Status": CHANCE.choice(["Stayed", "Stayed", "Stayed", "Churned", "Joined"]),
    }
    for row in range(600)
]
for one in ROWS:
    one["Router"] = "" if one["Internet"] == "No" else CHANCE.choice(["Own", "Rented"])
    one["Reason"] = "price" if one["Status"] == "Churned" else ""


def as_csv(rows) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.fixture
def table(as_file):
    return as_file(as_csv(ROWS))


def test_a_draft_is_written_beside_the_table_and_loads_as_it_is(table, capsys):
    assert main(["inspect", str(table)]) == 0
    schema = load_schema((table.parent / "customer.toml").read_text(), "customer.toml")
    assert (schema.name, schema.id, schema.outcome) == ("customers", "Konto Nr", "Status")
    assert (schema.left, schema.stayed, schema.set_aside) == (("Churned",), ("Stayed",), ("Joined",))
    assert list(schema.fields) == ["tenure", "MonthlyCharges", "Town {north}", "Gender", "Internet", "Router"]
    assert schema.fields["Town {north}"].names == ('Aachen "alt"', "Köln", "Ulm\\Neu-Ulm")
    assert schema.fields["Router"].blank_is_value
    assert schema.leave_out.keys() == {"Last visit", "Reason"}
    assert (schema.role("tenure"), schema.role("monthly_value")) == ("tenure", "MonthlyCharges")
    said = capsys.readouterr().out
    assert '"Reason" is left out: whether it is blank tells the outcome (AUC 1.00 alone).' in said
    assert "A training takes it as it is" in said


@pytest.mark.parametrize(
    ("name", "cells", "told"),
    [
        ("Spend", lambda row: f"${row % 900 + 1},{row % 1000:03}", "is the comma a decimal one"),
        ("tenure", lambda row: row % 60 - 5, '"tenure" is no number, or not between 0 and 60, in 50 rows'),
        ("Account No", lambda row: f"K{row // 2}", '"Account No" is in 300 rows again'),
    ],
)
def test_a_table_that_a_training_refuses_is_not_said_to_be_taken(as_file, capsys, name, cells, told):
    without = [{key: cell for key, cell in row.items() if key != "Konto Nr"} for row in ROWS]
    assert main(["inspect", str(as_file(as_csv([one | {name: cells(row)} for row, one in enumerate(without)])))]) == 0
    said = capsys.readouterr().out
    assert told in said
    assert "takes it as it is" not in said
    assert "of the rows and refuses the table" in said


def test_every_row_is_read_by_the_draft(table):
    assert main(["inspect", str(table)]) == 0
    schema = load_schema((table.parent / "customer.toml").read_text(), "customer.toml")
    for row in ROWS:
        record = {name: str(cell) for name, cell in row.items() if name in schema.fields}
        assert schema.reader.read(record).assumed == ()


def test_each_mark_stands_for_a_question(table, capsys):
    main(["inspect", str(table)])
    marked = [line for line in (table.parent / "customer.toml").read_text().splitlines()[1:] if "???" in line]
    said = capsys.readouterr().out
    assert [line.split(" ")[0] for line in marked] == ["set_aside", "#", "currency", '"Reason"', "high", "high"]
    assert "A person has to decide (" in said
    questions = (
        "`set_aside`",
        "`label_window_months`",
        "`currency`",
        '"Reason" is left out',
        "(tenure, MonthlyCharges)",
    )
    assert [question for question in questions if question not in said] == []


def test_a_file_that_is_there_is_not_replaced_unless_told(table, capsys):
    target = table.parent / "customer.toml"
    target.write_text("mine")
    assert main(["inspect", str(table)]) == 2
    assert target.read_text() == "mine"
    assert f"{target} is there already. Name another file (OUT=), or replace it (FORCE=1)." in capsys.readouterr().out
    assert main(["inspect", str(table), "--out", str(table.parent / "other.toml")]) == 0
    assert main(["inspect", str(table), "--force"]) == 0
    assert target.read_text() == (table.parent / "other.toml").read_text()


def test_the_draft_alone_goes_to_standard_output_if_asked(table, capsys):
    assert main(["inspect", str(table), "--out", "-"]) == 0
    printed = capsys.readouterr()
    assert load_schema(printed.out, "customer.toml").name == "customers"
    assert "A person has to decide" in printed.err
    assert not (table.parent / "customer.toml").exists()


def test_a_table_of_another_name_is_named_in_the_draft(as_file):
    path = as_file(as_csv(ROWS), "clients of may.csv")
    main(["inspect", str(path)])
    assert load_schema((path.parent / "customer.toml").read_text(), "customer.toml").file == "clients of may.csv"


def test_without_a_certain_outcome_the_draft_is_refused_until_it_is_written(as_file, capsys):
    rows = [
        {("target" if name == "Status" else name): cell for name, cell in row.items() if name != "Reason"}
        for row in ROWS
    ]
    path = as_file(as_csv([row | {"target": int(row["target"] == "Churned")} for row in rows]))
    assert main(["inspect", str(path)]) == 0
    said = capsys.readouterr().out
    assert 'Is "target" the outcome' in said
    assert "A training refuses it until its outcome is written." in said
    with pytest.raises(BrokenDeclaration, match=r"left = .*: write a list of texts"):
        load_schema((path.parent / "customer.toml").read_text(), "customer.toml")
    assert main(["inspect", str(path), "--outcome", "target", "--force"]) == 0
    assert load_schema((path.parent / "customer.toml").read_text(), "customer.toml").left == ("1",)


def test_ibms_table_is_drafted_too_and_said_to_be_built_in(as_file, capsys):
    path = as_file(sample.csv_bytes())
    assert main(["inspect", str(path)]) == 0
    assert "This is IBM's table, which the built-in declaration reads" in capsys.readouterr().out


def test_a_table_without_any_field_is_refused(as_file, capsys):
    path = as_file(as_csv([{"Konto Nr": row["Konto Nr"], "Churn": row["Gender"] == "Male"} for row in ROWS]))
    assert main(["inspect", str(path)]) == 2
    assert "No column is left that can be a field of a customer" in capsys.readouterr().out
    assert not (path.parent / "customer.toml").exists()


def test_a_file_that_is_no_table_is_refused(as_file, capsys):
    assert main(["inspect", str(as_file("%PDF-1.7"))]) == 2
    assert "Error: customers.csv cannot be trained on. The file is a PDF." in capsys.readouterr().out
