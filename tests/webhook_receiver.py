"""A receiver of webhooks on this machine, which answers as the test says."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Received(NamedTuple):
    """A request as it came in, and the status that it was answered with."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent and answers with each of `answers` in turn, the last one for ever."""

    taken: list[Received]
    answers: list[int]
    url: str

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.taken.append(Received(self.path, dict(self.headers), body, status))
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def receiving() -> Iterator[type[Receiver]]:
    """A receiver that answers 204 at `url`."""

    class Own(Receiver):
        taken: list[Received] = []  # noqa: RUF012
        answers = [204]  # noqa: RUF012
        url = ""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Own) as server:
        Own.url = f"http://localhost:{server.server_port}/hooks?tenant=1"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Own
        server.shutdown()
        thread.join()
