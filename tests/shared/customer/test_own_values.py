"""Blanks that are values, unknown values and numbers as codes are read as a declaration says."""

import json
import math
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.provider import COMPLETE, PROVIDER, TEXT

from churn.errors import BrokenDeclaration, ValidationError
from churn.model.background import Background
from churn.model.files import background_file, predictor_of, worked_examples
from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn.schema import load_schema

VALIDATOR = jsonschema.Draft202012Validator(PROVIDER.json_schema)
UNSENT = object()

# A field, what is sent, and what is then held: a code, a number, or None where the field is absent.
READ = [
    *[("Remaining Contract", sent, math.nan) for sent in (None, "", "  ", "na", " N.V. ")],
    *[("Plan", sent, 2) for sent in (None, "", " ", "NA", "n.v.")],
    *[("Plan", sent, 1) for sent in ("other", "Premium", "unknown", "-", "None")],
    *[("Region", sent, None) for sent in (None, "", "NA", UNSENT)],
    *[("Region", sent, 2) for sent in ("East", "other", " OTHER ", "x" * 1000, "-")],
    ("Region", "north ", 0),
    ("Plan", UNSENT, None),
    ("Download Limit", UNSENT, None),
    *[("Download Limit", sent, 2) for sent in (None, "", "n.v.")],
    *[("Download Limit", sent, 1) for sent in (1, "1", "1.0", "yes", 1.0)],
    *[("Area", sent, 0) for sent in (3, 3.0, "3", " 3.0 ", "3,")],
    *[("Area", sent, 2) for sent in ("Unknown", " unknown")],
    *[("Area", sent, 3) for sent in (4, 4.5, "4", "n/a", "03", "-3", 10**400, -(10**400))],
]


@pytest.mark.parametrize(("name", "sent", "held"), READ)
def test_a_value_is_read_as_declared(name: str, sent: Any, held: float | None) -> None:
    record = {field: value for field, value in (COMPLETE | {name: sent}).items() if value is not UNSENT}
    reading = PROVIDER.reader.read(record)
    found = reading.customer[PROVIDER.position[name]]
    assert found is held if held is None or held != held else found == held
    assert reading.assumed == ((name,) if held is None else ())
    VALIDATOR.validate(record)


REFUSED = [
    ("Remaining Contract", UNSENT, "missing", "Remaining Contract is required."),
    ("Remaining Contract", math.nan, "wrong_type", "must be a number such as"),
    ("Remaining Contract", "unknown", "wrong_type", "must be a number such as"),
    ("tenure", None, "missing", "tenure is required."),
    ("Area", "n.v.", "not_allowed", 'Area is required, and "n.v." says that it is not known.'),
    ("Area", "", "missing", "Area is required."),
    ("Area", True, "wrong_type", "given as text; got true."),
    ("Download Limit", 10**400, "not_allowed", 'must be "0", "1", "No", "Yes" or blank; got 1000'),
    ("Region", 3, "wrong_type", 'must be "North", "South" or "Other", given as text; got 3.'),
    ("Internet Type", "", "contradiction", 'cannot be blank when Internet is "Yes"; send "Cable" or "Fiber".'),
    ("Internet Type", "DSL", "not_allowed", 'must be "Cable", "Fiber" or blank; got "DSL".'),
    ("Internet", "no", "contradiction", 'Internet Type cannot be "Fiber" when Internet is "No"; leave it blank.'),
]


@pytest.mark.parametrize(("name", "sent", "code", "message"), REFUSED)
def test_what_is_no_value_is_refused(name: str, sent: Any, code: str, message: str) -> None:
    record = {field: value for field, value in (COMPLETE | {name: sent}).items() if value is not UNSENT}
    with pytest.raises(ValidationError) as caught:
        PROVIDER.reader.read(record)
    assert [fault.code for fault in caught.value.errors] == [code]
    assert message in caught.value.errors[0].message
    if code != "contradiction" and sent == sent:
        assert list(VALIDATOR.iter_errors(record))


def test_of_many_values_the_first_are_listed() -> None:
    text = TEXT.replace('["Cable", "Fiber"]', json.dumps([f"Kind {number:02}" for number in range(30)]))
    reader = load_schema(text, "provider.toml").reader
    listed = ", ".join(f'"Kind {number:02}"' for number in range(20))
    for sent, told in (
        ("DSL", f"must be {listed}, one of 10 more or blank;"),
        ("", f"send {listed} or one of 10 more."),
    ):
        with pytest.raises(ValidationError) as caught:
            reader.read(COMPLETE | {"Internet Type": sent})
        assert told in caught.value.errors[0].message


def test_a_blank_follows_where_it_is_implied_and_implies_in_turn() -> None:
    without = {name: value for name, value in COMPLETE.items() if name not in ("Internet", "Internet Type")}
    assert PROVIDER.reader.read(without | {"Internet": "No"}).customer[5] == 2
    with pytest.raises(ValidationError):
        PROVIDER.reader.read(without | {"Internet": "Yes", "Internet Type": None})


def test_what_is_assumed_of_somebody_who_could_have_it_is_never_what_others_cannot_have() -> None:
    text = TEXT.replace('values = ["Cable",', 'values = ["No", "Cable",').replace('implies = ""', 'implies = "No"')
    (rule,) = load_schema(text, "provider.toml").rules
    assert rule.lent != rule.implied


def test_the_quick_readers_read_the_same() -> None:
    blank = COMPLETE | {"Plan": "", "Internet": "No", "Internet Type": "", "Region": "Other"}
    assert PROVIDER.reader.glance(blank) == PROVIDER.reader.read(blank | {"Region": "else"}).customer
    table = PROVIDER.reader.glance_all([COMPLETE, blank])
    assert table is not None
    assert np.array(table).T.tolist() == [
        list(map(float, PROVIDER.reader.read(record).customer)) for record in (COMPLETE, blank)
    ]
    for sent in (None, "", "East"):
        assert PROVIDER.reader.glance(COMPLETE | {"Remaining Contract": sent}) is None
        assert PROVIDER.reader.glance(COMPLETE | {"Region": sent, "Plan": None}) is None


def test_forms_are_told_of_blanks_and_of_the_rule() -> None:
    jsonschema.Draft202012Validator.check_schema(PROVIDER.json_schema)
    properties = PROVIDER.json_schema["properties"]
    assert properties["Remaining Contract"]["type"] == ["number", "string", "null"]
    assert properties["Internet Type"]["x-implied-by"]["implies"] == ""
    assert properties["Plan"]["x-options"][-1] == {"value": "", "label": "Blank", "words": "Tariff: blank"}
    assert next(iter(properties)) == "customerID"


def test_a_product_of_a_number_that_may_be_blank_is_refused() -> None:
    field = """
[[field]]
name = "Total"
type = "number"
low = 0
high = 9
words = "{}"
when_absent = { product = ["tenure", "Remaining Contract"], words = "computed" }
"""
    with pytest.raises(BrokenDeclaration, match="Remaining Contract may be blank; name two numbers that may not"):
        load_schema(TEXT + field, "customer.toml")


def test_a_release_holds_customers_with_blank_numbers() -> None:
    blank = COMPLETE | {"Remaining Contract": None}
    people = [PROVIDER.reader.read(record).customer for record in (COMPLETE, blank)] * 30
    zeros = dict.fromkeys(PROVIDER.features.names, 0.0)
    card = Scorecard(PROVIDER, 0.1, zeros | {"Remaining Contract_Blank": 1.0}, zeros)
    made = Predictor(card, Background(PROVIDER, people), 0.5)
    files = {
        "background.json": background_file(PROVIDER, people),
        "model.json": json.dumps(card.to_dict()).encode(),
    }
    assert b"NaN" not in files["background.json"] + worked_examples(made, people)
    read = predictor_of(PROVIDER, "scorecard", 0.5, files)
    assert np.array_equal(read.background.table, made.background.table, equal_nan=True)
    reading = PROVIDER.reader.read({name: value for name, value in blank.items() if name != "Plan"})
    answer = read.predict(reading, len(PROVIDER.fields))
    assert answer.churn_probability == pytest.approx(1 / (1 + math.exp(-1.1)))
    told = {reason.field: reason for reason in answer.reasons}["Remaining Contract"]
    assert (told.value, told.text, told.effect) == (None, "Remaining Contract: blank", 1.0)


TEXTS = st.text(max_size=6) | st.sampled_from(
    ["", " ", "n.v.", "-", "None", "Other", "1.0", "3", "0", "1e400", "1.234"]
)
ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.lists(TEXTS, max_size=1)
RECORDS = st.fixed_dictionaries({}, optional=dict.fromkeys((*PROVIDER.fields, PROVIDER.id, "x"), ANYTHING))


@settings(max_examples=300)
@given(RECORDS, st.sets(st.sampled_from(list(PROVIDER.fields)), max_size=2))
def test_any_values_are_read_or_refused(record: dict[str, Any], changed: set[str]) -> None:
    for sent in (record, COMPLETE | {name: record[name] for name in changed & record.keys()}):
        try:
            reading = PROVIDER.reader.read(sent)
        except ValidationError:
            continue
        told = {name: PROVIDER.value_of(name, reading.customer) for name in PROVIDER.fields}
        known = {name: value for name, value in told.items() if name not in reading.assumed}
        assert PROVIDER.reader.read(known).customer == reading.customer
        VALIDATOR.validate(known)
