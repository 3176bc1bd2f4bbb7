"""A declaration is read from its file, or refused with the line, the key, the value and the remedy of every fault."""

import pytest
from tests.provider import TEXT
from tests.telco import TELCO

from churn.customer.loading import load
from churn.customer.phrases import money, phrase_of
from churn.errors import BrokenDeclaration
from churn.schema import load_schema

# The first field that follows from another one, whose example is Yes.
EXAMPLE = 'example = "No phone service"'

BROKEN = {
    "a number without room": ("high = 100", "high = -1", "Line 62: high = -1: write a number above low, which is 0."),
    "a key that there is not": ('title = "Gender"', 'titel = "Gender"', 'titel = "Gender": remove it; known'),
    "a section that there is not": ("[[expect]]", "[[expected]]", "expected: remove it; the sections are table,"),
    "a value of another kind": ("whole = true", 'whole = "yes"', 'whole = "yes": write true or false.'),
    "a value that is not declared": ('none = "No"', 'none = "None"', '"None" is not declared; known are "DSL",'),
    "a rule of no field": ('field = "PhoneService"', 'field = "Phone"', '"Phone" is not declared; known are "gender",'),
    "a rule of no value": ('implies = "No phone service"', 'implies = "None"', '"None" is not declared; known are'),
    "a field twice": ('name = "Partner"', 'name = "gender"', 'name = "gender": fields, the id and the outcome have'),
    "a number of a category's name": ('name = "tenure"', 'name = "gender"', 'name = "gender": fields, the id and the'),
    "a category of a number's name": ('name = "gender"', 'name = "tenure"', 'name = "tenure": fields, the id and the'),
    "a field twice but for case": ('name = "Partner"', 'name = "Gen-der"', 'name = "Gen-der": fields, the id and the'),
    "a group that is not listed": ('"Who they are", ', "", 'group = "Who they are": "Who they are" is not declared'),
    "a group twice": ('"Services", "Con', '"Services", "Services", "Con', "write a list of texts, each once."),
    "a role twice": ('role = "total_value"', 'role = "tenure"', 'role = "tenure": another field has it already'),
    "a product of a category": ('["tenure", "Mon', '["gender", "Mon', 'when_absent = {"product": ["gender", "Mo'),
    "an example that contradicts another": (
        "[field.values]",
        f"{EXAMPLE}\n[field.values]",
        "it contradicts the example of",
    ),
    "an expectation of no value": ('to = "Two year"\nrisk', 'to = "Ten years"\nrisk', 'to = "Ten years": "Ten'),
    "bands of one edge": ("bands = [0, 6, 12, 24, 48, 72, 100]", "bands = [0]", "write a list of rising numbers"),
    "bands that leave some out": ("bands = [0, 6, 12", "bands = [6, 12", "begin with 0 and end with 100."),
    "a hint to no field": ('gender = ["sex"]', 'sex = ["gender"]', 'sex = ["gender"]: "sex" is not declared'),
    "hints to values of no field": ("[similar_values.Contract]", "[similar_values.Term]", '"Term" is not declared;'),
    "no TOML": ("[table]", "[table", "It is no TOML: "),
    "a number without end": ("high = 100", f"high = 1{'0' * 5000}", "It is no TOML: Exceeds the limit"),
    "lists in lists": ("high = 100", f"high = {'[' * 5000}", "It nests too many lists or tables in each other."),
    "a large whole number": ("high = 100", f"high = 1{'0' * 400}", "…: write a number within ±2^53."),
    "a large number": ("high = 100", "high = 1e300", "high = 1e+300: write a number within ±2^53."),
    "words with braces": (
        'words = "Monthly bill',
        'words = "{x} bill',
        "write a text with {} for the number and no other",
    ),
    "words by no number": ("words = { 0 =", "words = { a =", "or a table of texts by number and such a text"),
    "words with other braces": ('other = "Customer for {}', 'other = "Customer for {', "such a text as other"),
    "a tenure before the start": ("low = 0", "low = -1", "low = -1: nobody has been a customer for less than no"),
    "whole numbers to a half": ("high = 100", "high = 100.5", "high = 100.5: write a whole number, or leave whole out"),
    "a value twice but for case": ('Male = "Male" }', 'Male = "M", male = "m" }', '"male" is read as "Male", whatever'),
    "an alias of two values": (
        'f = "Female", m',
        'f = "Female", F = "Male", m',
        '"F" means "Female" already, whatever',
    ),
    "an alias that is a value": ('{ f = "Female"', '{ MALE = "Female"', '"MALE" means "Male" already, whatever the'),
    "an alias that is blank": ('{ f = "Female"', '{ " " = "Female"', "a blank is no alias; write blank ="),
    "an offer of a trait": (
        'words = "Offer bills on paper", held = ["Yes"] }]\n',
        'words = "Offer bills on paper", held = ["Yes"] }]\nprotected = true\n',
        "no offer changes a trait of people; leave offers or protected out.",
    ),
    "an offer of what follows": (
        'security", held = ["No"]',
        'security", held = ["No internet service"]',
        '"No internet service" decides another field, or follows from it (implied_by); leave it out here.',
    ),
    "an offer of what decides": (
        'none = "No"\n',
        'none = "No"\noffers = [{ to = "DSL", words = "Offer internet", held = ["No"] }]\n',
        '"No" decides another field, or follows from it (implied_by); leave it out here.',
    ),
    "an id that is the outcome": ('outcome = "Churn"', 'outcome = "CustomerID"', "the id has this name; name another"),
    "a name in two lines": (
        'name = "Partner"',
        'name = "Part\\nner"',
        "write a text in one line, without blanks around",
    ),
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


NEEDED_BY_FORMULAS = {
    "a field": ("StreamingTV", "TV", "'StreamingTV'"),
    "a number": ("MonthlyCharges", "Monthly", "'MonthlyCharges'"),
    "a value": ("Two year", "Two years", "tuple.index(x): x not in tuple"),
    "a number without blanks": ("TotalCharges", None, "TotalCharges may be blank"),
}


@pytest.mark.parametrize(("old", "new", "fault"), NEEDED_BY_FORMULAS.values(), ids=NEEDED_BY_FORMULAS)
def test_columns_by_hand_need_their_fields(old: str, new: str | None, fault: str) -> None:
    text = TELCO.source.replace(old, new) if new else _with_blank_totals()
    with pytest.raises(BrokenDeclaration, match=r"Its derived columns cannot be made \(") as caught:
        load_schema(text, "customer.toml")
    assert fault in caught.value.message
    assert "leave derived_columns out, or make it one of telco" in caught.value.message


def _with_blank_totals() -> str:
    head, _, tail = TELCO.source.partition('role = "total_value"\n')
    return head + 'blank = "value"\n' + tail[tail.index("[[expect]]") :]


def test_two_columns_of_one_name_are_refused() -> None:
    text = TEXT.replace('"Internet Type"', '"tenure_Above"').replace('"Fiber"', '"12"').replace('"Cable"', '"0"')
    remedy = r"two columns are called 'tenure_Above_12'\); give the field or the value another name\."
    with pytest.raises(BrokenDeclaration, match=remedy):
        load_schema(text, "customer.toml")


def test_a_section_of_the_wrong_type_is_told_once() -> None:
    with pytest.raises(BrokenDeclaration) as caught:
        load('table = 3\n\nfield = [4, { name = "x" }]\n', "customer.toml")
    assert [told for told in caught.value.faults if "write a section" in told] == [
        "Line 1: table = 3: write a section of keys and values.",
        "Line 3: field = 4: write a section of keys and values.",
    ]
    assert len(caught.value.faults) == 4


# A declaration with a fault, and the line that it is in.
PLACES = {
    "blanks in a header": ('[table]\n[[ field ]]\n[[ field ]]\n\nrole = "x"', 5),
    "a quoted header": ('[table]\n[[field]]\n[["field"]]\nrole = "x"', 4),
    "quoted keys": ('[table]\n[[field]]\n"role" = 3', 3),
    "keys in other quotes": ("[table]\n[[field]]\n'role' = 3", 3),
    "a separator of lines in a text": ('[table]\nname = "a\u2028b\u0085"\n[[field]]\nrole = 3', 4),
    "inline tables": ("\n\nfield = [{ role = 3 }]\n[table]", 3),
    "keys with points": ("[table]\n[[field]]\nrole.x = 3", 3),
    "a table of its own": ('[table]\n[[field]]\nname = "x"\n[field.role]\nx = 3', 4),
    "carriage returns": ("[table]\r\n[[field]]\r\nrole = 3\r\n", 3),
    "a mark before the text": ("\ufeff[table]\n[[field]]\nrole = 3", 3),
    "comments": ("[table] # a\n[[field]] # role = 3\n# role = 3\nrole = 3 # [field]", 4),
}


@pytest.mark.parametrize(("text", "line"), PLACES.values(), ids=PLACES)
def test_a_fault_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(BrokenDeclaration) as caught:
        load(text, "customer.toml")
    assert next(told for told in caught.value.faults if "role" in told).startswith(f"Line {line}: role = ")


def test_a_field_without_a_group_is_in_the_form_where_groups_are_listed() -> None:
    text = TEXT.replace('name = "provider"', 'name = "provider"\ngroups = ["Place"]')
    declared = load(text.replace('name = "Region"', 'name = "Region"\ngroup = "Place"'), "customer.toml")
    assert declared.groups == ("Place", "Customer")
    assert {field.group for field in declared.fields.values()} == {"Place", "Customer"}


def test_the_usual_aliases_leave_values_alone() -> None:
    field = load_schema(TEXT.replace('["No", "Yes"]', '["N", "No", "Yes"]'), "x").categories["Internet"]
    assert field.aliases is not None
    assert "n" not in field.aliases
    assert field.aliases["y"] == "Yes"


@pytest.mark.parametrize("others", ["", "other = true", 'blank = "value"', 'other = true\nblank = "value"'])
def test_zero_and_one_are_no_and_yes_where_there_is_nothing_else(others: str) -> None:
    """Nor are they Other, which any other number in a file is."""
    text = TEXT.replace(
        'values = ["North", "South"]\nother = true\nexample = "South"', f'values = ["No", "Yes"]\n{others}'
    )
    spellings = load_schema(text, "customer.toml").spellings
    assert [spellings.code_of("Region", raw) for raw in (0, "0", 1, "1.0")] == [0, 0, 1, 1]


def test_aliases_are_read_in_any_letter_case() -> None:
    text = TEXT.replace('["Cable", "Fiber"]', '["Cable", "Fiber"]\naliases = { "FTTH  Home" = "Fiber" }')
    schema = load_schema(text, "x")
    assert schema.spellings.code_of("Internet Type", "ftth home") == 1


@pytest.mark.parametrize("text", ["", "table = 3", "[table]\n", "[[field]]\n", "[[field]]\nname = 3\nvalues = 4\n"])
def test_what_declares_next_to_nothing_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(BrokenDeclaration):
        load(text, "customer.toml")


def test_words_may_hold_the_number_twice_and_any_sign_of_a_currency() -> None:
    text = TELCO.source.replace('words = "Monthly bill of {}"', 'words = "{} a month, {} in all"')
    bill = load(text.replace('currency = "$"', 'currency = "}"').replace('unit = "$"', 'unit = "}"'), "customer.toml")
    assert bill.numbers["MonthlyCharges"].phrase(1234.5) == "}1,234.50 a month, }1,234.50 in all"


@pytest.mark.parametrize(
    ("currency", "words"), [("$", "−$1,572"), ("US$", "−US$1,572"), ("EUR", "−EUR\xa01,572"), ("", "−1,572")]
)
def test_a_code_of_a_currency_is_set_off_from_the_digits_and_a_symbol_is_not(currency: str, words: str) -> None:
    assert money(-1572, currency, ",.0f") == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0.1, "0.1"),
        (1234.567891, "1,234.57"),
        (999_999.4, "999,999"),
        (1234567.5, "1,234,568"),
        (-3e9, "-3,000,000,000"),
    ],
)
def test_a_large_number_is_told_in_digits(number: float, words: str) -> None:
    assert phrase_of("{}", "", whole=False)(number) == words


def test_a_negative_amount_has_its_sign_before_the_currency() -> None:
    assert phrase_of("Bill of {}", "$", whole=False)(-4) == "Bill of −$4.00"
