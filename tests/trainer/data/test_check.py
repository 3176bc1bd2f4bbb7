"""Judging a table that was read; what stops a run is in test_broken_tables."""

import pytest
from tests.telco import TELCO

from churn_trainer.data.check import check, check_parts
from churn_trainer.data.prepare import prepare
from churn_trainer.data.table import load
from churn_trainer.errors import BrokenTable
from churn_trainer.settings import TrainerSettings


def judged(rows, as_csv, source_of):
    table, findings = load(source_of(as_csv(rows)), TELCO)
    check(table, findings, "customers.csv")
    return table, findings


def test_a_few_rotten_rows_are_set_aside_and_told(small_rows, as_csv, source_of):
    rows = [list(row) for row in small_rows]
    for number in range(1, 16):
        rows[number][5] = "soon"
    table, findings = judged(rows, as_csv, source_of)
    assert len(table) == 1_485
    assert findings.repairs["rows with faults set aside"] == 15


def test_one_more_rotten_row_is_one_too_many(small_rows, as_csv, source_of):
    rows = [list(row) for row in small_rows]
    for number in range(1, 17):
        rows[number][5] = "soon"
    with pytest.raises(BrokenTable, match=r"16 of 1,500 rows \(1.1%\) have faults; 1% may be set aside"):
        judged(rows, as_csv, source_of)


def test_a_category_of_one_value_is_told_and_no_fault(small_rows, as_csv, source_of):
    place = small_rows[0].index("gender")
    rows = [small_rows[0], *([*row[:place], "Female", *row[place + 1 :]] for row in small_rows[1:])]
    _, findings = judged(rows, as_csv, source_of)
    assert "gender: one value only, nothing to learn from" in findings.repairs


def test_a_message_names_the_worst_kinds_of_fault_and_how_many_more_there_are(small_rows, as_csv, source_of):
    names = ("tenure", "MonthlyCharges", "Contract", "gender", "Partner", "Dependents", "PaymentMethod")
    rows = [list(row) for row in small_rows]
    for step, name in enumerate(names):
        for row in rows[1 : 200 - step]:
            row[rows[0].index(name)] = "soon"
    with pytest.raises(BrokenTable, match="And 2 other kinds of fault") as error:
        judged(rows, as_csv, source_of)
    assert "PaymentMethod" not in error.value.message


def parts_judged(rows, as_csv, source_of, **settings):
    table, _ = judged(rows, as_csv, source_of)
    check_parts(prepare(table), TrainerSettings(store_url="file:///nowhere", **settings), "customers.csv")


def rare(small_rows, count):
    """The table where the first so many customers left, and nobody else."""
    return [
        small_rows[0],
        *([*row[:-1], "Yes" if number < count else "No"] for number, row in enumerate(small_rows[1:])),
    ]


def test_folds_without_enough_churners_are_refused_with_the_settings_to_change(small_rows, as_csv, source_of):
    with pytest.raises(BrokenTable) as error:
        parts_judged(rare(small_rows, 80), as_csv, source_of, cv_folds=20, cv_max_rows=1000)
    assert 'Churn is "Yes" for ' in error.value.message
    assert "20 folds need 100. Lower CHURN_CV_FOLDS, or raise CHURN_CV_MAX_ROWS." in error.value.message


def test_five_churners_in_every_fold_are_enough(small_rows, as_csv, source_of):
    table, _ = judged(rare(small_rows, 80), as_csv, source_of)
    prepared = prepare(table)
    most = int(prepared.churn[prepared.split.development].sum()) // 5
    settings = TrainerSettings(store_url="file:///nowhere", cv_folds=most)
    check_parts(prepared, settings, "customers.csv")
    with pytest.raises(BrokenTable, match=f"{most + 1} folds need {5 * (most + 1)}"):
        check_parts(prepared, settings.model_copy(update={"cv_folds": most + 1}), "customers.csv")


def test_customers_who_stand_in_the_table_four_times_are_refused(small_rows, as_csv, source_of):
    rows = [[f"{copy}-{row[0]}", *row[1:]] for copy in range(4) for row in small_rows[1:401]]
    with pytest.raises(BrokenTable, match="equal a customer of the other parts: is each exported once"):
        parts_judged([small_rows[0], *rows], as_csv, source_of)


def test_the_real_table_has_nothing_but_eleven_blank_totals(telco_csv, source_of):
    table, findings = load(source_of(telco_csv.read_bytes()), TELCO)
    check(table, findings, "telco")
    assert findings.repairs == {"TotalCharges: blank read as tenure × MonthlyCharges": 11}
    assert (len(table), int(table.churn.sum())) == (7_043, 1_869)
