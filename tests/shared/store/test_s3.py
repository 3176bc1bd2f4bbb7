"""What is S3's own: faults of the network, lost answers, pages, and how large objects are cut."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from boto3.session import Session
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from botocore.loaders import JSONFileLoader
from hypothesis import example, given
from hypothesis import strategies as st

from churn.errors import ConfigurationError, PreconditionFailed, StoreUnavailable
from churn.store import s3
from churn.store.interface import INTERACTIVE, PATIENT, Entry, ObjectStore
from churn.store.opening import open_store, prepare_store
from churn.store.s3_client import new_clients, translated
from churn.store.s3_parts import MIN_PART_BYTES, PART_BYTES, plan, regroup

TEXT = "text/plain"
GIB = 1 << 30


@pytest.fixture
def store(s3_url: str) -> ObjectStore:
    return open_store(s3_url)


@pytest.fixture(scope="module")
def s3_client(s3_server: Any) -> Any:
    """S3 itself, past the store."""
    names = ("endpoint_url", "aws_access_key_id", "aws_secret_access_key")
    return Session().client("s3", **dict(zip(names, s3_server.environment.values(), strict=True)))


def refuse_all(store: ObjectStore, match: str) -> None:
    """Every method says that the store is unavailable."""
    calls: list[Callable[[], object]] = [
        store.ping,
        lambda: store.get("key"),
        lambda: store.head("key"),
        lambda: store.read("key"),
        lambda: store.put("key", b"", content_type=TEXT, if_absent=True),
        lambda: store.write("key", [b"x" * PART_BYTES], content_type=TEXT),
        lambda: store.concatenate("key", ["other"], content_type=TEXT),
        lambda: list(store.list("")),
        lambda: list(store.folders("")),
        lambda: store.delete(["key"]),
        lambda: store.ensure_bucket(wait=0),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable, match=match):
            call()


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own proxies stay out of it."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-secret")


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize(
    ("endpoint", "variable"),
    [
        ("http://minio:9000", "HTTP_PROXY"),
        ("http://minio:9000", "http_proxy"),
        ("https://minio:9000", "HTTPS_PROXY"),
        (None, "https_proxy"),
    ],
)
def test_a_proxy_between_that_does_not_answer_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int], endpoint: str | None, variable: str
) -> None:
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setenv(variable, f"http://somebody:secret@127.0.0.1:{free_port()}")
    with pytest.raises(StoreUnavailable) as caught:
        open_store("s3://churn").get("key")
    host = "minio" if endpoint else "s3.amazonaws.com"
    assert (
        f"by way of the proxy in {variable}: if it is not beyond that, add {host} to NO_PROXY" in caught.value.message
    )
    assert "secret" not in caught.value.message.replace("the-secret", "")
    assert "somebody" not in caught.value.message


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize("status", [403, 407, 502, 503])
def test_a_proxy_that_refuses_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, refusing_proxy: Callable[[int], str], status: int
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://minio:9000")
    monkeypatch.setenv("HTTP_PROXY", refusing_proxy(status))
    with pytest.raises(StoreUnavailable, match=rf"S3 answered {status} to .*the proxy in HTTP_PROXY"):
        open_store("s3://churn").put("key", b"", content_type=TEXT)


@pytest.fixture
def refusing_proxy() -> Iterator[Callable[[int], str]]:
    """A function that starts a proxy which answers all with a page of its own, and tells its URL."""
    servers = []

    def start(status: int) -> str:
        class Refusing(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<html>Not from here</html>")

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Refusing))
        Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize("bypass", ["127.0.0.1", "*", None])
def test_a_proxy_that_has_no_part_in_it_is_not_named(
    monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int], bypass: str | None
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("HTTP_PROXY" if bypass else "HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", bypass or "")
    with pytest.raises(StoreUnavailable, match="does not answer") as caught:
        open_store("s3://churn").get("key")
    assert "PROXY" not in caught.value.message


def test_an_unreachable_store_is_named_soon_with_the_remedy_and_no_credentials(
    monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    port = free_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://user:word@127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-secret")
    store = open_store("s3://churn")
    started = time.monotonic()
    with pytest.raises(StoreUnavailable) as caught:
        store.get("key")
    assert time.monotonic() - started < 10
    assert f"s3://churn (127.0.0.1:{port})" in caught.value.message
    assert "AWS_ENDPOINT_URL_S3" in caught.value.message
    assert not any(word in caught.value.message for word in ("user", "word", "the-key", "the-secret"))
    refuse_all(store, match="does not answer")


def test_a_store_that_hangs_fails_its_ping_within_five_seconds(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match="does not answer"):
            open_store(s3_url).ping()
    assert time.monotonic() - started < 5


def test_an_answer_that_breaks_off_is_an_unavailable_store(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.getsockname()[1]}")
        Thread(target=answer_half, args=(server, 2), daemon=True).start()
        store = open_store(s3_url)
        with pytest.raises(StoreUnavailable, match="its answer broke off"):
            store.get("key")
        chunks = store.read("key")
        with pytest.raises(StoreUnavailable, match="its answer broke off"):
            list(chunks)


def answer_half(server: socket.socket, times: int) -> None:
    for _ in range(times):
        with server.accept()[0] as connection:
            connection.recv(1 << 16)
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: "etag"\r\n\r\nhello')


def test_a_forked_process_shares_no_connection(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store._connect() is store._connect()
    before = store._connect()
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert store._connect() is not before


def test_missing_credentials_are_told_without_waiting(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match="no complete AWS credentials"):
        open_store(s3_url).ensure_bucket(wait=60)
    assert time.monotonic() - started < 10


def test_a_file_may_hold_the_credentials(s3_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = (f"{name.lower()}={os.environ[name]}" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    (tmp_path / "aws").write_text("\n".join(["[default]", *lines]))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws"))
    open_store(s3_url).ping()


def test_a_file_of_credentials_that_holds_nothing_is_in_nobodys_way(
    s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    open_store(s3_url).ping()


def test_an_endpoint_that_is_no_url_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "minio")
    with pytest.raises(ConfigurationError, match="AWS_ENDPOINT_URL_S3"):
        open_store("s3://churn").ping()


def test_a_bucket_waits_for_its_server_to_come_up(
    s3_url: str, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    behind, port = os.environ["AWS_ENDPOINT_URL_S3"].rpartition(":")[2], free_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{port}")
    Thread(target=late_relay, args=(port, int(behind)), daemon=True).start()
    store = open_store(f"{s3_url}-late")
    store.ensure_bucket(wait=30)
    store.ensure_bucket(wait=0)


def late_relay(port: int, behind: int) -> None:
    """A server that comes up after a second and hands everything on to the one behind it."""
    time.sleep(1)
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            connection = server.accept()[0]
            there = socket.create_connection(("127.0.0.1", behind))
            for source, target in ((connection, there), (there, connection)):
                Thread(target=pump, args=(source, target), daemon=True).start()


def pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):  # either side may have gone
        while data := source.recv(1 << 16):
            target.sendall(data)
    target.close()


def test_aws_is_never_given_a_bucket_by_mistake(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(f"{s3_url}-typo")
    monkeypatch.setattr(s3, "own_endpoint", lambda: None)
    with pytest.raises(StoreUnavailable, match="no such bucket"):
        store.ensure_bucket(wait=60)
    monkeypatch.undo()


def test_a_conditional_write_whose_answer_is_lost_has_still_won(s3_server, store: ObjectStore) -> None:
    s3_server.lost = 1
    first = store.put("key", b"1", content_type=TEXT, if_absent=True)
    assert store.head("key").etag == first
    s3_server.lost = 1
    second = store.put("key", b"2", content_type=TEXT, if_match=first)
    assert store.head("key").etag == second


def test_an_upload_whose_completion_is_not_heard_of_has_been_written(
    s3_server, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_server, "loses", lambda environ: "uploadId" in environ["QUERY_STRING"] and is_post(environ))
    s3_server.lost = 1
    store.write("key", [b"x" * PART_BYTES, b"y"], content_type=TEXT)
    assert (s3_server.lost, store.head("key").size) == (0, PART_BYTES + 1)


def test_an_upload_that_was_never_completed_has_not_been_written(store: ObjectStore) -> None:
    store.put("key", b"what stood there before", content_type=TEXT)
    refused = AWSResponse("", 503, {}, BytesIO())
    refused.raw.stream = lambda: iter([b""])
    store._client().meta.events.register("before-send.s3.CompleteMultipartUpload", lambda **_: refused)
    with pytest.raises(StoreUnavailable, match="CompleteMultipartUpload"):
        store.write("key", [b"x" * PART_BYTES, b"y"], content_type=TEXT)
    assert store.get("key").data == b"what stood there before"


def is_post(environ: dict[str, Any]) -> bool:
    return environ["REQUEST_METHOD"] == "POST"


def test_a_store_that_keeps_failing_is_asked_three_times(s3_server, store: ObjectStore) -> None:
    s3_server.lost = 10
    with pytest.raises(StoreUnavailable, match="S3 answered 503 to PutObject"):
        store.put("key", b"1", content_type=TEXT)
    s3_server.lost, left = 0, s3_server.lost
    assert left == 7


def test_a_conditional_write_that_lost_is_told_so_though_the_content_is_the_same(s3_server, store: ObjectStore) -> None:
    store.put("key", b"1", content_type=TEXT)
    s3_server.lost = 1
    with pytest.raises(PreconditionFailed):
        store.put("key", b"1", content_type=TEXT, if_absent=True)


def test_an_aborted_upload_leaves_no_parts(store: ObjectStore, s3_url: str, s3_client: Any) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"x" * (2 * PART_BYTES)
        assert uploads(s3_client, s3_url) == 1
        raise OSError("the upload broke off")

    with pytest.raises(OSError, match="broke off"):
        store.write("key", chunks(), content_type=TEXT)
    assert uploads(s3_client, s3_url) == 0


def test_a_store_that_hangs_within_an_upload_has_failed_within_fifteen_seconds(
    s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.getsockname()[1]}")
        Thread(target=let_an_upload_begin, args=(server,), daemon=True).start()
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match="does not answer"):
            open_store(s3_url, INTERACTIVE).write("key", [b"x" * PART_BYTES], content_type=TEXT)
    assert time.monotonic() - started < 15


def let_an_upload_begin(server: socket.socket) -> None:
    body = b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
    with server.accept()[0] as connection:
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        time.sleep(30)


def uploads(s3_client: Any, s3_url: str) -> int:
    return len(s3_client.list_multipart_uploads(Bucket=s3_url.removeprefix("s3://")).get("Uploads", []))


def test_objects_say_what_they_hold(store: ObjectStore, s3_url: str, s3_client: Any) -> None:
    store.put("a", b"1", content_type="application/json")
    store.write("b", [b"x" * PART_BYTES], content_type="text/csv")
    store.concatenate("c", ["b", "a"], content_type="text/csv; charset=utf-8")
    types = [s3_client.head_object(Bucket=s3_url.removeprefix("s3://"), Key=key)["ContentType"] for key in "abc"]
    assert types == ["application/json", "text/csv", "text/csv; charset=utf-8"]


def test_lists_and_deletions_go_beyond_one_page(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "_BATCH", 4)
    names = [f"folder/{number:02}" for number in range(11)]
    for name in names:
        store.put(name, b"", content_type=TEXT)
    assert [entry.key for entry in store.list("folder/")] == names
    assert [entry.key for entry in store.list("folder/", after="folder/02", limit=5)] == names[3:8]
    store.delete(names[:9])
    assert [entry.key for entry in store.list("")] == names[9:]


def test_a_console_s_mark_of_a_folder_is_no_object(store: ObjectStore, s3_url: str, s3_client: Any) -> None:
    s3_client.put_object(Bucket=s3_url.removeprefix("s3://"), Key="folder/", Body=b"")
    assert list(store.list("")) == []


sizes = st.integers(0, 3 * PART_BYTES) | st.integers(MIN_PART_BYTES - 2, MIN_PART_BYTES + 2) | st.integers(0, 13 * GIB)


@given(st.lists(sizes, max_size=12))
@example([12 * GIB, 1, 9 * GIB + 1, 5 * GIB + 1])
def test_any_plan_holds_every_byte_in_order_in_parts_that_s3_takes(sizes: list[int]) -> None:
    entries = [Entry(f"{number}", size, f"etag-{number}", None) for number, size in enumerate(sizes)]
    pieces = plan(entries)
    ranges = [part for piece in pieces for part in piece.ranges]
    for entry in entries:
        mine = [part for part in ranges if part.key == entry.key]
        assert [part.start for part in mine[:1]] == [0] * bool(entry.size)
        assert sum(part.size for part in mine) == entry.size
        assert all(before.end == after.start for before, after in pairwise(mine))
        assert all(part.etag == entry.etag for part in mine)
    assert [int(part.key) for part in ranges] == sorted(int(part.key) for part in ranges)
    totals = [sum(part.size for part in piece.ranges) for piece in pieces]
    assert all(total >= MIN_PART_BYTES for total in totals[:-1])
    assert all(total <= (5 * GIB if piece.copied else PART_BYTES) for total, piece in zip(totals, pieces, strict=True))


def test_s3_copies_whatever_is_large_enough_itself() -> None:
    sizes = [MIN_PART_BYTES, MIN_PART_BYTES + 1, 1, 3 * PART_BYTES, 2, 3]
    pieces = plan(Entry(f"{number}", size, "etag", None) for number, size in enumerate(sizes))
    held = [[(part.key, part.size) for part in piece.ranges] for piece in pieces]
    assert held == [
        [("0", MIN_PART_BYTES)],
        [("1", MIN_PART_BYTES + 1)],
        [("2", 1), ("3", PART_BYTES - 1)],
        [("3", 2 * PART_BYTES + 1)],
        [("4", 2), ("5", 3)],
    ]
    assert [piece.copied for piece in pieces] == [True, True, False, True, False]


def test_a_client_reads_no_description_again_once_the_store_is_prepared(
    s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_store(s3_url)
    read: list[str] = []
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda _, path: read.append(path))
    open_store(s3_url).ping()
    assert read == []


def test_prepared_clients_are_taken_by_one_alone(s3_url: str) -> None:
    prepare_store(s3_url)
    first, second = new_clients(PATIENT), new_clients(PATIENT)
    assert {first.working, first.probing}.isdisjoint(second)


@given(st.lists(st.binary(max_size=20), max_size=20), st.integers(1, 10))
def test_regrouping_keeps_every_byte_in_pieces_of_one_size(chunks: list[bytes], size: int) -> None:
    pieces = list(regroup(chunks, size))
    assert b"".join(pieces) == b"".join(chunks)
    assert all(len(piece) == size for piece in pieces[:-1])
    assert all(0 < len(piece) <= size for piece in pieces)


def test_only_the_version_that_was_planned_with_is_copied(store: ObjectStore) -> None:
    """Moto copies whatever there is; S3 refuses what has changed since, if it is asked to."""
    store.write("part", [b"a" * PART_BYTES], content_type=TEXT)
    sent: list[dict[str, Any]] = []
    events = store._client().meta.events
    events.register("before-parameter-build.s3.UploadPartCopy", lambda params, **_: sent.append(dict(params)))
    store.concatenate("whole", ["part", "part"], content_type=TEXT)
    assert [call["CopySourceIfMatch"] for call in sent] == 2 * [store.head("part").etag]


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict", "412"])
def test_a_conditional_write_that_s3_will_not_decide_has_lost(code: str) -> None:
    refusal = ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 409}}, "PutObject")
    with pytest.raises(PreconditionFailed), translated("bucket", "key"):
        raise refusal
