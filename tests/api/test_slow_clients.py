"""Clients who take their time, straight at gunicorn: none keeps another from being answered."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPResponse, parse_headers
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from churn.store.interface import ObjectStore
from churn_api.http.json_body import BODY_SECONDS
from churn_api.http.server_worker import SMALL_BYTES
from churn_api.limits.concurrency import READING_THREADS
from churn_trainer.data import sample

JSON = {"Content-Type": "application/json"}

# A busy machine's own noise: a wait for a thread that another client holds is longer by far.
FLOOR_SECONDS = 0.25

HEAD = "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"


GREEDY_KEY, OTHER_KEY = "9f86d081884c7d659a2f", "feaa0c55ad015a3bf4f1"


@pytest.fixture
def one_process(serve: Callable[..., Any], store: ObjectStore, publish: Callable[..., str]) -> Any:
    publish(store)
    return serve(CHURN_API_WORKERS="1")


@pytest.fixture
def connect(one_process: Any) -> Iterator[Callable[[], socket.socket]]:
    with ExitStack() as stack:
        address = urlsplit(one_process.url).netloc.split(":")
        yield lambda: stack.enter_context(socket.create_connection((address[0], int(address[1])), timeout=30))


def times(url: str, record: Any, seconds: float = 3.0) -> list[float]:
    """How long predictions take, each over a connection of its own, in order."""
    found = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.monotonic()
        answer = requests.post(f"{url}/predict?reasons=none", json=record, timeout=20)
        found.append(time.monotonic() - start)
        assert answer.status_code == 200
        time.sleep(0.02)
    return sorted(found)


def p99(sorted_times: list[float]) -> float:
    return sorted_times[int(0.99 * (len(sorted_times) - 1))]


def trickle(connections: list[socket.socket], over: Event) -> None:
    """A byte a second on each."""
    while not over.wait(1):
        for each in connections:
            with suppress(OSError):
                each.sendall(b"x")


SENT = {
    "nothing": "",
    "half a head": "POST /predict HTTP/1.1\r\nHost: a\r\nX-Filler: ",
    "a prediction": HEAD.format(path="/predict", kind="application/json", length=50_000),
    "a small prediction": HEAD.format(path="/predict", kind="application/json", length=700),
    "a batch": HEAD.format(path="/batch_predict", kind="application/json", length=1_500_000),
    "an upload": HEAD.format(path="/jobs", kind="text/csv", length=50_000_000),
    "pieces": "POST /jobs HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
}


@pytest.mark.parametrize("sent", SENT)
def test_who_sends_slowly_keeps_nobody_waiting(
    one_process: Any, connect: Callable[[], socket.socket], whole: Any, sent: str
) -> None:
    idle = p99(times(one_process.url, whole))
    connections = [connect() for _ in range(40)]
    for each in connections:
        each.sendall(SENT[sent].encode())
    over = Event()
    if sent != "nothing":
        Thread(target=trickle, args=(connections, over), daemon=True).start()
    try:
        time.sleep(0.5)
        assert p99(times(one_process.url, whole)) < max(3 * idle, FLOOR_SECONDS)
        start = time.monotonic()
        assert requests.get(f"{one_process.url}/jobs?limit=1", timeout=20).status_code == 200
        assert time.monotonic() - start < max(3 * idle, 1.0), "a poll waits behind nobody's body"
    finally:
        over.set()


def test_a_crowd_of_idle_half_sent_and_slow_requests_leaves_predictions_as_quick(
    one_process: Any, connect: Callable[[], socket.socket], whole: Any
) -> None:
    idle = p99(times(one_process.url, whole))
    crowd = 12 * ["nothing"] + 12 * ["half a head"] + ["a prediction", "a batch", "an upload", "pieces"]
    connections = []
    for sent in crowd:
        connections.append(connect())
        connections[-1].sendall(SENT[sent].encode())
    over = Event()
    Thread(target=trickle, args=(connections[12:], over), daemon=True).start()
    try:
        time.sleep(0.5)
        assert p99(times(one_process.url, whole)) < max(2 * idle, FLOOR_SECONDS)
    finally:
        over.set()


def test_who_takes_no_answers_keeps_nobody_waiting_and_gets_them_whole_in_the_end(one_process: Any, whole: Any) -> None:
    body, sent, path = json.dumps(whole).encode(), 3_000, "/predict?reasons=all"
    message = HEAD.format(path=path, kind="application/json", length=len(body)).encode() + body
    address = urlsplit(one_process.url)
    with socket.socket() as connection:
        # Before it connects, since the room for answers is told then.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((str(address.hostname), int(address.port or 0)))
        connection.settimeout(30)

        asked = 0

        def ask_on() -> None:
            nonlocal asked
            for asked in range(1, sent + 1):  # noqa: B007 - read below
                connection.sendall(message)
                time.sleep(0.003)  # one after the other: many at once are given to a thread

        Thread(target=ask_on, daemon=True).start()
        before = -1
        while asked not in (before, sent):  # until no more of it is taken
            before = asked
            time.sleep(0.5)
        assert max(times(one_process.url, whole)) < 5, "the time for which a thread waits for a client is longer"
        answers = 0
        with connection.makefile("rb") as stream:
            for _ in range(sent):
                answers += stream.readline() == b"HTTP/1.1 200 OK\r\n"
                headers = dict(line.lower().split(b": ") for line in iter(stream.readline, b"\r\n"))
                json.loads(stream.read(int(headers[b"content-length"])))
        assert answers == sent


def test_who_sends_many_large_bodies_with_one_key_leaves_the_others_a_place(
    serve: Callable[..., Any], store: ObjectStore, publish: Callable[..., str]
) -> None:
    publish(store)
    server = serve(CHURN_API_WORKERS="1", CHURN_API_KEYS=f"{GREEDY_KEY},{OTHER_KEY}")
    address, over = urlsplit(server.url), Event()
    head = SENT["an upload"].replace("\r\n", f"\r\nX-API-Key: {GREEDY_KEY}\r\n", 1)
    with ExitStack() as stack:
        made = [socket.create_connection((str(address.hostname), int(address.port or 0)), 30) for _ in range(12)]
        connections = [stack.enter_context(each) for each in made]
        for each in connections:
            each.sendall(head.encode())
        Thread(target=trickle, args=(connections, over), daemon=True).start()
        stack.callback(over.set)
        time.sleep(1)
        headers = {"X-API-Key": OTHER_KEY, "Content-Type": "text/csv"}
        answer = requests.post(f"{server.url}/jobs", sample.csv_bytes(), headers=headers, timeout=30)
        assert answer.status_code == 202


def test_a_batch_that_takes_too_long_to_arrive_gives_its_thread_back(
    one_process: Any, connect: Callable[[], socket.socket], whole: Any
) -> None:
    """As many as there are threads that read: another batch waits for them no longer than they may take."""
    connections = [connect() for _ in range(READING_THREADS)]
    for each in connections:
        each.sendall(SENT["a batch"].encode())
    over, start = Event(), time.monotonic()
    Thread(target=trickle, args=(connections, over), daemon=True).start()
    try:
        time.sleep(1)
        batch = json.dumps([whole] * 20).encode()
        assert len(batch) > SMALL_BYTES
        answer = requests.post(f"{one_process.url}/batch_predict", batch, headers=JSON, timeout=2 * BODY_SECONDS)
        assert answer.status_code == 200
        assert time.monotonic() - start < 1.5 * BODY_SECONDS
        answer = HTTPResponse(connections[0])
        answer.begin()
        assert answer.status == 408
        assert json.loads(answer.read())["error_type"] == "RequestTimeout"
    finally:
        over.set()


def test_who_stops_sending_a_file_is_told_so_and_is_no_failure(
    one_process: Any, connect: Callable[[], socket.socket], tmp_path: Path
) -> None:
    connection = connect()
    connection.sendall(SENT["an upload"].encode() + b"customerID,gender\n")
    answer = HTTPResponse(connection)
    answer.begin()
    assert answer.status == 408
    assert json.loads(answer.read())["error_type"] == "RequestTimeout"
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log
    assert '"level": "ERROR"' not in log


def test_who_leaves_an_answered_connection_open_keeps_nobody_waiting(
    one_process: Any, connect: Callable[[], socket.socket], whole: Any
) -> None:
    idle = p99(times(one_process.url, whole))
    for _ in range(30):
        connect().sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
    assert p99(times(one_process.url, whole)) < max(3 * idle, FLOOR_SECONDS)


def test_who_is_refused_while_sending_gets_the_answer(one_process: Any, connect: Callable[[], socket.socket]) -> None:
    connection = connect()
    head = HEAD.format(path="/predict", kind="text/plain", length=30_000_000)
    connection.sendall(head.encode())
    for _ in range(300):
        connection.sendall(b"x" * 100_000)
    answer = HTTPResponse(connection)
    answer.begin()
    assert answer.status == 415
    assert json.loads(answer.read())["error_type"] == "UnsupportedMediaType"


def test_what_arrives_in_pieces_is_answered(one_process: Any, connect: Callable[[], socket.socket], whole: Any) -> None:
    body = json.dumps(whole).encode()
    message = HEAD.format(path="/predict", kind="application/json", length=len(body)).encode() + body
    connection = connect()
    for _ in range(2):  # and again on the same connection
        for place in range(0, len(message), 90):
            connection.sendall(message[place : place + 90])
            time.sleep(0.01)
        answer = HTTPResponse(connection)
        answer.begin()
        assert (answer.status, json.loads(answer.read())["success"]) == (200, True)


def test_requests_sent_all_at_once_are_answered_one_by_one(
    one_process: Any, connect: Callable[[], socket.socket], whole: Any
) -> None:
    body = json.dumps(whole).encode()
    message = HEAD.format(path="/predict", kind="application/json", length=len(body)).encode() + body
    connection = connect()
    connection.sendall(3 * message)
    # One reader for all answers: it may have read into the next one.
    with connection.makefile("rb") as stream:
        for _ in range(3):
            assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
            length = int(parse_headers(stream)["Content-Length"])
            assert json.loads(stream.read(length))["success"] is True


def test_who_ends_in_the_middle_is_let_go_of(one_process: Any, connect: Callable[[], socket.socket]) -> None:
    for sent in SENT.values():
        connection = connect()
        connection.sendall(sent.encode())
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        with suppress(ConnectionResetError):
            while connection.recv(65_536):
                pass


def test_ten_hostile_batches_leave_others_served(one_process: Any, whole: Any) -> None:
    idle = p99(times(one_process.url, whole))
    body = "[{" + ",".join(f'"{number:x}":0' for number in range(209_000)) + "}]"
    assert len(body) < 2 * 2**20
    statuses: list[int] = []
    url, over = f"{one_process.url}/batch_predict", Event()

    def attack() -> None:
        while not over.is_set():
            answer = requests.post(url, body, headers={"Content-Type": "application/json"}, timeout=60)
            statuses.append(answer.status_code)

    attackers = [Thread(target=attack, daemon=True) for _ in range(10)]
    for attacker in attackers:
        attacker.start()
    try:
        time.sleep(0.5)
        found = times(one_process.url, whole, seconds=6)
    finally:
        over.set()
    for attacker in attackers:
        attacker.join(60)
    assert set(statuses) == {200}
    assert p99(found) < max(3 * idle, FLOOR_SECONDS)
