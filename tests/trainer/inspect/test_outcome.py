"""The outcome and its meaning are found by names and values, and in doubt a person is asked."""

import pytest

from churn_trainer.inspect.outcome import find

CERTAIN = {
    "yes and no": ("Churn", ["Yes", "No", "No"], ["Yes"], ["No"], []),
    "1 and 0": ("Exited", [1, 0, 0], ["1"], ["0"], []),
    "true and false": ("churn ", ["True", "False", "False"], ["True"], ["False"], []),
    "as floats": ("churn_flag", ["1.0", "0.0", "0.0"], ["1.0"], ["0.0"], []),
    "attrited": (
        "Attrition_Flag",
        ["Attrited Customer", "Existing Customer"],
        ["Attrited Customer"],
        ["Existing Customer"],
        [],
    ),
    "joined beside": ("Customer Status", ["Churned", "Stayed", "Joined"], ["Churned"], ["Stayed"], ["Joined"]),
    "within a month": ("is_churned_next_30_days", ["y", "n", "n"], ["y"], ["n"], []),
    "leave or stay": ("LEAVE", ["1", "0", "0"], ["1"], ["0"], []),
    "who stayed": ("Retained", ["Yes", "No", "Yes"], ["No"], ["Yes"], []),
    "words alone": ("State of affairs", ["active", "cancelled"], ["cancelled"], ["active"], []),
}


@pytest.mark.parametrize("case", CERTAIN)
def test_an_outcome_is_found_with_its_meaning(column, case):
    name, cells, left, stayed, aside = CERTAIN[case]
    found = find([column("Plan", ["a", "b", "a"][: len(cells)]), column(name, cells)])
    assert found.column is not None
    assert (found.column.name, found.doubt) == (name, "")
    assert [list(values) for values in found.meaning] == [left, stayed, aside]


def test_of_two_columns_with_the_same_outcome_words_are_taken(column):
    found = find([column("Churn Value", [1, 0, 0, 1]), column("Churn Label", ["Yes", "No", "No", "Yes"])])
    assert found.column is not None
    assert (found.column.name, found.same) == ("Churn Label", ("Churn Value",))


def test_rows_that_are_set_aside_count_as_neither(column):
    found = find([column("Status", ["Churned", "Stayed", "Joined", "", *["Stayed"] * 4])])
    assert found.counted.tolist() == [True, True, False, False, *[True] * 4]
    assert found.gone is not None
    assert found.gone.tolist() == [True, *[False] * 7]


DOUBTFUL = {
    "two that disagree": ({"churned": [1, 0, 0], "left": [0, 1, 0]}, None, "they disagree"),
    "a target": ({"target": [1, 0, 0], "plan": ["a", "b", "a"]}, "target", 'Is "target" the outcome'),
    "values that say nothing": ({"churn": ["A", "B", "B"]}, "churn", '"B", "A"'),
    "nothing": ({"plan": ["a", "b", "a"]}, None, "no column says so"),
}


@pytest.mark.parametrize("case", DOUBTFUL)
def test_in_doubt_a_person_is_asked(column, case):
    cells, name, question = DOUBTFUL[case]
    found = find([column(named, texts) for named, texts in cells.items()])
    assert (found.column.name if found.column else None) == name
    assert question in found.doubt
    assert not found.meaning.left


def test_a_person_can_name_the_column(column):
    columns = [column("target", ["1", "0", "0"]), column("other", ["x", "y", "x"])]
    assert find(columns, "Target").meaning.left == ("1",)
    assert 'Which values of "other"' in find(columns, "other").doubt
    assert 'There is no column "gone"' in find(columns, "gone").doubt
