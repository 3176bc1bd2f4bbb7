"""Reading a customer table."""

import csv
import gzip
import io

import numpy as np
import polars
import pytest
from tests.api.jobs.workbooks import workbook
from tests.telco import FIELDS, TELCO

from churn_trainer.data.table import load
from churn_trainer.errors import BrokenTable


def position(rows, name):
    return rows[0].index(name)


def test_customers_come_as_codes_and_numbers_in_the_rows_order(small_rows, small_table):
    row, customers = small_rows[7], small_table.customers
    assert customers.tenure[6] == float(row[position(small_rows, "tenure")])
    contract = ("Month-to-month", "One year", "Two year").index(row[position(small_rows, "Contract")])
    assert customers.Contract[6] == contract
    assert small_table.churn[6] == (row[-1] == "Yes")


def test_a_table_costs_a_byte_for_each_category_and_eight_for_each_number(small_table):
    sizes = {column.dtype.itemsize for column in small_table.customers}
    assert sum(column.dtype.itemsize for column in small_table.customers) == 16 + 3 * 8
    assert sizes == {1, 8}


def test_columns_may_come_in_any_order(small_rows, as_csv, source_of, small_table):
    turned, findings = load(source_of(as_csv([row[::-1] for row in small_rows])), TELCO)
    assert findings.repairs.keys() <= {"TotalCharges: blank read as tenure × MonthlyCharges"}
    for first, second in zip(turned.customers, small_table.customers, strict=True):
        assert (first == second).all()


def test_a_blank_total_is_tenure_times_monthly_charges(small_rows, as_csv, source_of):
    rows = [list(row) for row in small_rows]
    rows[3][position(rows, "TotalCharges")] = " "
    table, findings = load(source_of(as_csv(rows)), TELCO)
    assert table.customers.TotalCharges[2] == table.customers.tenure[2] * table.customers.MonthlyCharges[2]
    assert findings.repairs["TotalCharges: blank read as tenure × MonthlyCharges"] >= 1


@pytest.mark.parametrize(
    ("name", "change", "repair"),
    [
        ("Contract", str.upper, "Contract: other spelling read as the declared one"),
        ("gender", lambda cell: f" {cell} ", "gender: other spelling read as the declared one"),
        (
            "SeniorCitizen",
            lambda cell: "Yes" if cell == "1" else "No",
            "SeniorCitizen: other spelling read as the declared one",
        ),
    ],
)
def test_other_spellings_are_read_and_counted(small_rows, as_csv, source_of, small_table, name, change, repair):
    place = position(small_rows, name)
    rows = [small_rows[0], *([*row[:place], change(row[place]), *row[place + 1 :]] for row in small_rows[1:])]
    table, findings = load(source_of(as_csv(rows)), TELCO)
    assert findings.repairs[repair] == len(small_rows) - 1
    assert (getattr(table.customers, name) == getattr(small_table.customers, name)).all()


def test_a_byte_order_mark_is_removed_and_told(small_csv, source_of):
    table, findings = load(source_of(b"\xef\xbb\xbf" + small_csv), TELCO)
    assert findings.repairs["A byte order mark at the start was skipped"] == 1
    assert findings.faulty_rows == 0
    assert len(table) == 1_500


def test_windows_line_ends_and_blank_lines_are_read(small_csv, source_of):
    table, findings = load(source_of(small_csv.replace(b"\n", b"\r\n") + b"\r\n\r\n"), TELCO)
    assert (len(table), findings.rows, findings.faulty_rows) == (1_500, 1_500, 0)


def test_extra_columns_are_left_out_and_told(small_rows, as_csv, source_of):
    rows = [[*small_rows[0], "City", "Lat Long"], *([*row, "Rome", "1,2"] for row in small_rows[1:])]
    table, findings = load(source_of(as_csv(rows)), TELCO)
    assert findings.repairs["extra columns left out: City, Lat Long"] == 1
    assert len(table.customers) == len(FIELDS)


def test_a_table_without_ids_is_read(small_rows, as_csv, source_of):
    table, findings = load(source_of(as_csv([row[1:] for row in small_rows])), TELCO)
    assert (len(table), findings.faulty_rows) == (1_500, 0)


def test_faults_are_counted_by_column_and_kind_with_their_first_rows(small_rows, as_csv, source_of):
    rows = [list(row) for row in small_rows]
    for number in (2, 5, 9, 700):
        rows[number][position(rows, "tenure")] = "soon"
    rows[5][position(rows, "Contract")] = "Weekly"
    table, findings = load(source_of(as_csv(rows)), TELCO)
    fault = findings.faults["tenure", "wrong_type"]
    assert (fault.count, fault.rows) == (4, [2, 5, 9])
    assert findings.faults["Contract", "not_allowed"].count == 1
    assert (findings.faulty_rows, len(table)) == (4, 1_496)


def test_rows_can_be_taken_from_a_table(small_table):
    rows = np.array([5, 1])
    part = small_table.take(rows)
    assert len(part) == 2
    assert (part.customers.tenure == small_table.customers.tenure[[5, 1]]).all()


@pytest.mark.parametrize(
    "words",
    [("0", "1"), ("0.0", "1.0"), ("false", "true"), ("FALSE", "TRUE"), ("stayed", "churned"), ("Stayed", "Left")],
    ids="/".join,
)
@pytest.mark.parametrize("name", ["Churn", "churn", "Churned"])
def test_the_outcome_is_read_in_other_words(small_rows, as_csv, source_of, small_table, words, name):
    rows = [[*small_rows[0][:-1], name], *([*row[:-1], words[row[-1] == "Yes"]] for row in small_rows[1:])]
    table, findings = load(source_of(as_csv(rows)), TELCO)
    assert (table.churn == small_table.churn).all()
    assert findings.faulty_rows == 0
    assert findings.repairs["Churn: other spelling read as No or Yes"] == len(small_rows) - 1


def broken(data, source_of):
    with pytest.raises(BrokenTable) as error:
        load(source_of(data), TELCO)
    return error.value.message


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("line", [2, 101, 1_000])
def test_a_quote_that_is_left_open_is_told_by_its_own_line(small_csv, source_of, end, line):
    lines = small_csv.splitlines()
    lines[line - 1] = lines[line - 1].replace(b"ale,", b'ale,"', 1)
    assert f"Line {line:,} begins a row that is no CSV" in broken(end.join([*lines, b""]), source_of)


def test_a_quoted_cell_of_several_lines_counts_as_many(small_csv, source_of):
    lines = small_csv.splitlines()
    lines[0] += b",Remark"
    lines[1:] = [line + b',"two\nlines"' for line in lines[1:]]
    lines[50] = lines[50].replace(b"ale,", b'ale,"', 1)
    assert "Line 100 begins a row that is no CSV" in broken(b"\n".join(lines), source_of)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("line", [1, 18, 1_200])
def test_a_byte_that_is_not_utf_8_is_told_by_its_own_line(small_csv, source_of, end, line):
    lines = small_csv.splitlines()
    lines[line - 1] += b"\xfc"
    assert f"Line {line:,} is not UTF-8 text (byte 0xfc)" in broken(end.join([*lines, b""]), source_of)


@pytest.mark.parametrize("ghost", [b",,,,,,,,,,,,,,,,,,,,", b" , ,, ", b"   ", b",", b'""'])
def test_rows_without_any_text_are_skipped_and_not_counted(small_csv, source_of, ghost):
    lines = small_csv.splitlines()
    lines[20] = lines[20].replace(b"ale", b"alien", 1)
    data = b"\n".join([ghost, *lines[:3], *[ghost] * 30, *lines[3:], *[ghost] * 1_200])
    table, findings = load(source_of(data), TELCO)
    assert (len(table), findings.rows, findings.faulty_rows) == (1_499, 1_500, 1)
    assert findings.faults["gender", "not_allowed"].rows == [20]


def test_ghost_columns_are_left_out(small_csv, source_of):
    lines = small_csv.splitlines()
    table, findings = load(source_of(b"\n".join([lines[0] + b",,", *(line + b",," for line in lines[1:])])), TELCO)
    assert (len(table), findings.faulty_rows) == (1_500, 0)
    assert next(iter(findings.repairs)).startswith("extra columns left out: column 22, which has no name")


def test_blank_cells_beyond_the_header_and_blank_columns_short_of_it_are_no_fault(small_csv, source_of):
    lines = small_csv.splitlines()
    longer = b"\n".join([lines[0], *(line + b",," for line in lines[1:])])
    shorter = b"\n".join([lines[0] + b",,", *lines[1:]])
    for data in (longer, shorter):
        table, findings = load(source_of(data), TELCO)
        assert (len(table), findings.faulty_rows) == (1_500, 0)


def test_a_cell_beyond_the_header_is_a_fault(small_csv, source_of):
    lines = small_csv.splitlines()
    _, findings = load(source_of(b"\n".join([*lines[:-1], lines[-1] + b",,x"])), TELCO)
    assert "2 cells too many" in findings.faults["row", "wrong_shape"].message


def test_a_faulty_row_does_not_take_its_id_with_it(small_rows, as_csv, source_of):
    rows = [list(row) for row in small_rows]
    wrong = list(rows[9])
    wrong[position(rows, "tenure")] = "soon"
    table, findings = load(source_of(as_csv([rows[0], wrong, *rows[1:]])), TELCO)
    assert (len(table), findings.faulty_rows) == (1_500, 1)
    assert "repeated" not in {code for _, code in findings.faults}


def test_a_customer_who_stands_there_twice_is_told_by_the_first_row(small_rows, as_csv, source_of):
    other = (small_rows[7][0], *small_rows[8][1:])
    _, findings = load(source_of(as_csv([*small_rows, other])), TELCO)
    assert "is in row 7 already" in findings.faults["customerID", "repeated"].message
    assert findings.faulty_rows == 1


def test_only_blank_cells_count_as_missing(small_rows, as_csv, source_of):
    rows = [list(row) for row in small_rows]
    rows[0][1] = " gender "
    rows[3][position(small_rows, "TotalCharges")] = " "
    _, findings = load(source_of(as_csv(rows)), TELCO)
    assert list(findings.missing) == ["TotalCharges: blank read as tenure × MonthlyCharges"]


@pytest.mark.parametrize("words", [("0.0", "1.0"), ("FALSE", "TRUE"), ("N", "Y"), ("No", "Yes")], ids="/".join)
def test_a_flag_of_other_programs_is_read(small_rows, as_csv, source_of, small_table, words):
    place = position(small_rows, "SeniorCitizen")
    rows = [small_rows[0], *([*row[:place], words[row[place] == "1"], *row[place + 1 :]] for row in small_rows[1:])]
    table, findings = load(source_of(as_csv(rows)), TELCO)
    assert (table.customers.SeniorCitizen == small_table.customers.SeniorCitizen).all()
    assert findings.faulty_rows == 0


@pytest.mark.parametrize("word", ["NA", "NaN", "NULL", "#N/A", "\\N"])
def test_a_word_for_missing_is_a_blank_cell(small_rows, as_csv, source_of, word):
    rows = [list(row) for row in small_rows]
    rows[3][position(rows, "TotalCharges")] = word
    table, findings = load(source_of(as_csv(rows)), TELCO)
    assert table.customers.TotalCharges[2] == table.customers.tenure[2] * table.customers.MonthlyCharges[2]
    blank = sum(row[position(rows, "TotalCharges")] in ("", " ", word) for row in rows)
    assert findings.missing == {"TotalCharges: blank read as tenure × MonthlyCharges": blank}


@pytest.mark.parametrize("cell", ["\x00", "1\x1f", "\u2028", "💥" * 1_000, "9" * 5_000, "1e999"])
def test_a_cell_of_any_kind_spoils_its_row_alone(small_rows, as_csv, source_of, cell):
    for name in small_rows[0]:
        rows = [list(row) for row in small_rows]
        rows[3][position(rows, name)] = cell
        table, findings = load(source_of(as_csv(rows)), TELCO)
        assert findings.rows == 1_500
        assert len(table) + findings.faulty_rows == 1_500
        assert findings.faulty_rows <= 1


def as_workbook(data):
    return workbook({"Customers": list(csv.reader(io.StringIO(data.decode())))})


def german(data):
    rows = csv.reader(io.StringIO(data.decode()))
    return "\n".join(";".join(cell.replace(".", ",") for cell in row) for row in rows).encode()


def parquet(data):
    file = io.BytesIO()
    polars.read_csv(data).write_parquet(file)
    return file.getvalue()


DRESSES = {
    "gzip": gzip.compress,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "UTF-32": lambda data: data.decode().encode("utf-32"),
    "UTF-16 with tabs": lambda data: data.replace(b",", b"\t").decode().encode("utf-16"),
    "semicolons and decimal commas": german,
    "tabs": lambda data: data.replace(b",", b"\t"),
    "bars": lambda data: data.replace(b",", b"|"),
    "a sep= line": lambda data: b"sep=,\r\n" + data,
    "a sep= line with semicolons": lambda data: b"sep=;\n" + german(data),
    "CR": lambda data: data.replace(b"\n", b"\r"),
    "a workbook": as_workbook,
    "Parquet": parquet,
}


@pytest.mark.parametrize("dress", DRESSES.values(), ids=DRESSES)
def test_a_table_is_read_in_any_dress_that_jobs_read(small_csv, small_table, source_of, dress):
    table, findings = load(source_of(dress(small_csv)), TELCO)
    assert (len(table), findings.faulty_rows) == (1_500, 0)
    for mine, same in zip(table.customers, small_table.customers, strict=True):
        assert (mine == same).all()
    assert (table.churn == small_table.churn).all()


def test_lines_are_counted_from_the_files_first(small_csv, source_of):
    lines = small_csv.splitlines()
    lines[17] += b"\xfc"
    assert "Line 19 is not UTF-8 text" in broken(b"\n".join([b"sep=,", *lines]), source_of)
    lines[17] = lines[17][:-1].replace(b"ale,", b'ale,"', 1)
    assert "Line 19 begins a row that is no CSV" in broken(b"\n".join([b"sep=,", *lines]), source_of)
