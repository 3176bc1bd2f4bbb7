"""A declaration is read from its file, or refused with the line, the key, the value and the remedy of every fault."""

import pytest
from tests.telco import TELCO

from churn.customer.loading import load
from churn.errors import BrokenDeclaration

BROKEN = {
    "a number without room": ("high = 100", "high = -1", "Line 61: high = -1: write a number above low, which is 0."),
    "a key that there is not": (
        'title = "Gender"',
        'titel = "Gender"',
        'titel = "Gender": remove it; known',
    ),
    "a section that there is not": (
        "[[expect]]",
        "[[expected]]",
        "expected: remove it; the sections are table,",
    ),
    "a value of another kind": ("whole = true", 'whole = "yes"', 'whole = "yes": write true or false.'),
    "a value that is not declared": ('none = "No"', 'none = "None"', '"None" is not declared; known are "DSL",'),
    "a rule of no field": ('field = "PhoneService"', 'field = "Phone"', '"Phone" is not declared; known are "gender",'),
    "a rule of no value": (
        'implies = "No phone service"',
        'implies = "None"',
        '"None" is not declared; known are',
    ),
    "a field twice": ('name = "Partner"', 'name = "gender"', 'name = "gender": fields, the id and the outcome have'),
    "a group that is not listed": ('"Who they are", ', "", 'group = "Who they are": "Who they are" is not declared'),
    "a role twice": ('role = "total_value"', 'role = "tenure"', 'role = "tenure": another field has it already'),
    "a product of a category": (
        '["tenure", "Mon',
        '["gender", "Mon',
        'when_absent = {"product": ["gender", "Mo',
    ),
    "an expectation of no value": (
        'to = "Two year"\nrisk',
        'to = "Ten years"\nrisk',
        'to = "Ten years": "Ten',
    ),
    "bands that leave some out": ("bands = [0, 6, 12", "bands = [6, 12", "begin with 0 and end with 100."),
    "a hint to no field": ('gender = ["sex"]', 'sex = ["gender"]', 'sex = ["gender"]: "sex" is not declared'),
    "no TOML": ("[table]", "[table", "It is no TOML: "),
}


@pytest.mark.parametrize(("old", "new", "fault"), BROKEN.values(), ids=BROKEN)
def test_a_broken_declaration_is_refused_with_what_is_wrong(old: str, new: str, fault: str) -> None:
    assert old in TELCO.source
    with pytest.raises(BrokenDeclaration) as caught:
        load(TELCO.source.replace(old, new, 1), "customer.toml")
    assert any(fault in told for told in caught.value.faults), caught.value.faults
    assert caught.value.message.startswith("customer.toml does not declare a customer. ")


def test_every_fault_is_told_at_once_in_the_order_of_the_lines() -> None:
    text = TELCO.source
    for old, new in (("high = 100", "high = -1"), ('none = "No"', 'none = "None"'), ('name = "Partner"', "name = 3")):
        text = text.replace(old, new, 1)
    with pytest.raises(BrokenDeclaration) as caught:
        load(text, "customer.toml")
    lines = [int(told.split(":")[0].removeprefix("Line ")) for told in caught.value.faults]
    assert lines == sorted(lines)
    assert len(lines) == 3


@pytest.mark.parametrize("text", ["", "table = 3", "[table]\n", "[[field]]\n", "[[field]]\nname = 3\nvalues = 4\n"])
def test_what_declares_next_to_nothing_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(BrokenDeclaration):
        load(text, "customer.toml")
