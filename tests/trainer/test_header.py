"""The header of a customer table."""

import pytest

from churn.customer import FIELDS
from churn_trainer import header
from churn_trainer.errors import BrokenTable


def checked(names):
    repairs = []
    return header.check(names, "customers.csv", repairs.append), repairs


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
