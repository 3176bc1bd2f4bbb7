"""The customer as JSON Schema."""

import copy
import json
import re
from multiprocessing.reduction import ForkingPickler

import jsonschema
import pytest
from tests.telco import FIELDS, IMPLIED, TELCO, Customer, read, value_of

from churn.errors import ValidationError
from churn.schema import load_schema


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(TELCO.json_schema)
    json.dumps(TELCO.json_schema, allow_nan=False)


def test_complete_customers_satisfy_the_schema(customers: list[Customer]) -> None:
    validator = jsonschema.Draft202012Validator(TELCO.json_schema)
    for each in customers[:50]:
        validator.validate(
            {name: value_of(name, each) for name in FIELDS} | {"customerID": "7590-VHVEG", "Churn": "No"}
        )


@pytest.mark.parametrize(("name", "value"), [("tenure", 101), ("tenure", "x"), ("gender", "x"), ("extra", 1)])
def test_the_schema_refuses_what_reading_refuses(name: str, value: object, record: dict[str, object]) -> None:
    validator = jsonschema.Draft202012Validator(TELCO.json_schema)
    assert list(validator.iter_errors(record | {name: value}))


def test_forms_find_groups_units_options_and_rules() -> None:
    properties = TELCO.json_schema["properties"]
    for name in FIELDS:
        assert properties[name]["x-group"] in TELCO.groups
        assert properties[name]["title"]
        assert "x-unit" in properties[name] or properties[name]["x-options"]
    assert properties["TechSupport"]["x-implied-by"] == {
        "field": "InternetService",
        "value": "No",
        "implies": "No internet service",
    }
    assert {name for name in properties if "x-implied-by" in properties[name]} == set(IMPLIED)


def test_the_hash_follows_the_meaning_not_the_words() -> None:
    words = load_schema(TELCO.source.replace('"Gender"', '"Sex"'), "customer.toml")
    assert words.hash == TELCO.hash
    assert load_schema(TELCO.source.replace("high = 100", "high = 99"), "customer.toml").hash != TELCO.hash
    assert load_schema(TELCO.source.replace('derived_columns = "telco"', ""), "customer.toml").hash != TELCO.hash


READ = [
    *[("SeniorCitizen", value) for value in (0, 1, "1.0", " 0,0 ", "TRUE", "no", "Y", "f")],
    *[("Partner", value) for value in (0, 1, "1", "yes", "False", "n", "NA", r"\N", "<na>", "", None, " - ")],
    *[("OnlineBackup", value) for value in ("TRUE", "y", "None", "N/A", "#N/A")],
    *[("gender", value) for value in ("f", " M ", "FEMALE")],
    *[("tenure", value) for value in (24, "24", "24.0", "24,0", " 24 months ", "24\x1f")],
    *[("MonthlyCharges", value) for value in ("65,50", "$65.50", "65.50 €", "EUR 65.5", "1e2", ".5", "+5")],
    *[("TotalCharges", value) for value in ("1,324.80", "1.324,80", "1'324.80", "1 324,80", "1\u202f324", "NaN", "")],
    *[("customerID", value) for value in (4711, "x", None)],
]
REFUSED = [
    *[("SeniorCitizen", value) for value in (2, "2", True, None, "", "None", "maybe")],
    *[("Partner", value) for value in (2, "2", True, "maybe", "x")],
    *[("OnlineBackup", value) for value in (1, "1", "maybe")],
    *[("InternetService", value) for value in ("None", "-", "true", 1)],
    *[("gender", value) for value in (1, "x", "NA", "")],
    *[("tenure", value) for value in ("$24", "2 years", "NA", "", "٣", "1_0", "0x10", True, None)],
    *[("MonthlyCharges", value) for value in ("65%", "65\x00", "1,2,3", "NaN", "inf", "65,")],
    *[("customerID", value) for value in (True, 1.5, "x" * 65)],
]


@pytest.mark.parametrize(("name", "value"), READ, ids=ascii)
def test_the_schema_states_what_is_read(name: str, value: object, record: dict[str, object]) -> None:
    jsonschema.Draft202012Validator(TELCO.json_schema).validate(record | {name: value})
    read(record | {name: value})


@pytest.mark.parametrize(("name", "value"), REFUSED, ids=ascii)
def test_the_schema_states_what_is_not_read(name: str, value: object, record: dict[str, object]) -> None:
    assert list(jsonschema.Draft202012Validator(TELCO.json_schema).iter_errors(record | {name: value}))
    with pytest.raises(ValidationError):
        read(record | {name: value})


def test_an_object_of_too_many_names_is_none_by_the_schema() -> None:
    assert TELCO.json_schema["maxProperties"] == 64


@pytest.mark.parametrize("name", FIELDS)
def test_patterns_are_regular_expressions_to_browsers_too(name: str) -> None:
    found = TELCO.json_schema["properties"][name]
    pattern = found.get("pattern") or found["anyOf"][1]["pattern"]
    # What ECMAScript has not, or reads otherwise with its flag for Unicode.
    assert not re.search(r"\(\?(?![:=!])|\\[^sdw\\^$.*+?()\[\]{}|/]", pattern)


def test_a_schema_can_go_to_other_processes_with_all_that_has_been_derived_from_it() -> None:
    _ = TELCO.reader, TELCO.features
    assert TELCO.source.encode() in bytes(ForkingPickler.dumps(TELCO))
    assert copy.copy(TELCO).hash == TELCO.hash  # made anew in the way that what is loaded is
