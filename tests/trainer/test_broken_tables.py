"""Tables that are beyond repair: each stops the run with exit code 2 and one clear message, and nothing is released."""

import gzip
import io
import re
import zipfile
from itertools import pairwise

import pytest
from tests.telco import TELCO

from churn import release


def column(rows, name):
    return rows[0].index(name)


def drop(*names):
    def broken(rows):
        kept = [position for position, name in enumerate(rows[0]) if name not in names]
        return [[row[position] for position in kept] for row in rows]

    return broken


def add(name, value="1"):
    return lambda rows: [[*rows[0], name], *([*row, value] for row in rows[1:])]


def rename(old, new):
    return lambda rows: [[new if name == old else name for name in rows[0]], *rows[1:]]


def fill(name, value, share=1.0):
    """The column set to the value in the first share of the rows."""

    def broken(rows):
        place, last = column(rows, name), 1 + int(share * (len(rows) - 1))
        return [
            [*row[:place], value, *row[place + 1 :]] if 0 < number < last else row for number, row in enumerate(rows)
        ]

    return broken


def contradict(name, value, where, holds):
    """The column set to the value in the rows where another one holds something."""

    def broken(rows):
        place, other = column(rows, name), column(rows, where)
        return [[*row[:place], value, *row[place + 1 :]] if row[other] == holds else row for row in rows]

    return broken


def leakage(rows):
    extra = ["Churn Score", "Churn Reason", "CLTV", "Churn Value"]
    return [[*rows[0], *extra], *([*row, "80", "Price", "3000", "1"] for row in rows[1:])]


CELLS = {
    "missing column": (drop("tenure"), r"Missing columns: tenure\."),
    "several missing columns": (drop("Contract", "gender"), r"Missing columns: gender, Contract\."),
    "no label": (drop("Churn"), r"Missing columns: Churn\."),
    "renamed column": (rename("tenure", "Tenure Months"), r"Missing columns: tenure \(is it 'Tenure Months'\?\)"),
    "other word for a column": (rename("MonthlyCharges", "Monthly Bill"), r"MonthlyCharges \(is it 'Monthly Bill'\?\)"),
    "repeated column": (add("tenure"), r"Repeated columns: tenure; keep one of each"),
    "repeated label": (add("Churn", "No"), r"Repeated columns: Churn"),
    "no header": (lambda rows: rows[1:], r"has no header row"),
    "leaking columns": (leakage, r"give the answer away \(Churn Score, Churn Reason, CLTV, Churn Value\): remove them"),
    "leaking label of another name": (add("ChurnLabel", "Yes"), r"give the answer away \(ChurnLabel\)"),
    "leaking customer status": (add("Customer Status", "Left"), r"give the answer away \(Customer Status\)"),
    "header only": (lambda rows: rows[:1], r"has 0 usable rows; at least 500 are needed"),
    "ten rows": (lambda rows: rows[:11], r"has 10 usable rows; at least 500 are needed"),
    "all stayed": (fill("Churn", "No"), r'Churn is never "Yes"'),
    "all churned": (fill("Churn", "Yes"), r'Churn is never "No"'),
    "hardly any churned": (
        lambda rows: [rows[0], *(row for row in rows[1:] if row[-1] == "No"), *[r for r in rows if r[-1] == "Yes"][:9]],
        r'Churn is "Yes" in 9 of [\d,]+ rows; at least 50 and 1% are needed',
    ),
    "blank labels": (fill("Churn", " ", 0.5), r'Churn: 750 rows .*Churn must be "No" or "Yes" .*; got " "'),
    "labels of 1 alone": (fill("Churn", "1"), r'Churn is never "No"'),
    "labels of 1 and 2": (fill("Churn", "2", 0.5), r'Churn must be "No" or "Yes" .*; got "2"'),
    "a third outcome": (fill("Churn", "Joined", 0.1), r'Churn must be "No" or "Yes" .*; got "Joined"'),
    "labels of another language": (fill("Churn", "Ja", 0.3), r'got "Ja"'),
    "text in a number": (
        fill("tenure", "two years", 0.1),
        r'tenure: 150 rows \(first in rows 1, 2, 3\): .*"two years"',
    ),
    "commas of thousands or decimals": (fill("MonthlyCharges", "29,850"), r'MonthlyCharges: 1,500 .*got "29,850"'),
    "percent signs": (fill("MonthlyCharges", "29.85%"), r"MonthlyCharges must be a number"),
    "fractional months": (fill("tenure", "1.5"), r"tenure must be a whole number of months"),
    "negative number": (fill("tenure", "-3", 0.2), r"tenure must be between 0 and 100 months; got"),
    "number beyond its range": (fill("MonthlyCharges", "5000"), r"MonthlyCharges must be between"),
    "not a number": (fill("MonthlyCharges", "nan", 0.2), r"MonthlyCharges must be a number"),
    "infinite number": (fill("TotalCharges", "inf", 0.2), r"TotalCharges must be a number"),
    "unknown value": (fill("Contract", "Three year"), r'Contract must be "Month-to-month", "One year" or "Two year"'),
    "blank required field": (fill("tenure", "", 0.05), r"tenure is required"),
    "blank optional field": (fill("PaymentMethod", "", 0.05), r"PaymentMethod is blank; training needs every value"),
    "add-on without internet": (
        contradict("TechSupport", "Yes", "InternetService", "No"),
        r"TechSupport cannot be \"Yes\" for a customer with \"No internet service\"",
    ),
    "no internet service with internet": (
        contradict("OnlineBackup", "No internet service", "InternetService", "DSL"),
        r"OnlineBackup cannot be \"No internet service\" when InternetService is \"DSL\"",
    ),
    "lines without a phone": (
        contradict("MultipleLines", "Yes", "PhoneService", "No"),
        r"MultipleLines cannot be \"Yes\"",
    ),
    "other customers of the same ids": (
        lambda rows: [*rows, *([row[0], *other[1:]] for row, other in pairwise(rows[1:]))],
        r"customerID: 1,499 rows .*is in row 1 already",
    ),
    "one id for all": (fill("customerID", "7590-VHVEG"), r'"7590-VHVEG" is in row 1 already'),
    "constant tenure": (fill("tenure", "5"), r"The same value in every row: tenure"),
    "constant bills": (fill("MonthlyCharges", "50"), r"The same value in every row: MonthlyCharges"),
    "cells missing": (lambda rows: [rows[0], *(row[:-3] for row in rows[1:])], r"row: 1,500 rows .*3 cells too few"),
    "cells too many": (lambda rows: [rows[0], *([*row, "x"] for row in rows[1:])], r"1 cell too many"),
}


def instead(other):
    return lambda _: other


def zipped(data):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("customers.csv", data)
    return archive.getvalue()


BYTES = {
    "empty file": (instead(b""), r"is empty; a header row and customers are needed"),
    "blank lines only": (instead(b"\n\n\n"), r"is empty"),
    "Latin-1": (
        lambda data: data.replace(b"Female", "Frauü".encode("latin-1")),
        r"Line 2 is not UTF-8 text \(byte 0xfc\)",
    ),
    "gzip that is cut off": (lambda data: gzip.compress(data)[:-100], r"gzip file ends too early"),
    "an archive that is no workbook": (zipped, r"is a zip archive; send the table itself"),
    "an old workbook": (instead(b"\xd0\xcf\x11\xe0" + bytes(600)), r"is an Excel workbook of the old kind"),
    "a web page": (instead(b"<!doctype html><html><body>Not found</body></html>"), r"is a web page"),
    "JSON": (instead(b'[{"customerID": "1"}]'), r"has no header row|is no CSV"),
    "unbalanced quote": (lambda data: data.replace(b"Male", b'"Male', 1), r"is no CSV|rows? .*cells|too few"),
    "null bytes": (lambda data: data.replace(b"Female", b"Fem\0ale"), r"is no CSV|gender must be"),
}


def stopped(trainer, settings, store, capsys, data, message):
    (settings.data_dir / TELCO.file).write_bytes(data)
    assert trainer("train") == 2
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Error: ")]
    assert len(told) == 1
    assert TELCO.file in told[0]
    assert re.search(message, told[0]), told[0]
    assert release.current(store) is None
    assert [entry.key for entry in store.list("") if not entry.key.startswith(".")] == []


@pytest.mark.parametrize(("broken", "message"), CELLS.values(), ids=CELLS)
def test_a_table_with_broken_cells_stops_the_run(trainer, settings, store, capsys, small_rows, as_csv, broken, message):
    stopped(trainer, settings, store, capsys, as_csv(broken([list(row) for row in small_rows])), message)


@pytest.mark.parametrize(("broken", "message"), BYTES.values(), ids=BYTES)
def test_a_file_that_is_no_table_stops_the_run(trainer, settings, store, capsys, small_csv, broken, message):
    stopped(trainer, settings, store, capsys, broken(small_csv), message)
