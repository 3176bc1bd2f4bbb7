"""The header of a customer table."""

import pytest
from tests.telco import FIELDS, TELCO

from churn_trainer.data import header
from churn_trainer.errors import BrokenTable


def checked(names):
    repairs = []
    return header.check(names, "customers.csv", repairs.append, TELCO), repairs


def test_a_header_with_all_columns_is_fine():
    names = ["customerID", *FIELDS, "Churn"]
    assert checked(names) == (names, [])


def test_the_id_is_not_needed():
    names = [*FIELDS, "Churn"]
    assert checked(names) == (names, [])


def test_outer_blanks_are_removed_and_told():
    assert checked([*(f" {name} " for name in FIELDS), "Churn"]) == (
        [*FIELDS, "Churn"],
        ["header: outer blanks removed"],
    )


def test_an_unknown_column_keeps_its_place_without_a_name():
    assert checked([*FIELDS, "Region", "Churn"])[0] == [*FIELDS, "", "Churn"]


def test_all_faults_of_a_header_are_told_at_once():
    names = [name for name in (*FIELDS, "gender", "Churn", "CLTV") if name != "tenure"]
    with pytest.raises(BrokenTable) as error:
        checked(names)
    assert [fault.split()[0] for fault in error.value.faults] == ["It", "Missing", "Repeated"]


@pytest.mark.parametrize(
    "name",
    [
        "Churn Label",
        "Churn Value",
        "churn_score",
        "Churn Category",
        "CLTV",
        "Customer Status",
        "Satisfaction Score",
        "Exited",
    ],
)
def test_a_column_that_gives_the_answer_away_is_refused_by_name(name):
    with pytest.raises(BrokenTable, match=name):
        checked([*FIELDS, "Churn", name])


def refused(names):
    with pytest.raises(BrokenTable) as error:
        header.check(names, "customers.csv", lambda _: None, TELCO)
    return error.value.message


@pytest.mark.parametrize("name", ["churn", "CHURN", "Churned", "Churn?", "Churn Label", "churn_flag"])
def test_the_outcome_is_read_by_its_usual_names_and_told(name):
    names, repairs = checked([*FIELDS, name])
    assert names == [*FIELDS, "Churn"]
    assert repairs == [f"header: {name} as Churn"]


@pytest.mark.parametrize(
    "change",
    [str.upper, str.lower, lambda name: f"{name[:3]} {name[3:]}", lambda name: f"{name[:2]}_{name[2:]}"],
    ids=["upper", "lower", "blank", "underscore"],
)
def test_columns_are_known_whatever_case_blanks_and_underscores(change):
    assert checked([change(name) for name in ("customerID", *FIELDS, "Churn")])[0] == ["customerID", *FIELDS, "Churn"]


@pytest.mark.parametrize("name", ["Exited", "Attrition_Flag", "Customer Status", "Churn_Yes", "target"])
def test_what_is_probably_the_outcome_is_asked_about_and_never_to_be_removed(name):
    told = refused([*FIELDS, name])
    assert f"Missing columns: Churn (is it '{name}'?). Rename what is meant." in told
    assert "remove" not in told.replace("Rename", "")


@pytest.mark.parametrize("name", ["Churn_No", "Not Churned", "Retained"])
def test_an_outcome_the_other_way_round_is_not_to_be_renamed(name):
    told = refused([*FIELDS, name])
    assert f"“{name}” says who stayed, not who left: make a column Churn of it, with Yes where it is No." in told
    assert "is it" not in told
    assert "remove" not in told


def test_of_two_outcomes_a_person_chooses_one():
    told = refused([*FIELDS, "Churn Label", "Churn Value", "Churn Score"])
    assert "Churn (is it 'Churn Label' or 'Churn Value'?)" in told
    assert "(Churn Label, Churn Value): keep one, called Churn, and remove the others." in told
    assert "give the answer away (Churn Score): once there is a column Churn, remove them." in told


def test_what_gives_the_answer_away_is_removed_only_once_there_is_an_answer():
    assert "(Churn Reason): once there is a column Churn, remove them. Missing columns: Churn." in refused(
        [*FIELDS, "Churn Reason"]
    )
    assert "(Churn Reason): remove them." in refused([*FIELDS, "Churn", "Churn Reason"])


@pytest.mark.parametrize(
    "name", ["Left Reason", "Cancellation Date", "cancelled_reason", "Exit Date", "Attrition Score"]
)
def test_reasons_and_dates_of_leaving_are_refused(name):
    assert f"give the answer away ({name}): remove them." in refused([*FIELDS, "Churn", name])


@pytest.mark.parametrize("name", ["Cancellation Fee", "Leftover Credit", "Active", "Segment", "Label"])
def test_other_columns_are_left_out(name):
    assert checked([*FIELDS, "Churn", name])[1] == [f"extra columns left out: {name}"]


def test_a_column_without_a_name_is_told_by_its_place():
    assert checked(["", *FIELDS, "Churn", " "])[1][-1] == (
        "extra columns left out: column 1, which has no name, column 22, which has no name"
    )


def test_two_spellings_of_one_name_are_repeated():
    assert "Repeated columns: Churn (Churn, churn), tenure (tenure, Tenure); keep one of each." in refused(
        [*FIELDS, "Tenure", "Churn", "churn"]
    )


def test_two_byte_order_marks_hide_no_column():
    assert checked(["\ufeffcustomerID", *FIELDS, "Churn"])[0] == ["customerID", *FIELDS, "Churn"]


@pytest.mark.parametrize(
    ("name", "other"),
    [("tenure", "tenure_months"), ("MonthlyCharges", "Charges.Monthly"), ("TechSupport", "Premium Tech Support")],
)
def test_a_missing_column_is_recognised_by_what_it_means(name, other):
    told = refused([*(other if known == name else known for known in FIELDS), "tenure_group", "Churn"])
    assert f"Missing columns: {name} (is it '{other}'?). Rename what is meant." in told


def test_a_missing_column_is_not_recognised_by_its_looks():
    told = refused(
        [*(name for name in FIELDS if name not in ("Partner", "tenure")), "Quarter", "tenure_group", "Churn"]
    )
    assert "Missing columns: Partner, tenure." in told


def test_a_table_of_another_kind_is_told_so():
    told = refused(["state", "account length", "international plan", "total day minutes", "churn"])
    assert "It is not IBM's table: 0 of the 19 fields of that one are among its 5 columns (state, account" in told
    assert "; draft its declaration by `make inspect FILE=customers.csv` (in Docker `docker compose run" in told
    assert "remove" not in told


def test_a_row_of_values_is_no_header():
    assert "It has no header row" in refused(["7590-VHVEG", "Female", "0", "Yes", "No", "1", "29.85"])


def test_marks_of_a_merge_conflict_are_named():
    assert "merge conflict" in refused(["<<<<<<< HEAD"])


def test_a_header_of_any_length_is_told_in_few_words():
    assert len(refused([*FIELDS, *(f"Churn Reason {number} {'x' * 500}" for number in range(5_000))])) < 3_000
    assert len(checked([*FIELDS, "Churn", *(f"x{number}" for number in range(5_000))])[1][0]) < 300


@pytest.mark.parametrize(("length", "shown"), [(60, "x" * 60), (61, "x" * 59 + "…")])
def test_a_long_name_is_shown_in_sixty_characters(length, shown):
    assert checked([*FIELDS, "Churn", "x" * length])[1] == [f"extra columns left out: {shown}"]
