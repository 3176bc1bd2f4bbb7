"""Reading a customer table."""

import numpy as np
import pytest

from churn.customer import FIELDS
from churn_trainer.table import load


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
    turned, findings = load(source_of(as_csv([row[::-1] for row in small_rows])))
    assert findings.repairs.keys() <= {"TotalCharges: blank read as tenure × MonthlyCharges"}
    for first, second in zip(turned.customers, small_table.customers, strict=True):
        assert (first == second).all()


def test_a_blank_total_is_tenure_times_monthly_charges(small_rows, as_csv, source_of):
    rows = [list(row) for row in small_rows]
    rows[3][position(rows, "TotalCharges")] = " "
    table, findings = load(source_of(as_csv(rows)))
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
    table, findings = load(source_of(as_csv(rows)))
    assert findings.repairs[repair] == len(small_rows) - 1
    assert (getattr(table.customers, name) == getattr(small_table.customers, name)).all()


def test_a_byte_order_mark_is_removed_and_told(small_csv, source_of):
    table, findings = load(source_of(b"\xef\xbb\xbf" + small_csv))
    assert findings.repairs["byte order mark removed"] == 1
    assert findings.faulty_rows == 0
    assert len(table) == 1_500


def test_windows_line_ends_and_blank_lines_are_read(small_csv, source_of):
    table, findings = load(source_of(small_csv.replace(b"\n", b"\r\n") + b"\r\n\r\n"))
    assert (len(table), findings.rows, findings.faulty_rows) == (1_500, 1_500, 0)


def test_extra_columns_are_left_out_and_told(small_rows, as_csv, source_of):
    rows = [[*small_rows[0], "City", "Lat Long"], *([*row, "Rome", "1,2"] for row in small_rows[1:])]
    table, findings = load(source_of(as_csv(rows)))
    assert findings.repairs["extra columns left out: City, Lat Long"] == 1
    assert len(table.customers) == len(FIELDS)


def test_a_table_without_ids_is_read(small_rows, as_csv, source_of):
    table, findings = load(source_of(as_csv([row[1:] for row in small_rows])))
    assert (len(table), findings.faulty_rows) == (1_500, 0)


def test_faults_are_counted_by_column_and_kind_with_their_first_rows(small_rows, as_csv, source_of):
    rows = [list(row) for row in small_rows]
    for number in (2, 5, 9, 700):
        rows[number][position(rows, "tenure")] = "soon"
    rows[5][position(rows, "Contract")] = "Weekly"
    table, findings = load(source_of(as_csv(rows)))
    fault = findings.faults["tenure", "wrong_type"]
    assert (fault.count, fault.rows) == (4, [2, 5, 9])
    assert findings.faults["Contract", "not_allowed"].count == 1
    assert (findings.faulty_rows, len(table)) == (4, 1_496)


def test_rows_can_be_taken_from_a_table(small_table):
    rows = np.array([5, 1])
    part = small_table.take(rows)
    assert len(part) == 2
    assert (part.customers.tenure == small_table.customers.tenure[[5, 1]]).all()
