"""Request ids, counts and the access log."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from churn_api.app import create_app
from churn_api.settings import ApiSettings


@pytest.mark.parametrize("sent", ["abc-123", "a" * 64, "0f8fad5b.d9cb_469f"])
def test_a_sane_request_id_is_kept(client: FlaskClient, sent: str) -> None:
    assert client.get("/health/live", headers={"X-Request-ID": sent}).headers["X-Request-ID"] == sent


@pytest.mark.parametrize("sent", ["", "a" * 65, 'x"y', "a b", "ümlaut", "a;b"])
def test_another_request_id_is_replaced(client: FlaskClient, sent: str) -> None:
    made = client.get("/health/live", headers={"X-Request-ID": sent}).headers["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{24}", made)


def test_every_request_has_an_id_of_its_own(client: FlaskClient) -> None:
    assert len({client.get("/nothing").headers["X-Request-ID"] for _ in range(20)}) == 20


def test_a_line_tells_of_the_request_and_nothing_of_the_customer(
    client: FlaskClient, whole: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    client.post("/predict?reasons=none", json=whole, headers={"X-Request-ID": "line-1"})
    client.get("/nothing/7590-VHVEG")
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert lines[0]["request_id"] == "line-1"
    assert (lines[0]["method"], lines[0]["route"], lines[0]["status"]) == ("POST", "/predict", 200)
    assert lines[0]["duration_ms"] > 0
    assert lines[0]["release"]
    assert lines[1]["route"] == "unknown"
    assert "7590" not in json.dumps(lines)


def test_lines_go_into_the_log_file_where_there_is_one(settings: ApiSettings, tmp_path: Path) -> None:
    app = create_app(settings.model_copy(update={"log_dir": tmp_path / "logs"}))
    app.test_client().get("/health/live", headers={"X-Request-ID": "in-a-file"})
    lines = [json.loads(line) for line in (tmp_path / "logs" / "api.log").read_text().splitlines()]
    assert [line["route"] for line in lines if line["request_id"] == "in-a-file"] == ["/health/live"]


@pytest.mark.usefixtures("logging_as_before")
def test_lines_are_left_out_below_the_level(settings: ApiSettings, capfd: pytest.CaptureFixture[str]) -> None:
    client = create_app(settings.model_copy(update={"log_level": "ERROR"})).test_client()
    client.get("/health/live")
    assert capfd.readouterr().err == ""


def test_a_method_that_a_caller_made_up_is_cut(client: FlaskClient, capfd: pytest.CaptureFixture[str]) -> None:
    client.open("/health/live", method="X" * 5_000)
    [line] = [json.loads(line) for line in capfd.readouterr().err.splitlines() if '"request"' in line]
    assert line["method"] == "X" * 16


@pytest.mark.parametrize("path", ["/openapi.json", "/model_info"])
def test_what_rarely_changes_is_asked_about_and_not_sent_again(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    other = client.get(path, headers={"If-None-Match": '"another"'})
    assert (first.status_code, again.status_code, other.status_code) == (200, 304, 200)
    assert (again.data, other.data) == (b"", first.data)
    assert {answer.headers["Cache-Control"] for answer in (first, again)} == {"private, no-cache"}
