"""What /schema tells of a declaration: all that forms and programs need, as the document describes it."""

from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from tests.bank import BANK
from tests.provider import PROVIDER
from tests.telco import TELCO
from tests.wide import WIDE

from churn.model.predictor import risk_band
from churn.schema import Schema
from churn_api.app import ENDPOINTS
from churn_api.openapi.document import document
from churn_api.releases.schema_info import schema_info
from churn_api.settings import ApiSettings


def told(schema: Schema) -> dict[str, Any]:
    answer: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(schema_info(schema)))
    return answer


def field(schema: Schema, name: str) -> dict[str, Any]:
    return next(field for field in told(schema)["fields"] if field["name"] == name)


@pytest.mark.parametrize("schema", [TELCO, BANK, PROVIDER, WIDE], ids=lambda schema: schema.name)
def test_every_declaration_is_told_as_described(schema: Schema) -> None:
    api = document(ApiSettings(store_url="file:///store"), ENDPOINTS, schema)
    described = {"$ref": "#/components/schemas/SchemaAnswer", "components": api["components"]}
    answer = told(schema)
    Draft202012Validator(described).validate(answer)
    assert [field["name"] for field in answer["fields"]] == list(schema.fields)
    for declared in answer["fields"]:
        assert declared["group"] in answer["groups"]
        kind = "DeclaredNumber" if declared["type"] == "number" else "DeclaredCategory"
        assert set(declared) == set(api["components"]["schemas"][kind]["properties"])


def test_it_is_what_the_service_answers_and_asked_for_again_at_no_cost(client: FlaskClient) -> None:
    answer = client.get("/schema")
    assert answer.get_json() == told(TELCO)
    assert client.get("/schema", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_risk_bands_are_told_with_their_bounds() -> None:
    bands = [(each["band"], each["low"], each["high"]) for each in told(TELCO)["risk_bands"]]
    assert bands == [("low", 0.0, 0.3), ("medium", 0.3, 0.6), ("high", 0.6, 1.0)]
    assert all(risk_band(low) == band for band, low, _ in bands)


def test_the_shipped_declaration_keeps_its_values_rules_offers_and_bounds() -> None:
    senior = field(TELCO, "SeniorCitizen")
    assert [(choice["value"], choice["label"]) for choice in senior["values"]] == [(0, "No"), (1, "Yes")]
    assert (senior["protected"], senior["blank"], senior["other"], senior["columns"]) == (True, "unknown", False, [])
    support = field(TELCO, "TechSupport")
    assert support["implied_by"] == {"field": "InternetService", "value": "No", "implies": "No internet service"}
    assert support["offers"] == [{"to": "Yes", "words": "Offer tech support", "held": ["No"]}]
    tenure = field(TELCO, "tenure")
    assert not tenure["protected"]
    assert [tenure[name] for name in ("low", "high", "whole", "unit", "role")] == [0, 100, True, "months", "tenure"]
    assert field(TELCO, "TotalCharges")["when_absent"]["factors"] == ["tenure", "MonthlyCharges"]


def test_a_blank_that_is_a_value_and_values_that_are_not_listed_can_be_asked_for() -> None:
    remaining = field(PROVIDER, "Remaining Contract")
    assert (remaining["blank"], remaining["columns"]) == ("value", ["reamining_contract"])
    assert [choice["value"] for choice in field(PROVIDER, "Region")["values"]] == ["North", "South", "Other"]
    kind = field(PROVIDER, "Internet Type")
    assert kind["values"][-1] == {"value": "", "label": "Blank", "words": "Internet Type: blank"}
    assert kind["implied_by"]["implies"] == ""
    assert [choice["value"] for choice in field(PROVIDER, "Download Limit")["values"]] == [0, 1, ""]


def test_a_number_that_is_a_trait_of_people_is_told_as_one() -> None:
    assert [declared["name"] for declared in told(WIDE)["fields"] if declared["protected"]] == ["Sex", "Years of Age"]
