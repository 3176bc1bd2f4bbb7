"""/jobs over HTTP: forms and bare bodies, refusals, keys, pages and downloads."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from churn.errors import StoreUnavailable
from churn.store.interface import ObjectStore
from churn_api.service import Service
from churn_api.settings import ApiSettings

Make = Callable[[int], bytes]
CSV = "text/csv"


@pytest.fixture
def site(make_app: Callable[[ApiSettings], Flask], store: ObjectStore, tmp_path: Path, empty_redis: str) -> FlaskClient:
    """The API over this test's own store, with a queue that nobody takes from."""
    del store
    settings = ApiSettings(store_url=f"file://{tmp_path}/store", queue_url=empty_redis, max_upload_mb=2)
    return make_app(settings).test_client()


def form(data: bytes, filename: str = "customers.csv") -> dict[str, Any]:
    return {"data": {"note": "hello", "file": (io.BytesIO(data), filename), "after": "that"}}


def test_an_accepted_job_is_answered_with_where_it_is(site: FlaskClient, many_customers: Make) -> None:
    answer = site.post("/jobs", **form(many_customers(3)))
    assert answer.status_code == 202
    job = answer.json
    assert answer.headers["Location"] == job["links"]["self"] == f"/jobs/{job['id']}"
    assert site.get(answer.headers["Location"]).json == job
    assert set(job) == {
        *("id", "object", "status", "filename", "created_at", "started_at", "finished_at", "expires_at"),
        *("request_counts", "model_version", "ignored_columns", "notes", "error", "links"),
    }
    assert (job["object"], job["status"], job["filename"]) == ("job", "queued", "customers.csv")
    assert job["request_counts"] == {"total": 3, "completed": 0, "failed": 0}
    assert job["created_at"].endswith("+00:00")


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=UTF-8; header=present"])
def test_a_bare_csv_is_taken_too(site: FlaskClient, many_customers: Make, charset: str) -> None:
    answer = site.post(
        "/jobs",
        data=many_customers(3),
        content_type=CSV + charset,
        headers={"Content-Disposition": 'attachment; filename="a b.csv"'},
    )
    assert (answer.status_code, answer.json["filename"]) == (202, "a b.csv")


def refused(answer: TestResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.json["success"] is False
    return answer.json  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", ["application/json", "application/vnd.ms-excel", "text/csv; charset=latin-1", None])
def test_another_type_is_refused(site: FlaskClient, kind: str | None) -> None:
    refused(site.post("/jobs", data=b"a", content_type=kind), 415)


def test_a_packed_file_is_unpacked_however_it_is_sent(site: FlaskClient, many_customers: Make) -> None:
    packed = gzip.compress(many_customers(3))
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.gz"\r\n\r\n' + packed + b"\r\n--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    ways: dict[str, dict[str, Any]] = {
        "a body": {"data": packed, "content_type": CSV},
        "declared": {"data": packed, "content_type": "application/gzip"},
        "packed for its way": {"data": packed, "content_type": CSV, "headers": {"Content-Encoding": "gzip"}},
        "a packed file of a form": {"data": body, "content_type": kind},
        "a packed form": {
            "data": gzip.compress(body),
            "content_type": kind,
            "headers": {"Content-Encoding": "gzip"},
        },
    }
    for name, sent in ways.items():
        answer = site.post("/jobs", **sent)
        assert (answer.status_code, answer.json["request_counts"]["total"]) == (202, 3), name
        assert answer.json["notes"] == ["The file was unpacked from gzip."]
    refused(site.post("/jobs", data=packed, content_type=CSV, headers={"Content-Encoding": "br"}), 415)


def test_ignored_columns_and_what_was_read_kindly_are_told(site: FlaskClient, many_customers: Make) -> None:
    data = many_customers(3).replace(b"tenure", b"Tenure", 1).replace(b"Churn", b"Region", 1)
    job = site.post("/jobs", **form(data)).json
    assert job["ignored_columns"] == ["Region"]
    assert job["notes"] == ["Columns were read under the fields' own names: Tenure as tenure."]
    assert site.get(job["links"]["self"]).json["notes"] == job["notes"]


def test_every_column_at_fault_is_named(site: FlaskClient, many_customers: Make) -> None:
    data = many_customers(3).replace(b"tenure", b"tenancy", 1).replace(b"Churn", b"gender", 1)
    faults = refused(site.post("/jobs", **form(data)), 422)["errors"]
    assert [(fault["field"], fault["code"]) for fault in faults] == [("tenure", "missing"), ("gender", "not_allowed")]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"--b\r\n", 400),
        (b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\ngender', 400),
        (b'--b\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--b--\r\n', 422),
        (b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n\r\n--b--\r\n', 422),
    ],
    ids=["nothing", "no parts", "cut off", "no file", "an empty file"],
)
def test_a_broken_form_is_refused(site: FlaskClient, body: bytes, status: int) -> None:
    refused(site.post("/jobs", data=body, content_type="multipart/form-data; boundary=b"), status)


def test_a_form_without_boundary_is_refused(site: FlaskClient) -> None:
    refused(site.post("/jobs", data=b"x", content_type="multipart/form-data"), 400)


@pytest.mark.parametrize("as_form", [True, False])
def test_too_large_an_upload_is_refused_with_the_limit(site: FlaskClient, header_line: bytes, as_form: bool) -> None:
    data = header_line + b"\n" * 2_000_000
    answer = site.post("/jobs", **form(data)) if as_form else site.post("/jobs", data=data, content_type=CSV)
    assert "larger than 2 MB" in refused(answer, 413)["error"]


def test_an_idempotency_key_is_an_api_keys_own_and_covers_the_options(
    make_app: Callable[[ApiSettings], Flask], store: ObjectStore, tmp_path: Path, empty_redis: str, many_customers: Make
) -> None:
    del store
    keys = "a-key-of-the-crm-0123,a-key-of-billing-4567"
    settings = ApiSettings(store_url=f"file://{tmp_path}/store", queue_url=empty_redis, api_keys=keys)  # type: ignore[arg-type]
    client = make_app(settings).test_client()

    def submit(key: str, rows: int, query: str = "") -> TestResponse:
        headers = {"X-API-Key": key, "Idempotency-Key": "2026-11-25"}
        return client.post(f"/jobs{query}", data=many_customers(rows), content_type=CSV, headers=headers)

    crm, billing = keys.split(",")
    mine, theirs = submit(crm, 3), submit(billing, 4)
    assert (mine.status_code, theirs.status_code) == (202, 202)
    assert mine.json["id"] != theirs.json["id"]
    again = submit(crm, 3)
    assert (again.json["id"], again.headers["Idempotent-Replayed"]) == (mine.json["id"], "true")
    assert "options" in refused(submit(crm, 3, "?made_up=1"), 409)["error"]


def test_a_refused_upload_leaves_nothing_in_the_store(
    site: FlaskClient, header_line: bytes, store: ObjectStore
) -> None:
    refused(site.post("/jobs", data=header_line + b'"', content_type=CSV), 422)
    assert list(store.list("jobs/")) == []


def test_a_key_makes_one_job(site: FlaskClient, many_customers: Make) -> None:
    def send(rows: int) -> TestResponse:
        return site.post("/jobs", data=many_customers(rows), content_type=CSV, headers={"Idempotency-Key": "order 66"})

    first, again = send(3), send(3)
    assert again.status_code == 202
    assert again.json["id"] == first.json["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert refused(send(4), 409)["error_type"] == "IdempotencyConflict"
    assert len(site.get("/jobs").json["data"]) == 1


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", "", "9" * 5000, "²"])
def test_a_limit_that_is_none_is_refused(site: FlaskClient, limit: str) -> None:
    assert refused(site.get("/jobs", query_string={"limit": limit}), 422)["errors"][0]["field"] == "limit"


def test_a_cursor_that_is_no_id_is_refused(site: FlaskClient) -> None:
    assert refused(site.get("/jobs?after=../../x"), 422)["errors"][0]["field"] == "after"


@pytest.mark.parametrize("job_id", ["x", "job_", "job_01JD", "job_01M84KPDKZW7V5C93XAXV63NMC", "..", "job_%2e%2e"])
def test_an_unknown_job_is_404(site: FlaskClient, job_id: str) -> None:
    refused(site.get(f"/jobs/{job_id}"), 404)
    refused(site.delete(f"/jobs/{job_id}"), 404)
    refused(site.post(f"/jobs/{job_id}/cancel"), 404)
    refused(site.get(f"/jobs/{job_id}/results"), 404)


def test_what_a_state_does_not_allow_is_409(site: FlaskClient, many_customers: Make) -> None:
    path = site.post("/jobs", **form(many_customers(3))).headers["Location"]
    for answer in (site.get(f"{path}/results"), site.get(f"{path}/errors"), site.delete(path)):
        assert refused(answer, 409)["error_type"] == "JobConflict"


def test_nothing_is_accepted_while_the_store_is_down(
    site: FlaskClient, many_customers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    service: Service = site.application.extensions["churn"]

    def away(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("here", "a test")

    monkeypatch.setattr(service.store, "put", away)
    assert refused(site.post("/jobs", **form(many_customers(3))), 503)["error_type"] == "StoreUnavailable"


def test_nothing_is_accepted_before_there_is_a_release(tmp_path: Path, many_customers: Make) -> None:
    from churn_api.app import create_app

    (tmp_path / "empty").mkdir()
    client = create_app(ApiSettings(store_url=f"file://{tmp_path}/empty")).test_client()
    assert refused(client.post("/jobs", **form(many_customers(3))), 503)["error_type"] == "NoRelease"


def test_results_are_packed_for_whoever_takes_that(site: FlaskClient, bench: Any, many_customers: Make) -> None:
    path = site.post("/jobs", data=many_customers(1_500), content_type=CSV).headers["Location"]
    bench.queue.steps = [("start", path.rpartition("/")[2], None)]
    bench.drain()
    plain = site.get(f"{path}/results", buffered=True)
    packed = site.get(f"{path}/results", headers={"Accept-Encoding": "br, gzip;q=0.5"}, buffered=True)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 3
    assert plain.content_length == len(plain.data)
    for answer in (plain, packed):
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.content_type == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="job_')
    assert len(list(csv.reader(io.StringIO(plain.text)))) == 1_501


def test_twenty_who_send_the_same_key_at_once_make_one_job(
    serve: Callable[..., Any], publish: Callable[..., str], store: ObjectStore, many_customers: Make, empty_redis: str
) -> None:
    publish(store)
    server = serve(CHURN_QUEUE_URL=empty_redis)
    data = many_customers(500)

    def send(_: int) -> requests.Response:
        files = {"file": ("customers.csv", data, CSV)}
        return requests.post(f"{server.url}/jobs", files=files, headers={"Idempotency-Key": "k"}, timeout=60)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 19
    assert len(requests.get(f"{server.url}/jobs", timeout=10).json()["data"]) == 1
    assert len({entry.key.split("/")[1] for entry in store.list("jobs/job_")}) == 1


def test_a_stream_of_unknown_length_is_taken_and_cut_off_at_the_limit(
    serve: Callable[..., Any], publish: Callable[..., str], store: ObjectStore, many_customers: Make, empty_redis: str
) -> None:
    publish(store)
    server = serve(CHURN_QUEUE_URL=empty_redis, CHURN_MAX_UPLOAD_MB="1")
    data = many_customers(3_000)
    blocks = (data[start : start + 10_000] for start in range(0, len(data), 10_000))
    answer = requests.post(f"{server.url}/jobs", data=blocks, headers={"Content-Type": CSV}, timeout=60)
    assert (answer.status_code, answer.json()["request_counts"]["total"]) == (202, 3_000)
    endless = (data for _ in range(4))
    answer = requests.post(f"{server.url}/jobs", data=endless, headers={"Content-Type": CSV}, timeout=60)
    assert answer.status_code == 413
    assert json.loads(answer.text)["error_type"] == "UploadTooLarge"


def test_an_early_refusal_reaches_whoever_is_still_sending(
    serve: Callable[..., Any], publish: Callable[..., str], store: ObjectStore, header_line: bytes, empty_redis: str
) -> None:
    publish(store)
    server = serve(CHURN_QUEUE_URL=empty_redis)
    data = header_line.replace(b"tenure", b"tenor") + b"x" * 20_000_000
    with requests.Session() as session:
        for _ in range(5):
            answer = session.post(f"{server.url}/jobs", data=data, headers={"Content-Type": CSV}, timeout=60)
            assert answer.status_code == 422
            answer = session.post(f"{server.url}/jobs", data=data, headers={"Content-Type": "text/plain"}, timeout=60)
            assert answer.status_code == 415


def test_a_crowd_of_twenty_waits_for_its_turn(
    serve: Callable[..., Any], publish: Callable[..., str], store: ObjectStore, many_customers: Make, empty_redis: str
) -> None:
    publish(store)
    server = serve(CHURN_QUEUE_URL=empty_redis)
    data = many_customers(1_000)

    def send(_: int) -> int:
        url, headers = f"{server.url}/jobs", {"Content-Type": CSV}
        return requests.post(url, data=data, headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(send, range(60))) == {202}
