"""Which column says who left, and what its cells mean."""

import pytest
from tests.telco import TELCO

from churn_trainer.data import outcome

CERTAIN = ["churn", "CHURN", " Churn", "Churn?", "Churned", "Churn Label", "churn_value", "is_churn", "label_churn"]

LIKELY = [
    "Exited",
    "Attrition_Flag",
    "Attrition",
    "Left",
    "Has Left",
    "Cancelled",
    "Customer Status",
    "Customerstatus",
    "Churn_Yes",
    "Churn (1=Yes)",
    "Churn Y/N",
    "churn_30d",
    "Churn in 3 months",
    "churn next month",
    "target",
    "target_churn",
]

TURNED = ["Churn_No", "Not Churned", "NoChurn", "non-churn", "Retained", "Stayed", "Active", "is_active"]

LEAKING = ["Churn Score", "Churn Reason", "churn_category", "CLTV", "Satisfaction Score", "Left Reason", "Exit Date",
           "Churn Month", "Churn Probability", "Cancellation Reason", "Predicted Churn Rate"]  # fmt: skip


@pytest.mark.parametrize("name", CERTAIN)
def test_the_outcome_is_found_by_its_usual_names(name):
    assert outcome.find(["tenure", name], TELCO) == outcome.Outcome(1, [], [], [])


@pytest.mark.parametrize("name", LIKELY)
def test_a_column_that_is_probably_the_outcome_is_asked_about(name):
    assert outcome.find(["tenure", name], TELCO) == outcome.Outcome(None, [name], [], [])


@pytest.mark.parametrize("name", TURNED)
def test_a_column_that_says_who_stayed_is_never_taken_for_the_outcome(name):
    assert outcome.find(["tenure", name], TELCO) == outcome.Outcome(None, [], [name], [])


@pytest.mark.parametrize("name", LEAKING)
def test_what_follows_from_the_outcome_is_a_leak_with_and_without_it(name):
    assert outcome.find(["tenure", name], TELCO) == outcome.Outcome(None, [], [], [name])
    assert outcome.find(["Churn", "tenure", name], TELCO) == outcome.Outcome(0, [], [], [name])


@pytest.mark.parametrize("name", ["Exited", "Churn Label", "Customer Status", "Churn_No", "Not Churned"])
def test_beside_the_outcome_a_second_one_is_a_leak(name):
    assert outcome.find(["Churn", name], TELCO).leaks == [name]


@pytest.mark.parametrize(
    "name", ["Cancellation Fee", "Active", "Retained", "Label", "Status", "isActiveMember", "Leftover"]
)
def test_a_word_that_means_many_things_is_no_leak(name):
    assert outcome.find(["Churn", name], TELCO).leaks == []


def test_of_two_that_may_be_the_outcome_none_is_taken():
    found = outcome.find(["Churn Label", "Churn Value", "Churn Score"], TELCO)
    assert found == outcome.Outcome(None, ["Churn Label", "Churn Value"], [], ["Churn Score"])


def test_beside_one_that_says_the_opposite_none_is_taken():
    assert outcome.find(["Churned", "Not Churned"], TELCO).column is None


def test_a_name_of_any_length_is_looked_at_in_little_time():
    assert outcome.find(["churn" + "1" * 1_000_000], TELCO).column is None


@pytest.mark.parametrize(
    "cell", ["Yes", "yes ", "Y", "1", "1.0", "TRUE", "True.", "t", "Churned", "LEFT", "Exited", "Attrited  Customer"]
)
def test_who_left_is_read_in_many_words(cell):
    assert outcome.code_of(cell, TELCO) == 1


@pytest.mark.parametrize(
    "cell",
    ["No", "n", "0", "0.0", "false", "False.", "Stayed", "retained", "Active", "Existing Customer", "Not churned"],
)
def test_who_stayed_is_read_in_many_words(cell):
    assert outcome.code_of(cell, TELCO) == 0


@pytest.mark.parametrize("cell", ["", " ", "2", "-1", "0.5", "10", "Joined", "maybe", "Ja", "yes no", "."])
def test_all_else_is_asked_about(cell):
    assert outcome.code_of(cell, TELCO) is None
