"""POST /jobs/check: a look at a file's start says what submitting the whole file will."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from tests.api.jobs.files import FILES, Shape
from tests.telco import TELCO

from churn.errors import StoreUnavailable
from churn_api.app import ENDPOINTS
from churn_api.jobs.csv.preview import MAX_HEAD_BYTES, look_at
from churn_api.openapi.document import document
from churn_api.settings import ApiSettings

BYTES = "application/octet-stream"


def check(client: FlaskClient, head: bytes, **query: Any) -> dict[str, Any]:
    answer = client.post("/jobs/check", data=head, content_type=BYTES, query_string=query)
    assert answer.status_code == 200, answer.text
    api = document(ApiSettings(store_url="file:///store"), ENDPOINTS, TELCO)
    schema = {"$ref": "#/components/schemas/FileCheck", "components": api["components"]}
    Draft202012Validator(schema).validate(answer.json)
    return answer.json  # type: ignore[no-any-return]


@pytest.mark.parametrize("shape", FILES, ids=lambda shape: shape.name)
def test_a_look_and_a_submission_agree(client: FlaskClient, shape: Shape) -> None:
    seen = check(client, shape.data, size=len(shape.data), name="customers.csv")
    answer = client.post("/jobs", data=shape.data, content_type="text/csv")
    assert seen["ok"] == (answer.status_code == 202) == (shape.rows is not None), (seen, answer.text)
    if seen["ok"]:
        assert seen["rows"] == answer.json["request_counts"]["total"] == shape.rows
        assert seen["notes"] == answer.json["notes"]
        assert seen["ignored_columns"] == answer.json["ignored_columns"] == list(shape.ignored)
    else:
        assert (seen["error"], seen["errors"]) == (answer.json["error"], answer.json["errors"])
        assert shape.words in seen["error"]
    assert shape.words in " ".join([seen["error"] or "", *seen["notes"]])


def test_the_first_rows_are_shown_by_the_fields_names(
    client: FlaskClient, many_customers: Callable[[int], bytes]
) -> None:
    data = many_customers(9).replace(b"tenure", b"TENURE", 1)
    seen = check(client, data, size=len(data))
    assert seen["columns"][:3] == ["customerID", "gender", "SeniorCitizen"]
    assert seen["absent_columns"] == []
    assert len(seen["sample"]) == 5
    assert seen["sample"][1]["customerID"] == "0000001-ROW"
    assert "tenure" in seen["sample"][0]


@pytest.mark.parametrize("packed", [False, True], ids=["CSV", "gzip"])
def test_the_rows_of_a_large_file_are_estimated(many_customers: Callable[[int], bytes], packed: bool) -> None:
    data = many_customers(20_000)
    data = gzip.compress(data) if packed else data
    seen = look_at(TELCO, data[:MAX_HEAD_BYTES], len(data), 200)
    assert seen.ok
    assert seen.rows == pytest.approx(20_000, rel=0.05)


@pytest.mark.parametrize("cut", [300, 777, 5_000, 5_001, 5_002, 5_003])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_start_may_stop_anywhere(
    many_customers: Callable[[int], bytes], cut: int, encoding: str, delimiter: str
) -> None:
    text = many_customers(200).decode().replace(",", delimiter).replace("Female", '"Female\né"')
    data = text.encode(encoding)
    seen = look_at(TELCO, data[:cut] if encoding == "utf-8" else data[: 2 * cut], len(data), 200)
    assert seen.ok, seen.error
    assert all(len(row) == 21 for row in seen.sample)


@pytest.mark.parametrize("start", [b"PK\x03\x04rest", b"PAR1rest"], ids=["workbook", "parquet"])
def test_what_only_the_whole_file_tells_is_left_for_then(client: FlaskClient, start: bytes) -> None:
    seen = check(client, start, size=1_000_000)
    assert seen["ok"]
    assert seen["rows"] is None
    assert "when it is sent" in seen["notes"][0]


def test_a_file_over_the_limit_is_told_before_it_is_sent(client: FlaskClient, header_line: bytes) -> None:
    assert "larger than 200 MB" in check(client, header_line, size=200_000_001)["error"]


@pytest.mark.parametrize("size", ["-1", "x", "1e9", "10", "9" * 5_000, "²"])
def test_a_size_that_is_none_is_refused(client: FlaskClient, header_line: bytes, size: str) -> None:
    answer = client.post("/jobs/check", data=header_line, content_type=BYTES, query_string={"size": size})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "size")


def test_more_than_the_start_is_refused(client: FlaskClient) -> None:
    assert client.post("/jobs/check", data=b"x" * (MAX_HEAD_BYTES + 1), content_type=BYTES).status_code == 413
    assert client.post("/jobs/check", data=b"x", content_type="text/csv").status_code == 415


def test_a_look_needs_no_store(app: Flask, header_line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("here", "a test")

    for verb in ("put", "write", "get", "list"):
        monkeypatch.setattr(app.extensions["churn"].store, verb, away)
    assert check(app.test_client(), header_line)["ok"]
