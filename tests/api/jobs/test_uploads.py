"""Forms are read within bounds, whoever wrote them: the file's name in any encoding, and nothing without end."""

import io
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

FORM = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'


class Endless(io.RawIOBase):
    """A body that goes on for as long as somebody reads it."""

    def __init__(self, start: bytes, rest: bytes) -> None:
        self._start, self._rest = start, rest
        self.sent = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = (self._start + self._rest * (len(buffer) // len(self._rest) + 1))[: len(buffer)]
        self._start = self._start[len(buffer) :]
        buffer[: len(data)] = data
        self.sent += len(data)
        return len(data)


ENDLESS = {
    "a part header that never ends": (b"--b\r\nContent-Disposition: ", b"x" * 1000),
    "part headers without end": (b"--b\r\n", b"X-A: b\r\n"),
    "no boundary at all": (b"", b"x" * 1000),
    "empty parts": (b"", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'),
    "a field that never ends": (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n', b"x" * 1000),
    "what follows the end": (PART + b"gender\r\n--b--\r\n", b"x" * 1000),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_form_without_end_is_refused_after_a_megabyte(client: FlaskClient, kind: str) -> None:
    body = Endless(*ENDLESS[kind])
    environ = {"wsgi.input": body, "CONTENT_LENGTH": "190000000"}
    tracemalloc.start()
    try:
        answer = client.post("/jobs", content_type=FORM, environ_overrides=environ)
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.status_code in (400, 413, 422), answer.text
    assert body.sent <= 1 << 20
    assert held < 8 << 20, held


def send(client: FlaskClient, data: bytes, disposition: bytes) -> TestResponse:
    body = b"--b\r\nContent-Disposition: form-data; " + disposition + b"\r\n\r\n" + data + b"\r\n--b--\r\n"
    return client.post("/jobs", data=body, content_type=FORM)


NAMES = {
    b'name="file"; filename="customers.csv"': "customers.csv",
    'name="file"; filename="Kündigungen €.csv"'.encode(): "Kündigungen €.csv",
    'name="file"; filename="Kündigungen.csv"'.encode("cp1252"): "Kündigungen.csv",
    'name="file"; filename="Клиенты.csv"'.encode("cp1251"): "Клиенты.csv",
    b'name="file"; filename="C:\\Users\\Sam\\Q4.csv"': "Q4.csv",
    b'name="file"; filename="C:\\\\Users\\\\Sam\\\\Q4.csv"': "Q4.csv",
    b'name="file"; filename="../../etc/Q4.csv"': "Q4.csv",
    b"name=\"file\"; filename*=UTF-8''K%C3%BCndigungen.csv": "Kündigungen.csv",
    b'name="file"; filename="the \\"best\\".csv"': 'the "best".csv',
    b'name="file"': None,
}


@pytest.mark.parametrize(("disposition", "name"), NAMES.items(), ids=map(str, NAMES.values()))
def test_a_files_name_is_shown_as_well_as_can_be(
    client: FlaskClient, header_line: bytes, disposition: bytes, name: str | None
) -> None:
    answer = send(client, header_line, disposition)
    assert (answer.status_code, answer.json and answer.json.get("filename")) == (202, name), answer.text


def test_a_bare_body_has_a_name_in_any_encoding_too(client: FlaskClient, header_line: bytes) -> None:
    for sent in ("Kündigungen.csv".encode(), "Kündigungen.csv".encode("cp1252")):
        headers = {"Content-Disposition": f'attachment; filename="{sent.decode("latin-1")}"'}
        answer = client.post("/jobs", data=header_line, content_type="text/csv", headers=headers)
        assert answer.json["filename"] == "Kündigungen.csv"


def test_two_files_of_a_form_are_refused_by_name(client: FlaskClient, many_customers: Callable[[int], bytes]) -> None:
    for second in (PART, b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n'):
        body = PART + many_customers(3) + b"\r\n" + second + many_customers(3) + b"\r\n--b--\r\n"
        answer = client.post("/jobs", data=body, content_type=FORM)
        assert answer.status_code == 422
        assert [(fault["field"], fault["code"]) for fault in answer.json["errors"]] == [("file", "not_allowed")]
        assert "more than one" in answer.json["errors"][0]["message"]


def test_a_form_may_have_other_fields_around_its_file(
    client: FlaskClient, many_customers: Callable[[int], bytes]
) -> None:
    field = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 1_000 + b"\r\n"
    body = 5 * field + PART + many_customers(3) + b"\r\n" + 5 * field + b"--b--\r\n"
    assert client.post("/jobs", data=body, content_type=FORM).status_code == 202
