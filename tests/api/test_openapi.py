"""The document says what the service does."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from tests.bank import BANK
from tests.provider import PROVIDER
from tests.telco import TELCO
from tests.wide import WIDE

from churn.errors import ValidationError
from churn.schema import Schema, load_schema
from churn_api.app import ENDPOINTS
from churn_api.openapi import examples
from churn_api.openapi.document import document
from churn_api.settings import ApiSettings

SETTINGS = ApiSettings(store_url="file:///store")


@pytest.fixture(scope="module")
def api() -> dict[str, Any]:
    return document(SETTINGS, ENDPOINTS, TELCO)


def check(api: dict[str, Any], name: str, value: Any) -> None:
    """Raise where the value is not what the schema of this name says."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": api["components"]}
    Draft202012Validator(schema).validate(value)


def test_it_is_openapi_3_1(api: dict[str, Any]) -> None:
    assert api["openapi"].startswith("3.1.")
    validate(api)


COMMAS = load_schema(BANK.source.replace("Card Kind", "Card, kind of"), "customer.toml")


@pytest.mark.parametrize("schema", [TELCO, BANK, PROVIDER, WIDE, COMMAS], ids=lambda schema: schema.name)
def test_of_any_declaration_the_examples_are_customers_of_it(schema: Schema) -> None:
    api = document(SETTINGS, ENDPOINTS, schema)
    validate(api)
    for record in (examples.whole(schema), examples.partial(schema)):
        check(api, "Customer", record)
        schema.reader.read(record)
    with pytest.raises(ValidationError):
        schema.reader.read(examples.faulty(schema))
    (row,) = csv.DictReader(io.StringIO(examples.table(schema)))
    assert schema.reader.read(row).customer == schema.reader.read(examples.whole(schema)).customer


def test_customers_of_few_fields_have_few_reasons() -> None:
    head, *fields = TELCO.source.partition("[[expect]]")[0].split("[[field]]")
    few = "[[field]]".join((head.replace('derived_columns = "telco"', ""), *fields[:2]))
    few = re.sub(r"(?m)^(groups|services|segments) .*$", "", few)
    validate(document(SETTINGS, ENDPOINTS, load_schema(few, "customer.toml")))


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(("/assets", "/docs/", "/index", "/favicon", "/robots")):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            yield from ((path, method.lower()) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"})


def test_every_route_is_described_and_no_other(app: Flask, api: dict[str, Any]) -> None:
    described = {(path, method) for path, item in api["paths"].items() for method in item}
    assert described == set(routes(app))


def test_it_is_served_as_it_is_made(client: FlaskClient, api: dict[str, Any]) -> None:
    assert client.get("/openapi.json").get_json() == api


@pytest.mark.parametrize("wanted", ["", "?reasons=none", "?reasons=all"])
@pytest.mark.parametrize("example", examples.customer(TELCO))
def test_an_example_customer_is_answered_as_described(
    client: FlaskClient, api: dict[str, Any], example: str, wanted: str
) -> None:
    record = examples.customer(TELCO)[example]["value"]
    check(api, "Customer", record)
    answer = client.post(f"/predict{wanted}", json=record)
    assert answer.status_code == 200
    check(api, "PredictionAnswer", answer.get_json())


@pytest.mark.parametrize("wanted", ["", "?reasons=5"])
@pytest.mark.parametrize("example", examples.batch(TELCO))
def test_an_example_batch_is_answered_as_described(
    client: FlaskClient, api: dict[str, Any], example: str, wanted: str
) -> None:
    answer = client.post(f"/batch_predict{wanted}", json=examples.batch(TELCO)[example]["value"])
    assert answer.status_code == 200
    check(api, "BatchAnswer", answer.get_json())


def test_the_example_file_would_be_accepted(client: FlaskClient, api: dict[str, Any]) -> None:
    content = api["paths"]["/jobs"]["post"]["requestBody"]["content"]
    answer = client.post("/jobs/check", data=content["text/csv"]["example"], content_type="application/octet-stream")
    assert (answer.get_json()["ok"], answer.get_json()["rows"]) == (True, 1)


@pytest.mark.parametrize(
    ("path", "schema"), [("/health", "HealthAnswer"), ("/model_info", "ModelInfo"), ("/releases", "ReleasesAnswer")]
)
def test_what_is_read_is_as_described(client: FlaskClient, api: dict[str, Any], path: str, schema: str) -> None:
    check(api, schema, client.get(path).get_json())


def test_failures_are_as_described(client: FlaskClient, api: dict[str, Any]) -> None:
    failed = [
        (client.post("/predict", json=examples.faulty(TELCO)), "/predict", "post"),
        (client.post("/predict", data="{", content_type="application/json"), "/predict", "post"),
        (client.post("/predict", data="x"), "/predict", "post"),
        (client.post("/batch_predict", json=[{}] * 1001), "/batch_predict", "post"),
        (client.get("/releases/none/files/none"), "/releases/{version}/files/{name}", "get"),
    ]
    for answer, path, method in failed:
        assert str(answer.status_code) in api["paths"][path][method]["responses"]
        check(api, "Error", answer.get_json())


def test_what_can_happen_to_every_request_is_said_of_every_operation(api: dict[str, Any]) -> None:
    for path, item in api["paths"].items():
        for method, operation in item.items():
            said = operation["responses"].keys()
            assert {"400", "408", "414", "429", "431", "500"} <= said, (method, path)
            if operation.get("security") != []:
                # Without keys to go by, nobody is let in and nobody is turned away: that is a 503.
                assert {"401", "403", "503"} <= said, (method, path)


@pytest.mark.parametrize("path", ["/model_info", "/openapi.json", "/docs", "/"])
def test_what_is_kept_and_asked_about_says_so(client: FlaskClient, api: dict[str, Any], path: str) -> None:
    operation = api["paths"][path]["get"]
    assert {"304", "412"} <= operation["responses"].keys()
    assert {each["name"] for each in operation["parameters"]} == {"If-None-Match", "If-Match"}
    tag = client.get(path).headers.get("ETag")
    assert "ETag" in operation["responses"]["200"]["headers"]
    assert tag or path == "/", "the site's page has one where there is a site"
    if tag:
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
        failed = client.get(path, headers={"If-Match": '"another"'})
        assert failed.status_code == 412
        check(api, "Error", failed.get_json())


def test_keys_are_wanted_in_the_document_where_they_are_in_the_settings(api: dict[str, Any]) -> None:
    settings = ApiSettings(store_url="file:///store", api_keys="9f86d081884c7d659a2f")  # type: ignore[arg-type]
    keyed = document(settings, ENDPOINTS, TELCO)
    assert api["security"] == [{}]
    assert keyed["security"] == [{"bearer": []}, {"header": []}]
    assert keyed["paths"]["/health"]["get"]["security"] == []
