"""Tables of other customers than the shipped declaration's: read as theirs says, or told what to do first."""

import os
from pathlib import Path

import numpy as np
import pytest
from tests.telco import TELCO

from churn.schema import load_schema
from churn_trainer.data import sources
from churn_trainer.data.check import check
from churn_trainer.data.table import load
from churn_trainer.errors import BrokenTable, DataNotFound

TABLES = Path(os.environ.get("CHURN_DATA_DIR", "data")) / "operators"
OUTCOMES = {
    "bank": ", Exited says who left",
    "bigml_telecom": ", churn says who left",
    "ibm_33_columns": ", Churn Label or Churn Value says who left",
    "internet_provider": ", churn says who left",
    "maven_telecom": ", Customerstatus says who left",
    "telecom_x": "MonthlyCharges (is it 'charges_monthly'?), TotalCharges (is it 'charges_total'?)",
}

OURS = load_schema(
    """
    [table]
    name = "ours"
    id = "no"
    outcome = "status"
    left = ["Gone"]
    stayed = ["Here"]
    set_aside = ["New"]
    [leave_out]
    "reason of leaving" = "only known afterwards"
    [[field]]
    name = "plan"
    columns = ["tariff"]
    type = "category"
    values = ["A", "B"]
    other = true
    [[field]]
    name = "months left"
    type = "number"
    low = 0
    high = 24
    words = "{} months left"
    blank = "value"
    [[field]]
    name = "calls"
    type = "number"
    low = 0
    high = 100
    words = "{} calls"
    """,
    "ours.toml",
)
HEADER = "NO,Tariff,months_left,calls,Status,Reason of leaving,shoe size"


def read(source_of, *rows, schema=OURS, header=HEADER):
    return load(source_of("\n".join([header, *rows, ""]).encode()), schema)


def told(source_of, header, schema=OURS):
    with pytest.raises(BrokenTable) as error:
        read(source_of, "1,2,3,4", schema=schema, header=header)
    return error.value.message


def test_a_table_is_read_as_its_declaration_says(source_of):
    table, findings = read(source_of, "1,A,3,4,Gone,price,41", "2,c,,5,here,,", "3,B,1,2,New,,")
    assert findings.faults == {}
    assert table.churn.tolist() == [1, 0]
    assert [table.schema.categories["plan"].names[code] for code in table.column("plan")] == ["A", "Other"]
    assert table.column("months left")[0] == 3
    assert np.isnan(table.column("months left")[1])
    assert findings.repairs == {
        "header: NO as no, Tariff as plan, months_left as months left, Status as status": 1,
        "columns left out as declared: Reason of leaving": 1,
        "extra columns left out: shoe size": 1,
        "plan: rare or unknown value read as Other": 1,
        "status: other spelling read as Here or Gone": 1,
        "status: customers set aside as declared (New)": 1,
    }


def test_a_row_that_repeats_a_customer_is_left_out_and_one_that_contradicts_it_is_a_fault(source_of):
    rows = ["1,A,3,4,Gone,price,41", "1,A,3,4,Gone,other,42", "1,B,3,4,Gone,price,41"]
    table, findings = read(source_of, *rows)
    assert (len(table), findings.rows, findings.faulty_rows) == (1, 3, 1)
    assert findings.repairs["rows that repeat another one left out"] == 1
    assert findings.faults["no", "repeated"].rows == [3]


def test_an_outcome_that_is_not_declared_is_told_with_those_that_are(source_of):
    _, findings = read(source_of, "1,A,3,4,Lost,,")
    wanted = 'status must be "Gone", "Here" or "New", as declared by left, stayed and set_aside; got "Lost".'
    assert findings.faults["status", "not_allowed"].message == wanted


def test_a_blank_that_is_not_declared_as_a_value_is_told_with_the_remedy(source_of):
    _, findings = read(source_of, "1,A,3,,Gone,,")
    assert findings.faults["calls", "missing"].message.endswith('If a blank means something, declare blank = "value".')


def checked(source_of, outcomes, calls=lambda place: place % 97):
    """Read and judge customers with these outcomes, in this order."""
    rows = [f"{place},A,{place % 5},{calls(place)},{outcome},," for place, outcome in enumerate(outcomes)]
    table, findings = read(source_of, *rows)
    check(table, findings, "ours.csv")
    return table


def test_few_may_leave_within_a_month_as_long_as_there_are_fifty_of_them(source_of):
    assert checked(source_of, ["Gone"] * 60 + ["Here"] * 9_940).churn.sum() == 60
    with pytest.raises(BrokenTable, match='status is "Gone" in 49 of 10,000 rows; at least 50 are needed'):
        checked(source_of, ["Gone"] * 49 + ["Here"] * 9_951)


def test_a_number_that_never_changes_is_told_with_the_remedy(source_of):
    with pytest.raises(BrokenTable, match="calls; check how the table was exported, or take it out of the fields"):
        checked(source_of, ["Gone", "Here"] * 300, calls=lambda _: 7)


def test_a_table_of_which_all_is_set_aside_is_told_with_the_number_of_its_rows(source_of):
    with pytest.raises(BrokenTable, match="It has 0 usable rows of 600; at least 500 are needed"):
        checked(source_of, ["New"] * 600)


def test_columns_that_are_missing_are_told_with_the_remedy(source_of):
    message = told(source_of, "no,plan,months left,state")
    assert "Missing columns: calls, status. Write the names that they have here among the columns" in message


def test_the_wrong_table_is_told_with_both_remedies(source_of):
    message = told(source_of, "a,b,c,d")
    assert (
        "not the table that ours declares: none of the fields is among its 4 columns (a, b, c, d); put that" in message
    )
    assert "make inspect FILE=customers.csv" in message


@pytest.mark.parametrize("kind", ["auto", "file", "download", "sample", "store"])
def test_without_its_table_a_declaration_is_trained_on_no_other(settings, store, tmp_path, kind):
    with pytest.raises(DataNotFound, match=r"customers\.csv") as error:
        sources.find(settings.model_copy(update={"data_source": kind}), store, OURS)
    assert (str(tmp_path) in error.value.message) == (kind in ("auto", "file"))


def test_its_table_is_kept_under_its_own_name(settings, store, tmp_path):
    (tmp_path / "customers.csv").write_text("table")
    sources.keep(sources.find(settings, store, OURS), store, OURS)
    assert store.get("data/raw/customers.csv").data == b"table"
    (tmp_path / "customers.csv").unlink()
    assert sources.find(settings.model_copy(update={"data_source": "auto"}), store, OURS).kind == "store"


@pytest.mark.parametrize(("name", "outcome"), [*OUTCOMES.items()], ids=OUTCOMES)
def test_without_a_declaration_another_table_is_told_in_one_sentence_what_to_do(name, outcome, source_of):
    file = TABLES / f"{name}.csv"
    if not file.is_file():
        pytest.skip("the operators' tables are not here (CHURN_DATA_DIR=the folder that holds operators/)")
    with pytest.raises(BrokenTable) as error:
        load(source_of(file.read_bytes()), TELCO)
    (sentence,) = error.value.faults
    assert "make inspect FILE=customers.csv" in sentence
    assert outcome in sentence
    assert "remove" not in sentence.casefold()


def test_a_header_of_other_fields_between_other_separators_is_told_by_its_columns(source_of):
    message = told(source_of, "state;account length;area code;phone number;churn", schema=TELCO)
    assert "It is not IBM's table: 0 of the 19 fields of that one are among its 5 columns (state, account" in message
