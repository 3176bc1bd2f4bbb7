"""The API as a Lambda function answers API Gateway's events as the server answers the same requests."""

import base64
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import boto3
import pytest
import requests
from moto import mock_aws

from churn.store.opening import open_store
from churn_api.auth import parameter_store

EVENTS = Path(__file__).parent / "events"
KEY = "b7d1f09c3e5a48126fd0c9e2"
# What no two answers share: the time, and what each process measured for itself.
MOMENT = re.compile(rb'"\d{4}-\d\d-\d\dT[\d:.]+\+00:00"')
# What belongs to the connection and not to the answer, or depends on the moment.
CONNECTION = {"connection", "content-length", "date", "server", "keep-alive", "transfer-encoding"}

CASES = {
    "a customer": ("POST", "/predict", "whole"),
    "some fields": ("POST", "/predict?reasons=none", "partial"),
    "every reason": ("POST", "/predict?reasons=all", "whole"),
    "a bad customer": ("POST", "/predict", {"tenure": 500, "Contract": "für immer"}),
    "a batch": ("POST", "/batch_predict", "batch"),
    "broken JSON": ("POST", "/predict", b"{"),
    "bytes that are no text": ("POST", "/predict", b"\xff\xfe{"),
    "a wrong method": ("GET", "/predict", None),
    "nothing there": ("GET", "/nothing/%C3%BC?a=1&a=2", None),
    "a wrong parameter": ("POST", "/predict?reasons=%20many", "whole"),
    "liveness": ("GET", "/health/live", None),
    "readiness": ("GET", "/health/ready", None),
    "the release": ("GET", "/model_info", None),
    "the document": ("GET", "/openapi.json", None),
}


ONLY_WHAT_IS_PINNED = """
import importlib.abc, importlib.metadata, sys

class Package(importlib.abc.MetaPathFinder):
    owners = importlib.metadata.packages_distributions()
    pinned = set(sys.argv[1:])

    def find_spec(self, name, path, target=None):
        owners = {owner.lower().replace("_", "-") for owner in self.owners.get(name.partition(".")[0], ())}
        if owners and not owners & self.pinned:
            raise ModuleNotFoundError(f"No module named {name!r} in the package")

sys.meta_path.insert(0, Package())
sys.path.insert(0, "deploy/aws/function")
import churn_function
"""


@pytest.fixture
def handler(root, tmp_path, publish, monkeypatch) -> Callable[[dict[str, Any], object], dict[str, Any]]:
    """The function's handler over this test's store, in production, with its keys from Parameter Store."""
    store = open_store(f"file://{tmp_path}/store")
    store.ensure_bucket()
    publish(store)
    settings = {"CHURN_ENV": "production", "CHURN_CACHE": "off", "CHURN_STORE_URL": f"file://{tmp_path}/store"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("API_KEYS_PARAMETER", "/churn/api-keys")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    # Set so that it is taken away again: the handler puts the keys there.
    monkeypatch.setenv("CHURN_API_KEYS_FILE", "")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.syspath_prepend(root / "deploy" / "aws" / "function")
    with mock_aws():
        boto3.client("ssm").put_parameter(Name="/churn/api-keys", Type="SecureString", Value=KEY)
        from churn_function import make_handler

        return make_handler()


def _event(version: str, method: str, target: str, body: bytes | None, headers: dict[str, str]) -> dict[str, Any]:
    """The recorded event of this version with another request in it, as API Gateway would have written it."""
    event = json.loads((EVENTS / f"{version}.json").read_text())
    path, _, query = target.partition("?")
    encoded = base64.b64encode(body).decode() if body is not None else None
    event |= {"body": encoded, "isBase64Encoded": body is not None}
    if version == "v2":
        event["headers"] |= headers
        event |= {"rawPath": requests.utils.unquote(path), "rawQueryString": query}
        event["requestContext"]["http"] |= {"method": method, "path": path}
        return event
    pairs = parse_qsl(query)
    event["multiValueHeaders"] |= {name: [value] for name, value in headers.items()}
    event["headers"] |= headers
    event |= {"path": requests.utils.unquote(path), "httpMethod": method}
    event["queryStringParameters"] = dict(pairs) or None
    event["multiValueQueryStringParameters"] = {key: [v for k, v in pairs if k == key] for key, _ in pairs} or None
    return event


def _content(answer: dict[str, Any]) -> bytes:
    return base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()


def _headers(pairs: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in dict(pairs).items() if name.lower() not in CONNECTION}


@pytest.fixture
def bodies(whole, partial) -> dict[str, Any]:
    return {"whole": whole, "partial": partial, "batch": {"customers": [whole, partial, {"tenure": -1}]}}


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_function_answers_with_the_servers_bytes(version, handler, serve, bodies, monkeypatch):
    server = serve(CHURN_ENV="production", CHURN_API_KEYS=KEY, CHURN_CACHE="off", CHURN_API_WORKERS="1")
    for name, (method, target, given) in CASES.items():
        body = (
            given if isinstance(given, bytes) or given is None else json.dumps(bodies.get(str(given), given)).encode()
        )
        headers = {"x-request-id": f"case-{len(name)}", "x-api-key": KEY, "content-type": "application/json"}
        asked = requests.request(method, server.url + target, data=body, headers=headers, timeout=10)
        event = _event(version, method, target, body, headers)
        answer = handler(event, None)
        sent = answer.get("headers") or {key: values[-1] for key, values in answer["multiValueHeaders"].items()}
        assert answer["statusCode"] == asked.status_code, name
        assert MOMENT.sub(b'"now"', _content(answer)) == MOMENT.sub(b'"now"', asked.content), name
        assert _headers(sent) == _headers(asked.headers), name


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_recorded_event_is_answered_as_it_is(version, handler):
    event = json.loads((EVENTS / f"{version}.json").read_text())
    answer = handler(event, None)
    assert answer["statusCode"] == 200
    content = json.loads(_content(answer))
    assert 0 < content["churn_probability"] < 1
    assert content["customerID"] == "7590-VHVEG"


def test_without_a_key_the_function_answers_nobody(handler):
    event = json.loads((EVENTS / "v2.json").read_text())
    del event["headers"]["x-api-key"]
    assert handler(event, None)["statusCode"] == 401


@pytest.mark.parametrize(
    "path",
    [
        *("/jobs", "/jobs/check", "/outcomes", "/customers/x", "/campaigns"),
        *("/alerts", "/overview", "/experiments", "/quality"),
    ],
)
def test_jobs_outcomes_and_erasures_are_sent_elsewhere(handler, path):
    answer = handler(_event("v2", "GET", path, None, {}), None)
    assert answer["statusCode"] == 404
    assert f"/{path.split('/')[1]} is not served at this address" in answer["body"]
    assert "machine or the cluster" in answer["body"]


def test_a_release_that_was_published_later_is_followed(handler, tmp_path, publish, monkeypatch):
    import churn_function

    event = _event("v2", "GET", "/model_info", None, {})
    before = json.loads(handler(event, None)["body"])["version"]
    published = publish(open_store(f"file://{tmp_path}/store"), shift=0.5)
    assert json.loads(handler(event, None)["body"])["version"] == before
    monkeypatch.setattr(churn_function, "SECONDS_BETWEEN_LOOKS", 0.0)
    assert json.loads(handler(event, None)["body"])["version"] == published


def test_a_callers_own_word_on_its_address_is_not_taken(handler, monkeypatch):
    """API Gateway's sight of the caller counts, for the first and the second kind of event."""
    import churn_function

    seen: list[str] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        seen.append(environ["REMOTE_ADDR"])
        start_response("200 OK", [])
        return [b""]

    answer = churn_function.make_lambda_handler(churn_function._with_callers_address(app), binary_support=True)
    for version in ("v1", "v2"):
        answer(_event(version, "GET", "/health", None, {"X-Forwarded-For": "198.51.100.66, 203.0.113.9"}), None)
    assert seen == ["203.0.113.9", "203.0.113.9"]


def test_a_key_that_is_revoked_opens_nothing_when_the_next_look_is_due(handler, monkeypatch):
    def status(key: str) -> int:
        return handler(_event("v2", "GET", "/model_info", None, {"X-API-Key": key}), None)["statusCode"]

    assert status(KEY) == 200
    with mock_aws():
        other = KEY[::-1]
        boto3.client("ssm").put_parameter(Name="/churn/api-keys", Type="SecureString", Value=other, Overwrite=True)
        monkeypatch.setattr("churn_function.SECONDS_BETWEEN_LOOKS", 0.0)
        time.sleep(1.1)
        status(KEY)
        time.sleep(1.1)
        assert (status(KEY), status(other)) == (401, 200)


def test_keys_stay_as_they_were_where_they_cannot_be_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    file = tmp_path / "api-keys"
    with mock_aws():
        boto3.client("ssm").put_parameter(Name="/keys", Type="SecureString", Value=KEY)
        parameter_store.fetch("/keys", file)
        parameter_store.refresh("/no-such-parameter", file)
    assert file.read_text() == f"{KEY}\n"


def test_everything_that_the_function_imports_is_in_its_package(root):
    """Imported by a process that finds nothing but the standard library, the product and what the package pins."""
    pins = (root / "requirements" / "lambda.txt").read_text()
    pinned = {name.replace("_", "-") for name in re.findall(r"^([a-z0-9._-]+)(?:\[.*\])?==", pins, re.MULTILINE)}
    command = [sys.executable, "-c", ONLY_WHAT_IS_PINNED, *pinned]
    paths = os.pathsep.join(str(root / part) for part in ("shared", "services/api"))
    environment = os.environ | {"PYTHONPATH": paths}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
