"""A job's files over HTTP: named, whole, in part, for Excel, and not at all where the client has them already."""

import gzip
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from churn.store.interface import ObjectStore
from churn_api.jobs.errors import UnknownJob
from churn_api.settings import ApiSettings
from churn_api.stored_file import StoredFile
from churn_api.views.downloads import _disposition, file_name, send

BOM = b"\xef\xbb\xbf"


@pytest.fixture
def site(make_app: Callable[[ApiSettings], Flask], store: ObjectStore, tmp_path: Path, empty_redis: str) -> FlaskClient:
    """The API over this test's own store, with a queue that nobody takes from."""
    del store
    return make_app(ApiSettings(store_url=f"file://{tmp_path}/store", queue_url=empty_redis)).test_client()


@pytest.fixture
def finished(site: FlaskClient, bench: Any, many_customers: Callable[[int], bytes]) -> str:
    """The address of a finished job of 300 rows, of which one has an id that would run."""
    data = many_customers(300).replace(b"0000007-ROW", b"=1+1").replace(b"0000008-ROW", b"+15550100123")
    headers = {"Content-Disposition": 'attachment; filename="customers.csv"'}
    answer = site.post("/jobs", data=data, content_type="text/csv", headers=headers)
    bench.queue.steps = [("start", answer.json["id"], None)]
    bench.drain()
    return str(answer.headers["Location"])


def get(site: FlaskClient, path: str, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return site.get(path, headers=named, buffered=True)


@pytest.mark.parametrize("kind", ["results", "errors"])
def test_a_file_is_named_after_the_upload_and_kept_by_nobody_between(
    site: FlaskClient, finished: str, kind: str
) -> None:
    answer = get(site, f"{finished}/{kind}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f'attachment; filename="customers_{kind}.csv"'
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"].startswith('"')
    assert answer.content_length == len(answer.data)


def test_ids_come_harmless_or_raw(site: FlaskClient, finished: str) -> None:
    plain, raw = get(site, f"{finished}/results"), get(site, f"{finished}/results?raw=1")
    assert b"\n8,'=1+1," in plain.data
    assert raw.data == plain.data.replace(b"\n8,'=1+1,", b"\n8,=1+1,")
    assert b"\n9,+15550100123," in plain.data
    assert raw.content_length == plain.content_length - 1
    assert raw.headers["ETag"] != plain.headers["ETag"]


@pytest.mark.parametrize("query", ["excel=1", "excel=true&raw=1", "raw=0&excel=1"])
def test_excel_gets_a_byte_order_mark_and_nothing_else_changes(site: FlaskClient, finished: str, query: str) -> None:
    plain = get(site, f"{finished}/results?{query.replace('excel=', 'excel=0&was=')}")
    marked = get(site, f"{finished}/results?{query}")
    assert marked.data == BOM + plain.data
    assert marked.content_length == len(marked.data)
    assert marked.headers["ETag"] != plain.headers["ETag"]
    packed = get(site, f"{finished}/results?{query}", Accept_Encoding="gzip")
    assert gzip.decompress(packed.data) == marked.data


@pytest.mark.parametrize("flag", ["raw=2", "excel=maybe", "raw=1.0", "excel=" + "9" * 5000])
def test_a_flag_that_is_none_is_refused(site: FlaskClient, finished: str, flag: str) -> None:
    answer = get(site, f"{finished}/results?{flag}")
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, flag.partition("=")[0])


@pytest.mark.parametrize("query", ["", "?excel=1", "?raw=1", "?raw=1&excel=1"])
def test_what_broke_off_goes_on_at_any_byte(site: FlaskClient, finished: str, query: str) -> None:
    path = f"{finished}/results{query}"
    whole = get(site, path)
    size, tag = len(whole.data), whole.headers["ETag"]
    for asked, start, end in [
        ("0-", 0, size),
        ("0-0", 0, 1),
        ("1-2", 1, 3),
        ("2-4", 2, 5),
        ("3-3", 3, 4),
        ("1000-1999", 1000, 2000),
        (f"{size - 1}-", size - 1, size),
        (f"5-{size + 10}", 5, size),
        ("-7", size - 7, size),
        (f"-{size + 1}", 0, size),
    ]:
        part = get(site, path, Range=f"bytes={asked}", If_Range=tag, Accept_Encoding="gzip")
        assert (part.status_code, part.data) == (206, whole.data[start:end]), asked
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
        assert part.content_length == end - start
        assert part.headers["ETag"] == tag
        assert "Content-Encoding" not in part.headers


@pytest.mark.parametrize("packed", [False, True])
def test_who_wants_another_version_is_told_that_it_is_not_there(
    site: FlaskClient, finished: str, *, packed: bool
) -> None:
    path, coding = f"{finished}/results", {"Accept_Encoding": "gzip"} if packed else {}
    whole = get(site, path, **coding)
    tag = whole.headers["ETag"]
    for held in (tag, f'"other", {tag}', "*"):
        answer = get(site, path, If_Match=held, **coding)
        assert (answer.status_code, answer.data) == (200, whole.data), held
    for lost in ('"other"', f"W/{tag}", '"other", "another"'):
        answer = get(site, path, If_Match=lost, **coding)
        assert (answer.status_code, answer.json["error_type"]) == (412, "PreconditionFailed"), lost
        assert "ETag" not in answer.headers
    part = get(site, path, If_Match=tag, Range="bytes=0-9", **coding)
    # What goes on is the file as it is, and no part of what was packed.
    assert part.status_code == (412 if packed else 206)


def test_a_range_behind_the_end_is_416_and_says_the_size(site: FlaskClient, finished: str) -> None:
    size = len(get(site, f"{finished}/results").data)
    answer = get(site, f"{finished}/results", Range=f"bytes={size}-")
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{size}")
    assert answer.json["error_type"] == "RangeNotSatisfiable"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,4-5", "lines=0-1", "bytes=x-", "bytes=5-2", "bytes", "bytes=-0", "bytes=" + "9" * 5000 + "-"]
)
def test_what_is_no_single_range_is_answered_by_all(site: FlaskClient, finished: str, asked: str) -> None:
    answer = get(site, f"{finished}/results", Range=asked)
    assert (answer.status_code, "Content-Range" in answer.headers) == (200, False)


@pytest.mark.parametrize("condition", ['"other"', "weak", "Wed, 25 Nov 2026 07:28:00 GMT", ""])
def test_another_version_is_begun_anew(site: FlaskClient, finished: str, condition: str) -> None:
    whole = get(site, f"{finished}/results")
    tag = f"W/{whole.headers['ETag']}" if condition == "weak" else condition
    answer = get(site, f"{finished}/results", Range="bytes=5-", If_Range=tag)
    assert (answer.status_code, answer.data) == (200, whole.data)


@pytest.mark.parametrize("packing", ["identity", "gzip"])
def test_what_the_client_has_is_not_sent_again(site: FlaskClient, finished: str, packing: str) -> None:
    path = f"{finished}/results"
    tag = get(site, path, Accept_Encoding=packing).headers["ETag"]
    for condition in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = get(site, path, Accept_Encoding=packing, If_None_Match=condition)
        assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert "Content-Type" not in answer.headers
    assert get(site, path, Accept_Encoding=packing, If_None_Match='"x"').status_code == 200
    other = "identity" if packing == "gzip" else "gzip"
    assert get(site, path, Accept_Encoding=other, If_None_Match=tag).status_code == 200


def test_head_tells_what_get_would_and_opens_nothing(
    site: FlaskClient, finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = get(site, f"{finished}/results")
    store = site.application.extensions["churn"].store
    monkeypatch.setattr(store, "read", None)
    # A range is asked of GET alone.
    answer = site.head(f"{finished}/results", headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.data, answer.content_length) == (200, b"", len(whole.data))
    assert answer.headers["ETag"] == whole.headers["ETag"]
    packed = site.head(f"{finished}/results", headers={"Accept-Encoding": "gzip"})
    assert (packed.headers["Content-Encoding"], packed.content_length) == ("gzip", None)


def test_a_range_reads_no_other_bytes_of_the_store(
    site: FlaskClient, finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = site.application.extensions["churn"].store
    read, asked = store.read, []

    def watched(key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        asked.append((start, end))
        return read(key, start=start, end=end)  # type: ignore[no-any-return]

    monkeypatch.setattr(store, "read", watched)
    for query, span in (("", "10-19"), ("?excel=1", "10-19"), ("?excel=1", "0-2")):
        assert get(site, f"{finished}/results{query}", Range=f"bytes={span}").status_code == 206
    assert asked == [(10, 20), (7, 17)]


def test_a_file_that_goes_meanwhile_is_an_unknown_job(
    site: FlaskClient, finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = site.application.extensions["churn"].store
    head = store.head

    def gone(key: str) -> Any:
        entry = head(key)
        store.delete([key])
        return entry

    monkeypatch.setattr(store, "head", gone)
    answer = get(site, f"{finished}/results")
    assert (answer.status_code, answer.json["error_type"]) == (404, "UnknownJob")


JOB = "job_01M84KPDKZW7V5C93XAXV63NMC"


@pytest.mark.parametrize(
    ("upload", "name"),
    [
        ("customers.csv", "customers_results.csv"),
        ("Q4 customers (final).CSV", "Q4 customers (final)_results.csv"),
        ("customers.csv.gz", "customers_results.csv"),
        ("book.xlsx", "book_results.csv"),
        ("customers.2026.csv", "customers.2026_results.csv"),
        ("no-ending", "no-ending_results.csv"),
        ("Kündigungen €.csv", "Kündigungen €_results.csv"),
        ("客户.csv", "客户_results.csv"),
        ("C:\\Users\\Sam\\Q4.csv", "Q4_results.csv"),
        ("../../etc/passwd", "passwd_results.csv"),
        ('a"b;c\r\nX: y.csv', "a_b;c__X_ y_results.csv"),
        ("gnp\u202evsc.exe.csv", "gnp_vsc.exe_results.csv"),
        ("x" * 300 + ".csv", "x" * 150 + "_results.csv"),
        ("é" * 300, "é" * 75 + "_results.csv"),
        ("\ud800.csv", f"{JOB}_results.csv"),
        (None, f"{JOB}_results.csv"),
        ("", f"{JOB}_results.csv"),
        (".csv", f"{JOB}_results.csv"),
        ("...", f"{JOB}_results.csv"),
        ("???", f"{JOB}_results.csv"),
        ("folder/", f"{JOB}_results.csv"),
    ],
)
def test_a_files_name_is_one_that_every_system_takes(upload: str | None, name: str) -> None:
    assert file_name(upload, JOB, "results") == name


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("customers_results.csv", "customers_results.csv"),
        ("Kündigungen €_results.csv", "Kundigungen _results.csv"),
        ("客户_results.csv", "_results.csv"),
        ("100%25 'sure'; a_results.csv", "100_25 _sure__ a_results.csv"),
    ],
)
def test_a_name_goes_encoded_beside_a_plain_one(name: str, plain: str) -> None:
    header = _disposition(name)
    header.encode("ascii")
    first, _, encoded = header.partition("; filename*=UTF-8''")
    assert first == f'attachment; filename="{plain}"'
    assert unquote(encoded) == (name if name != plain else "")
    assert not set(encoded) & set(" \"';,%".replace("%", ""))


class LargeStore:
    """A store that holds one object of half a gigabyte, made as it is read."""

    size = 512 << 20
    piece = bytes(range(256)) * 4096

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        del key
        end = self.size if end is None else end
        return (self.piece[: min(len(self.piece), end - at)] for at in range(start, end, len(self.piece)))


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=7-"}, {"Accept-Encoding": "gzip"}], ids=str)
def test_a_large_file_passes_in_bounded_memory(site: FlaskClient, headers: dict[str, str]) -> None:
    large: Any = LargeStore()
    file = StoredFile(large, "key", large.size, "x", None, UnknownJob("key"))
    with site.application.test_request_context(headers=headers):
        answer = send(request, file, "large.csv", excel=True)
        tracemalloc.start()
        passed = sum(map(len, answer.iter_encoded()))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert passed == (answer.content_length or passed)
    assert peak < 16 << 20


def test_through_a_real_server_a_download_goes_on_where_it_broke_off(
    serve: Callable[..., Any], bench: Any, many_customers: Callable[[int], bytes], empty_redis: str
) -> None:
    bench.clock.now = datetime.now(UTC)  # the real server keeps the real time, and takes an older job for expired
    job = bench.submit(many_customers(3_000), filename="März.csv")
    bench.drain()
    url = f"{serve(CHURN_QUEUE_URL=empty_redis).url}/jobs/{job.id}/results"
    plain = {"Accept-Encoding": "identity"}
    whole = requests.get(url, headers=plain, timeout=30)
    assert "filename*=UTF-8''M%C3%A4rz_results.csv" in whole.headers["Content-Disposition"]
    head = requests.head(url, headers=plain, timeout=30)
    assert (head.status_code, int(head.headers["Content-Length"]), head.content) == (200, len(whole.content), b"")
    with requests.get(url, headers=plain, timeout=30, stream=True) as broken:
        first = broken.raw.read(100_000)
    rest = requests.get(url, headers=plain | {"Range": "bytes=100000-", "If-Range": whole.headers["ETag"]}, timeout=30)
    assert (rest.status_code, first + rest.content) == (206, whole.content)
    known = requests.get(url, headers=plain | {"If-None-Match": whole.headers["ETag"]}, timeout=30)
    assert (known.status_code, known.content) == (304, b"")
    behind = requests.get(url, headers=plain | {"Range": f"bytes={len(whole.content)}-"}, timeout=30)
    assert (behind.status_code, behind.json()["error_type"]) == (416, "RangeNotSatisfiable")
    assert requests.get(url, timeout=30).content == whole.content
