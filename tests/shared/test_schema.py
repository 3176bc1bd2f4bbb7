"""The customer as JSON Schema."""

import json

import jsonschema
import pytest

from churn import customer, schema
from churn.customer import FIELDS, IMPLIED, Customer, value_of


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema.json_schema())
    json.dumps(schema.json_schema(), allow_nan=False)


def test_complete_customers_satisfy_the_schema(customers: list[Customer]) -> None:
    validator = jsonschema.Draft202012Validator(schema.json_schema())
    for each in customers[:50]:
        validator.validate(
            {name: value_of(name, each) for name in FIELDS} | {"customerID": "7590-VHVEG", "Churn": "No"}
        )


@pytest.mark.parametrize(("name", "value"), [("tenure", 101), ("tenure", "x"), ("gender", "x"), ("extra", 1)])
def test_the_schema_refuses_what_reading_refuses(name: str, value: object, record: dict[str, object]) -> None:
    validator = jsonschema.Draft202012Validator(schema.json_schema())
    assert list(validator.iter_errors(record | {name: value}))


def test_forms_find_groups_units_options_and_rules() -> None:
    properties = schema.json_schema()["properties"]
    for name in FIELDS:
        assert properties[name]["x-group"] in customer.GROUPS
        assert properties[name]["title"]
        assert "x-unit" in properties[name] or properties[name]["x-options"]
    assert properties["TechSupport"]["x-implied-by"] == {
        "field": "InternetService",
        "value": "No",
        "implies": "No internet service",
    }
    assert {name for name in properties if "x-implied-by" in properties[name]} == set(IMPLIED)


def test_the_hash_follows_the_meaning_not_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    before = schema.schema_hash()
    assert before == schema.schema_hash()
    monkeypatch.setattr(schema, "COLUMNS", schema.COLUMNS[::-1])
    assert schema.schema_hash() != before
