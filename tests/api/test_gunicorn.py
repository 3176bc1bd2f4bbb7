"""The API as containers run it: gunicorn with several processes."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from churn.store.interface import ObjectStore

Start = Callable[..., Any]
Eventually = Callable[..., Any]


def total(url: str, name: str, **labels: str) -> float:
    """The sum over all series of this name that carry these labels."""
    text = requests.get(f"{url}/metrics", timeout=5).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def ask(url: str, record: Any, times: int) -> None:
    """Ask over connections of their own, so that all processes get some."""
    for months in range(times):
        answer = requests.post(f"{url}/predict", json=record | {"tenure": months % 100}, timeout=10)
        assert answer.status_code == 200


@pytest.fixture
def server(serve: Start, store: ObjectStore, publish: Callable[..., str]) -> Any:
    publish(store)
    return serve(CHURN_API_WORKERS="3")


def test_counts_are_exact_over_processes_deaths_and_reloads(server: Any, whole: Any, eventually: Eventually) -> None:
    record = whole | {"TotalCharges": 900}
    ask(server.url, record, 60)
    assert total(server.url, "churn_predictions_total", source="single") == 60
    names = sorted(path.name for path in server.folder.iterdir())

    before = set(server.workers())
    os.kill(min(before), signal.SIGKILL)
    eventually(lambda: len(server.workers()) == 3 and set(server.workers()) != before)
    ask(server.url, record, 30)
    assert total(server.url, "churn_predictions_total", source="single") == 90

    before = set(server.workers())
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: len(server.workers()) == 3 and not before & set(server.workers()))
    ask(server.url, record, 30)
    assert total(server.url, "churn_predictions_total", source="single") == 120
    assert total(server.url, "churn_prediction_probability_count") == 120
    health = requests.get(f"{server.url}/health", timeout=5).json()
    assert health["predictions_served"] == 120

    # A reload runs old and new processes side by side, so their number may double, but never grow with each.
    assert len(list(server.folder.iterdir())) <= 2 * len(names)


def test_no_file_is_added_however_often_processes_die(server: Any, whole: Any, eventually: Eventually) -> None:
    ask(server.url, whole, 30)
    names = {path.name for path in server.folder.iterdir()}
    for _ in range(4):
        before = set(server.workers())
        os.kill(max(before), signal.SIGKILL)
        eventually(lambda before=before: len(server.workers()) == 3 and set(server.workers()) != before)
        server.wait("/health/ready", 200)
        ask(server.url, whole, 20)
    assert {path.name for path in server.folder.iterdir()} == names


def test_a_release_is_followed_and_a_rollback_too_under_load(
    server: Any,
    whole: Any,
    store: ObjectStore,
    publish: Callable[..., str],
    point_to: Callable[[ObjectStore, str], None],
    eventually: Eventually,
) -> None:
    first = requests.get(f"{server.url}/model_info", timeout=5).json()["version"]
    over = Event()
    seen: list[tuple[int, str]] = []

    def load() -> None:
        with requests.Session() as session:
            while not over.is_set():
                answer = session.post(f"{server.url}/predict?reasons=none", json=whole, timeout=10)
                seen.append((answer.status_code, answer.json()["model_info"]["version"]))
                time.sleep(0.005)

    def versions_of_the_last(count: int) -> set[str]:
        return {version for _, version in seen[-count:]}

    with ThreadPoolExecutor(4) as pool:
        loads = [pool.submit(load) for _ in range(4)]
        try:
            second = publish(store, shift=1.0)
            eventually(lambda: versions_of_the_last(60) == {second})
            publish(store, examples=b"[")
            publish(store, examples=b'[{"customer": {}, "churn_probability": 0.5}]')
            time.sleep(0.6)
            assert versions_of_the_last(60) == {second}
            point_to(store, first)
            eventually(lambda: versions_of_the_last(60) == {first})
        finally:
            over.set()
        for each in loads:
            each.result()
    assert {status for status, _ in seen} == {200}
    assert total(server.url, "churn_release_refused_total") >= 3


def test_a_graceful_reload_loses_no_request(server: Any, whole: Any, eventually: Eventually) -> None:
    ended = time.monotonic() + 4
    statuses: list[int] = []

    def load() -> None:
        with requests.Session() as session:
            while time.monotonic() < ended:
                statuses.append(session.post(f"{server.url}/predict", json=whole, timeout=10).status_code)
                time.sleep(0.002)

    with ThreadPoolExecutor(6) as pool:
        loads = [pool.submit(load) for _ in range(6)]
        time.sleep(0.5)
        before = set(server.workers())
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: len(server.workers()) == 3 and not before & set(server.workers()))
        for each in loads:
            each.result()
    assert set(statuses) == {200}
    assert len(statuses) > 100


def test_whoever_is_being_served_when_the_service_is_stopped_gets_an_answer(server: Any, whole: Any) -> None:
    body = json.dumps(whole).encode()
    lines = ("POST /predict HTTP/1.1", "Host: a", "Content-Type: application/json", f"Content-Length: {len(body)}")
    head = "\r\n".join([*lines, "", ""])
    with ExitStack() as stack:
        address = urlsplit(server.url).netloc.split(":")
        ones = [stack.enter_context(socket.create_connection(address, timeout=20)) for _ in range(3)]
        for one in ones:
            one.sendall(head.encode() + body[:9])
        time.sleep(1)
        server.process.terminate()
        time.sleep(1)
        for one in ones:
            one.sendall(body[9:])
            answer = HTTPResponse(one)
            answer.begin()
            assert answer.status == 200
            assert json.loads(answer.read())["success"] is True
    assert server.process.wait(timeout=20) == 0


def test_it_starts_without_a_release_and_takes_the_first_that_comes(
    serve: Start, store: ObjectStore, publish: Callable[..., str], whole: Any
) -> None:
    server = serve(CHURN_API_WORKERS="1")
    assert requests.get(f"{server.url}/health/ready", timeout=5).status_code == 503
    assert requests.post(f"{server.url}/predict", json=whole, timeout=5).json()["error_type"] == "NoRelease"
    publish(store)
    server.wait("/health/ready", 200)
    assert requests.post(f"{server.url}/predict", json=whole, timeout=5).status_code == 200


def test_a_connection_stays_open_and_the_folder_goes_with_the_service(server: Any, whole: Any, tmp_path: Path) -> None:
    with requests.Session() as session:
        for _ in range(3):
            answer = session.post(f"{server.url}/predict", json=whole, timeout=5)
            assert answer.headers["Connection"] == "keep-alive"
        large = session.post(f"{server.url}/predict", data=b" " * 3_000_000, timeout=5)
        assert large.status_code in (413, 415)
        assert session.post(f"{server.url}/predict", json=whole, timeout=5).status_code == 200
    log = (tmp_path / "log").read_text()
    assert '"logger": "gunicorn.error"' in log
    assert "7590" not in log


def test_unsafe_settings_end_the_start_with_a_sentence(root: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    environment = {"PYTHONPATH": f"{root}/shared{os.pathsep}{root}/services/api", "CHURN_ENV": "production"}
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--config", f"{root}/services/api/gunicorn.conf.py"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode != 0
    assert "CHURN_STORE_URL is not set" in ended.stderr


def test_nobodys_word_is_taken_for_the_scheme_not_even_from_this_machine(server: Any) -> None:
    # Where it is, these two contradict each other and make a bad request.
    claims = {"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "off"}
    assert requests.get(f"{server.url}/health/live", headers=claims, timeout=5).status_code == 200


def test_an_address_may_be_as_long_as_at_the_sites_door(server: Any) -> None:
    around = len("GET /health/live? HTTP/1.1")
    longest = f"{server.url}/health/live?{'x' * (8190 - around)}"
    assert requests.get(longest, timeout=5).status_code == 200
    assert requests.get(f"{longest}x", timeout=5).status_code == 414


@pytest.mark.parametrize(
    ("lines", "status", "name"),
    [
        ([f"X-{number}: 1" for number in range(101)], 431, "HeadersTooLarge"),
        (["X-API-Key the-key"], 400, "BadRequest"),
        (["X-API-Key : the-key"], 400, "BadRequest"),
    ],
    ids=["too many headers", "no header", "a blank in a name"],
)
def test_what_is_no_request_yet_is_refused_in_the_one_body_and_not_logged(
    server: Any, tmp_path: Path, lines: list[str], status: int, name: str
) -> None:
    sent = "\r\n".join(["POST /predict HTTP/1.1", "Host: churn", "Content-Length: 60000", *lines, "", "x" * 60_000])
    with socket.create_connection(urlsplit(server.url).netloc.split(":"), timeout=5) as connection:
        connection.sendall(sent.encode())
        answer = HTTPResponse(connection)
        answer.begin()
        body = json.loads(answer.read())
    assert (answer.status, body["error_type"], body["errors"]) == (status, name, [])
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert answer.headers["Cache-Control"] == "no-store"
    log = (tmp_path / "log").read_text()
    assert body["request_id"] in log
    assert "the-key" not in log


@pytest.mark.parametrize("spelt", ["0000000000000{}", "000000000{}"])
def test_a_body_whose_length_is_written_oddly_is_waited_for_by_a_thread(server: Any, whole: Any, spelt: str) -> None:
    """On the loop, which waits for nobody, it was taken for a request without a body."""
    body = json.dumps(whole).encode()
    length = spelt.format(len(body))
    lines = ("POST /predict HTTP/1.1", "Host: a", "Content-Type: application/json", f"Content-Length: {length}")
    with socket.create_connection(urlsplit(server.url).netloc.split(":"), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        time.sleep(0.3)
        connection.sendall(body)
        answer = HTTPResponse(connection)
        answer.begin()
        assert (answer.status, json.loads(answer.read())["success"]) == (200, True)


GOOD, OTHER = "9f86d081884c7d659a2f", "feaa0c55ad015a3bf4f1"
SLIPS = {"a slip": f"crm score {GOOD}\nnew scroe {OTHER}\n", "emptied": "", "another encoding": "\xff"}


@pytest.mark.parametrize("environment", ["production", "development"])
@pytest.mark.parametrize("slip", SLIPS)
def test_a_broken_file_of_keys_neither_opens_nor_stops_a_running_service(
    serve: Start,
    store: ObjectStore,
    publish: Callable[..., str],
    tmp_path: Path,
    eventually: Eventually,
    environment: str,
    slip: str,
) -> None:
    publish(store)
    keys = tmp_path / "keys"
    keys.write_text(f"crm score {GOOD}\n")
    server = serve(CHURN_ENV=environment, CHURN_API_KEYS_FILE=str(keys), CHURN_API_WORKERS="2")

    def statuses() -> set[tuple[int, int, int]]:
        """Of the good key, of another and of none; over new connections, so that all processes are asked."""
        sent: list[dict[str, str]] = [{"X-API-Key": GOOD}, {"X-API-Key": OTHER}, {}]
        return {
            tuple(requests.get(f"{server.url}/model_info", headers=each, timeout=10).status_code for each in sent)  # type: ignore[misc]
            for _ in range(12)
        }

    assert statuses() == {(200, 401, 401)}
    keys.write_text(SLIPS[slip], "latin-1")
    time.sleep(1.2)
    assert statuses() == {(200, 401, 401)}

    before = set(server.workers())
    os.kill(min(before), signal.SIGKILL)
    eventually(lambda: len(server.workers()) == 2 and set(server.workers()) != before)
    server.wait("/health/ready", 200)
    assert statuses() == {(200, 401, 401)}

    before = set(server.workers())
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: len(server.workers()) == 2 and not before & set(server.workers()))
    assert statuses() == {(200, 401, 401)}
    assert server.process.poll() is None

    keys.write_text(f"new score {OTHER}\n")
    time.sleep(1.2)
    assert statuses() == {(401, 200, 401)}


def test_a_key_gets_the_rate_that_was_promised_over_one_connection_and_over_many(
    serve: Start, store: ObjectStore, publish: Callable[..., str]
) -> None:
    publish(store)
    server = serve(CHURN_API_KEYS=GOOD, CHURN_API_WORKERS="4", CHURN_KEY_RATE_LIMIT="20", CHURN_ENV="production")
    headers = {"X-API-Key": GOOD}

    def let_through(sessions: list[requests.Session], seconds: float) -> tuple[int, float]:
        start, count = time.monotonic(), 0
        while time.monotonic() - start < seconds:
            for session in sessions:
                answer = session.get(f"{server.url}/openapi.json", headers=headers, timeout=10)
                count += answer.status_code == 200
                assert answer.status_code == 200 or "20 times a second" in answer.json()["error"]
        return count, time.monotonic() - start

    for connections in (1, 8):
        sessions = [requests.Session() for _ in range(connections)]
        count, seconds = let_through(sessions, 4)
        assert 0.7 * 20 * seconds <= count <= 20 * (seconds + 2) + 1
        for session in sessions:
            session.close()
        time.sleep(2)


def test_a_service_does_not_start_with_a_broken_file_of_keys(root: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    (tmp_path / "keys").write_text("crm scroe 9f86d081884c7d659a2f\n")
    environment = {
        "PYTHONPATH": f"{root}/shared{os.pathsep}{root}/services/api",
        "CHURN_STORE_URL": f"file://{tmp_path}/store",
        "CHURN_API_KEYS_FILE": str(tmp_path / "keys"),
    }
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "--config",
            f"{root}/services/api/gunicorn.conf.py",
            "--bind",
            "127.0.0.1:0",
        ],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode != 0
    assert "Line 1 of CHURN_API_KEYS_FILE gives crm a scope that there is not" in ended.stderr
    assert GOOD not in ended.stderr
