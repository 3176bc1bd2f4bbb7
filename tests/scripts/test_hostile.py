"""What hostile clients send, and what they may be answered."""

import random
import socket
import threading
from collections.abc import Callable

import pytest

from scripts import hostile


@pytest.fixture
def answering(free_port: Callable[[], int]):
    """A function that starts a server which answers whatever it gets with a status, after the request's head."""
    servers = []

    def start(status: int) -> hostile.Target:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            while True:
                try:
                    connection = server.accept()[0]
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection:
                connection.settimeout(0.3)
                try:
                    while connection.recv(1 << 20):
                        pass
                except TimeoutError:
                    pass
                connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)

        threading.Thread(target=serve, daemon=True).start()
        return hostile.Target(f"http://127.0.0.1:{server.getsockname()[1]}")

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("kind", hostile.KINDS, ids=lambda kind: kind.name)
def test_every_kind_hears_its_answer_or_that_there_is_none(kind, answering, monkeypatch):
    monkeypatch.setattr(hostile, "SLOW_SECONDS", 2.0)
    silent = {"nothing at all", "slow reader"}
    status = kind.ask(answering(422), random.Random(1))
    assert status == (hostile.CLOSED if kind.name in silent else 422)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_an_answer_that_blames_the_service_is_a_fault(status):
    assert hostile.fault(hostile.KINDS[0], status) == f"many names: answered {status}"


@pytest.mark.parametrize("status", [hostile.CLOSED, 200, 408, 413, 422, 429, 503])
def test_an_answer_that_asks_for_less_is_none(status):
    assert hostile.fault(hostile.KINDS[0], status) is None
