"""What is and what is no JSON body."""

import gzip
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

Record = dict[str, Any]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"{", "line 1, column"),
        (b'{"tenure": 1,}', "line 1, column"),
        (b"[" * 5_000 + b"]" * 5_000, "nested"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "nested"),
        (b'{"gender": "\xff"}', "UTF-8"),
        (b'{"gender": "\\ud800"}', "UTF-8"),
        (b'{"tenure": ' + b"9" * 5_000 + b"}", "digits"),
        (b"gender=Female", "line 1, column 1"),
    ],
    ids=["empty", "cut", "comma", "deep array", "deep object", "latin", "surrogate", "long number", "form"],
)
@pytest.mark.parametrize("path", ["/predict", "/batch_predict"])
def test_what_is_no_json_is_a_400_that_says_why(client: FlaskClient, path: str, body: bytes, says: str) -> None:
    answer = client.post(path, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.get_json()["error_type"] == "InvalidBody"
    assert says in answer.get_json()["error"]


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_another_media_type_is_a_415(client: FlaskClient, whole: Record, kind: str | None) -> None:
    answer = client.post("/predict", data=json.dumps(whole), content_type=kind)
    assert answer.status_code == 415
    assert "application/json" in answer.get_json()["error"]


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"', "application/x+json"],
)
def test_json_under_any_of_its_names_is_read(client: FlaskClient, whole: Record, kind: str) -> None:
    assert client.post("/predict", data=json.dumps(whole), content_type=kind).status_code == 200


def test_another_charset_is_a_415(client: FlaskClient, whole: Record) -> None:
    body = json.dumps(whole).encode("utf-16")
    assert client.post("/predict", data=body, content_type="application/json; charset=utf-16").status_code == 415


def test_a_compressed_body_is_a_415(client: FlaskClient, whole: Record) -> None:
    body = gzip.compress(json.dumps(whole).encode())
    headers = {"Content-Encoding": "gzip"}
    answer = client.post("/predict", data=body, headers=headers, content_type="application/json")
    assert answer.status_code == 415


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "GZIP", "identity, gzip"])
def test_a_body_that_calls_itself_compressed_is_a_415_whatever_it_holds(
    client: FlaskClient, whole: Record, coding: str
) -> None:
    for path in ("/predict", "/batch_predict"):
        answer = client.post(path, json=whole, headers={"Content-Encoding": coding})
        assert answer.status_code == 415
        assert coding in answer.get_json()["error"]


@pytest.mark.parametrize("coding", ["identity", "Identity"])
def test_a_body_as_it_is_may_be_called_so(client: FlaskClient, whole: Record, coding: str) -> None:
    assert client.post("/predict", json=whole, headers={"Content-Encoding": coding}).status_code == 200


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("path", ["/predict", "/batch_predict"])
def test_another_encoding_of_unicode_is_a_400(client: FlaskClient, whole: Record, path: str, encoding: str) -> None:
    answer = client.post(path, data=json.dumps(whole).encode(encoding), content_type="application/json; charset=utf-8")
    assert (answer.status_code, answer.get_json()["error_type"]) == (400, "InvalidBody")


def test_a_byte_order_mark_of_utf_8_is_read_over(client: FlaskClient, whole: Record) -> None:
    body = json.dumps(whole).encode("utf-8-sig")
    assert client.post("/predict", data=body, content_type="application/json").status_code == 200


@pytest.mark.parametrize(("path", "limit"), [("/predict", 64 * 1024), ("/batch_predict", 2 * 1024 * 1024)])
def test_a_body_over_the_limit_is_a_413_before_it_is_read(client: FlaskClient, path: str, limit: int) -> None:
    fits = client.post(path, data=b" " * limit, content_type="application/json")
    over = client.post(path, data=b" " * (limit + 1), content_type="application/json")
    assert (fits.status_code, over.status_code) == (400, 413)
    assert over.get_json()["error_type"] == "RequestTooLarge"


def test_of_a_repeated_name_the_last_value_counts(client: FlaskClient, whole: Record) -> None:
    body = json.dumps(whole)[:-1] + ', "tenure": 500}'
    answer = client.post("/predict", data=body, content_type="application/json")
    assert answer.get_json()["errors"][0]["message"].endswith("got 500.")


def test_a_long_value_is_echoed_shortened(client: FlaskClient, whole: Record) -> None:
    answer = client.post("/predict", json=whole | {"gender": "<script>" * 1000})
    assert answer.status_code == 422
    assert len(answer.data) < 1000
