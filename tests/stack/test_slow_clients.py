"""Clients that dawdle, flood and talk nonsense: legitimate requests hardly notice."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
import requests

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

CUSTOMER = {"gender": "Female", "SeniorCitizen": 0, "tenure": 24, "Contract": "One year", "MonthlyCharges": 65.5}
ASKED = 300
# Below this a 99th percentile is the noise of a shared machine, in seconds.
NOISE = 0.1
SLOW_CLIENTS, SLOW_UPLOADS = 200, 40


def address(stack) -> tuple[str, int]:
    return "127.0.0.1", stack.port("WEB")


def p99(stack) -> float:
    """The 99th percentile of legitimate predictions, in seconds; every one of them has to be answered."""
    times = []
    with requests.Session() as session:
        for number in range(ASKED):
            start = time.perf_counter()
            customer = CUSTOMER | {"MonthlyCharges": 20 + number / 10}
            answer = session.post(f"{stack.site}/predict", json=customer, timeout=30)
            times.append(time.perf_counter() - start)
            assert answer.status_code == 200, answer.text
            time.sleep(0.01)
    return sorted(times)[int(ASKED * 0.99) - 1]


@contextmanager
def dribbling(stack, clients: int, head: bytes) -> Iterator[None]:
    """So many connections that have sent the start of a request, and send a byte of it a second."""
    over = threading.Event()

    def dribble(open_ones: list[socket.socket]) -> None:
        while not over.wait(1):
            for one in open_ones:
                with suppress(OSError):  # the site has given up on it, as it should
                    one.send(b"a")

    with ExitStack() as stack_of_sockets:
        ones = [stack_of_sockets.enter_context(socket.create_connection(address(stack))) for _ in range(clients)]
        for one in ones:
            one.sendall(head)
            one.setblocking(False)
        thread = threading.Thread(target=dribble, args=(ones,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def talk(stack, sent: bytes) -> bytes:
    """What the site answers to raw bytes before it hangs up."""
    with socket.create_connection(address(stack), timeout=30) as connection:
        with suppress(OSError):
            connection.sendall(sent)
        answer = b""
        with suppress(OSError):
            while part := connection.recv(65536):
                answer += part
        return answer


@pytest.fixture(scope="module")
def idle(stack) -> float:
    p99(stack)
    return p99(stack)


def assert_undisturbed(stack, idle: float) -> None:
    assert p99(stack) <= max(3 * idle, NOISE)


def test_two_hundred_slow_clients_starve_nobody(stack, idle):
    with dribbling(stack, SLOW_CLIENTS, b"POST /predict HTTP/1.1\r\nHost: churn\r\nX-Slow: "):
        assert_undisturbed(stack, idle)


def test_slow_bodies_starve_nobody(stack, idle):
    head = b"POST /predict HTTP/1.1\r\nHost: churn\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"
    with dribbling(stack, SLOW_CLIENTS, head):
        assert_undisturbed(stack, idle)


def test_slow_uploads_starve_nobody(stack, idle):
    head = b"POST /jobs HTTP/1.1\r\nHost: churn\r\nContent-Type: text/csv\r\nContent-Length: 50000000\r\n\r\ngender,"
    with dribbling(stack, SLOW_UPLOADS, head):
        assert_undisturbed(stack, idle)


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_an_upload_of_a_gigabyte_is_refused_without_harm(stack, idle, declared):
    block, refused = b"x" * (1 << 20), []

    def blocks() -> Iterator[bytes]:
        for _ in range(1024):
            yield block

    def upload() -> None:
        headers = {"Content-Type": "text/csv"} | ({"Content-Length": str(1 << 30)} if declared else {})
        try:
            refused.append(requests.post(f"{stack.site}/jobs", data=blocks(), headers=headers, timeout=120).status_code)
        except requests.ConnectionError:
            refused.append(413)  # it hung up on us while we still sent, as HTTP allows

    thread = threading.Thread(target=upload)
    thread.start()
    assert_undisturbed(stack, idle)
    thread.join()
    assert refused[0] in (413, 422)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'], ids=["lists", "objects"])
def test_deeply_nested_json_is_a_400(stack, idle, opening):
    answer = requests.post(
        f"{stack.site}/predict",
        data=opening * (60_000 // len(opening)),
        headers={"Content-Type": "application/json"},
        timeout=30,
    )
    assert answer.status_code == 400
    assert answer.json()["success"] is False
    assert_undisturbed(stack, idle)


def test_huge_headers_are_refused(stack, idle):
    answer = requests.get(f"{stack.site}/health", headers={"X-Huge": "x" * 100_000}, timeout=30)
    assert answer.status_code == 431
    many = {f"X-Many-{number}": "x" * 100 for number in range(5_000)}
    assert requests.get(f"{stack.site}/health", headers=many, timeout=30).status_code in (400, 431)
    assert_undisturbed(stack, idle)


def test_pipelined_garbage_is_hung_up_on(stack, idle):
    request = b"GET /health/live HTTP/1.1\r\nHost: churn\r\n\r\n"
    for garbage in (b"\x16\x03\x01" * 5_000, b"GET / HTTP/9.9\r\n\r\n" * 500, request + b"\0" * 10_000):
        answer = talk(stack, garbage)
        assert b" 500 " not in answer
        assert b" 502 " not in answer
    assert talk(stack, request + b"garbage\r\n\r\n" + request).startswith(b"HTTP/1.1 200")
    assert_undisturbed(stack, idle)
