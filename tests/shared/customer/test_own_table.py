"""What a declaration may say of an operator's own table: its file, its outcome, its blanks, rare values and names."""

import math

import numpy as np
import pytest
from tests.provider import PROVIDER, TEXT
from tests.telco import TELCO

from churn.customer.fields import Category
from churn.customer.loading import load
from churn.customer.spellings import MISSING
from churn.errors import BrokenDeclaration
from churn.schema import load_schema


def test_the_table_is_described() -> None:
    assert (PROVIDER.file, PROVIDER.id, PROVIDER.outcome) == ("provider.csv", "customerID", "Customer Status")
    assert (PROVIDER.left, PROVIDER.stayed, PROVIDER.set_aside) == (("Churned",), ("Stayed",), ("Joined",))
    assert PROVIDER.missing == {"na", "n.v."}
    assert PROVIDER.segments == ("Region",)
    assert PROVIDER.leave_out == {"Churn Reason": "only known once a customer has left"}


def test_what_is_not_said_is_as_usual() -> None:
    plain = load(TEXT.replace('file = "provider.csv"\nmissing = ["NA", "n.v."]\nsegments = ["Region"]\n', ""), "x")
    assert (plain.file, plain.missing, plain.segments) == ("customers.csv", MISSING, ())
    assert (TELCO.file, TELCO.missing) == ("telco_customer_churn.csv", MISSING)
    assert (TELCO.set_aside, TELCO.leave_out) == ((), {})


# By category: its values in the order of their codes, the code of unknown values, and that of a blank.
CODES = [
    ("Region", ("North", "South", "Other"), 2, None),
    ("Plan", ("Flat", "OTHER", ""), 1, 2),
    ("Internet", ("No", "Yes"), None, None),
    ("Internet Type", ("Cable", "Fiber", ""), None, 2),
]


@pytest.mark.parametrize(("name", "values", "rest", "blank"), CODES, ids=[case[0] for case in CODES])
def test_unknown_values_and_blanks_have_codes(
    name: str, values: tuple[str, ...], rest: int | None, blank: int | None
) -> None:
    field = PROVIDER.categories[name]
    assert (field.names, field.rest, field.blank) == (values, rest, blank)
    assert field.blank_is_value == (blank is not None)


def test_words_are_made_of_the_title_where_none_are_declared() -> None:
    assert list(PROVIDER.categories["Region"].values.values()) == ["Region: North", "Region: South", "Region: other"]
    assert list(PROVIDER.categories["Plan"].values.values()) == ["A flat rate", "Another tariff", "Tariff: blank"]
    phrase = PROVIDER.numbers["Remaining Contract"].phrase
    assert (phrase(2), phrase(math.nan)) == ("2 years of the contract left", "Remaining Contract: blank")


def test_a_blank_has_a_label_and_a_flag_stays_one() -> None:
    field = PROVIDER.categories["Download Limit"]
    assert field.is_flag
    assert [(option["value"], option["label"]) for option in field.options] == [(0, "No"), (1, "Yes"), ("", "Blank")]
    assert field.protected == {"0": "0", "1": "1", "": "Blank"}


def test_a_number_can_be_a_trait_of_people() -> None:
    text = TEXT.replace("bands = [0, 1, 2.5, 3]", "bands = [0, 1, 2.5, 3]\nprotected = true")
    numbers = load_schema(text, "x").numbers
    assert {name: field.protected for name, field in numbers.items()} == {"tenure": False, "Remaining Contract": True}
    assert load_schema(text, "x").hash == PROVIDER.hash


def test_a_customer_is_told_with_blanks() -> None:
    person = PROVIDER.customer([5, math.nan, 2, 2, 0, 2, 2, 0])
    assert [PROVIDER.value_of(name, person) for name in PROVIDER.fields] == [5, None, "Other", "", "No", "", "", "3"]
    assert PROVIDER.words_for("Remaining Contract", person) == "Remaining Contract: blank"


def test_columns_follow_from_the_declaration_alone_and_a_row_and_a_table_agree() -> None:
    assert PROVIDER.features.names == (
        *("tenure", "tenure_Log", "tenure_Above_12", "tenure_Above_48"),
        *("Remaining Contract", "Remaining Contract_Log", "Remaining Contract_Above_1"),
        *("Remaining Contract_Above_2.5", "Remaining Contract_Blank"),
        *("Region_South", "Region_Other", "Plan_Other", "Plan_Blank", "Internet_Yes"),
        *("Internet Type_Fiber", "Internet Type_Blank", "Download Limit_Yes", "Download Limit_Blank"),
        *("Area_45", "Area_Unknown", "Area_Other"),
    )
    people = [PROVIDER.customer([13, math.nan, 0, 0, 0, 2, 0, 0]), PROVIDER.customer([1, 2.75, 2, 1, 1, 1, 2, 1])]
    rows = [list(map(float, PROVIDER.features.of(person))) for person in people]
    assert rows[0][:9] == [12, math.log1p(12), 1, 0, 0, 0, 0, 0, 1]
    assert rows[1] == [0, 0, 0, 0, 2.75, math.log1p(2.75), 1, 1, 0, 0, 1, 1, 0, 1, 1, 0, 0, 1, 1, 0, 0]
    assert PROVIDER.features.matrix(PROVIDER.table_of(people)).tolist() == rows


@pytest.mark.parametrize("name", ["Tenure in Months", "tenure_in_months", "TENURE IN MONTHS", "Tenure"])
def test_a_column_is_read_under_its_other_names(name: str) -> None:
    assert PROVIDER.column_names.field_of(name) == "tenure"


def test_a_column_that_is_left_out_is_not_asked_about() -> None:
    text = TEXT.replace('"Churn Reason"', '"Customer Staus" = "a copy"\n"Churn Reason"')
    assert PROVIDER.column_names.likely("Customer Staus") == "Customer Status"
    assert load_schema(text, "x").column_names.likely("customer_staus") is None


MEANING = {
    "unknown values": (
        'values = { Flat = "A flat rate", OTHER = "Another tariff" }\nother = true',
        "other = true\n",
        "",
    ),
    "a blank of a category": ("{ 0", 'blank = "value"', ""),
    "a blank of a number": ("[0, 1, 2.5, 3]", 'blank = "value"', ""),
    "edges, of which columns are made": ("type", "bands = [1, 12, 48, 100]", "bands = [1, 24, 100]"),
    "the outcome": ("[table]", '"Customer Status"', '"Status"'),
    "who left": ("left", '["Churned"]', '["Churned", "Moved"]'),
    "who stayed": ("stayed", '["Stayed"]', '["Stayed", "Moved"]'),
    "who is set aside": ("set_aside", '["Joined"]', '["Joined", "Moved"]'),
}


@pytest.mark.parametrize(("after", "old", "new"), MEANING.values(), ids=MEANING)
def test_the_hash_is_of_what_fields_and_the_outcome_mean(after: str, old: str, new: str) -> None:
    head, tail = TEXT[: TEXT.index(after)], TEXT[TEXT.index(after) :]
    assert load_schema(head + tail.replace(old, new, 1), "x").hash != PROVIDER.hash


def test_the_hash_is_not_of_how_the_outcome_is_spelled() -> None:
    text = TEXT.replace('["Churned"]', '["gone", "churned "]').replace('"Churn Reason" =', '"Why" =')
    assert load_schema(text, "x").hash == load_schema(TEXT.replace('["Churned"]', '["CHURNED", "Gone"]'), "x").hash


def test_a_hundred_values_and_two_more_are_few_enough_for_signed_bytes() -> None:
    values = [f"v{number}" for number in range(100)]
    field = load(TEXT.replace('["Cable", "Fiber"]', str(values).replace("'", '"') + "\nother = true"), "x").categories[
        "Internet Type"
    ]
    assert isinstance(field, Category)
    assert max(field.rest or 0, field.blank or 0) == 101 <= np.iinfo(np.int8).max


BROKEN = {
    "an empty list of spellings of the outcome": ("set_aside", "set_aside = []", "write a list of texts, each once."),
    "a file in a folder": ("file", 'file = "data/x.csv"', "write the name of a file in CHURN_DATA_DIR, without a fol"),
    "missing spellings that are no texts": ("missing", "missing = [0]", "write a list of what is written where"),
    "a segment of no field": ("segments", 'segments = ["Town"]', '"Town" is not declared; known are "tenure",'),
    "an outcome that left and stayed": ("stayed", 'stayed = ["churned"]', '"churned" is in left too; keep it in'),
    "an outcome set aside that stayed": ("set_aside", 'set_aside = ["Stayed"]', '"Stayed" is in stayed too;'),
    "no reason for a column left out": ('"Churn Reason"', '"Churn Reason" = ""', "write the reason, as a text."),
    "a field that is left out": ('"Churn Reason"', 'remaining_contract = "?"', "it is a name of Remaining Contract;"),
    "another name that is a field": ("columns", 'columns = ["region"]', '"region" is a name of Region already;'),
    "another name that is the id": ("columns", 'columns = ["CustomerID"]', '"CustomerID" is a name of customerID'),
    "a blank of a third kind": ("blank", 'blank = "none"', 'write "unknown" or "value".'),
    "a role of a number with blanks": ("role", 'role = "tenure"\nblank = "value"', 'leave blank = "value" out'),
    "no flag": ("other", 'other = "yes"', "write true or false."),
    "a protected role": ("role", 'protected = true\nrole = "tenure"', "is no trait of people; leave it out here."),
    "groups of a protected number": (
        "low = 0",
        "protected = { 0 = 'x' }\nlow = 0",
        'protected = {"0": "x"}: write true.',
    ),
    "rare values of a number": ("whole", "other = true", "other = true: remove it; known are name,"),
    "no values": ("values", "values = []", "write a list of the values, each once, or a table with the words"),
    "a value that is blank": ("values", 'values = ["", "North"]', "write a list of the values, each once,"),
}


@pytest.mark.parametrize(("key", "new", "fault"), BROKEN.values(), ids=BROKEN)
def test_a_misuse_is_refused_in_its_line_with_the_remedy(key: str, new: str, fault: str) -> None:
    lines = TEXT.splitlines()
    place = next(at for at, line in enumerate(lines) if line.startswith(key))
    lines[place] = new
    with pytest.raises(BrokenDeclaration) as caught:
        load("\n".join(lines), "customer.toml")
    assert [told for told in caught.value.faults if told.startswith(f"Line {place + 1}: ") and fault in told]


def test_a_blank_that_is_no_value_cannot_follow() -> None:
    rule = 'implied_by = { field = "Internet", value = "No", implies = "" }'
    with pytest.raises(BrokenDeclaration, match='a blank is no value of this field; write blank = "value"'):
        load(TEXT.replace(f'blank = "value"\n{rule}', rule), "customer.toml")
