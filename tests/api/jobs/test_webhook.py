"""Announcing the ends of jobs: signed, tried again, given up, and never to addresses that are nobody's business."""

import hashlib
import hmac
import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from churn_api.jobs.announcing import MAX_TRIES, AnnouncementFailed, announce
from churn_api.jobs.submission import Limits
from churn_api.settings import ApiSettings
from churn_api.tasks import announcer
from churn_api.webhook import Webhook

SECRET = "a secret of the operator's"


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent and answers as the test says."""

    taken: list[tuple[str, dict[str, str], bytes]]
    answer: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append((self.path, dict(self.headers), body))
        self.send_response(self.answer)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[type[Receiver]]:
    class Own(Receiver):
        taken: list[tuple[str, dict[str, str], bytes]] = []  # noqa: RUF012
        answer = 204
        url = ""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Own) as server:
        Own.url = f"http://localhost:{server.server_port}/hooks?tenant=1"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Own
        server.shutdown()
        thread.join()


@pytest.fixture
def announced(bench: Any, many_customers: Callable[[int], bytes]) -> Any:
    """A finished job whose end is still to be announced."""
    bench.submissions._limits = Limits(upload_mb=10, ttl_days=7, announced=True)
    job = bench.submit(many_customers(10))
    for _ in range(3):
        bench.take()
    assert bench.queue.steps == [("notify", job.id, None)]
    return job


def test_an_announcement_is_signed_with_its_time(receiver: Any) -> None:
    webhook = Webhook(receiver.url, SECRET, allow_private=True, clock=lambda: 1_700_000_000.9)
    webhook.announce({"id": "job_1", "status": "completed"})
    ((path, headers, body),) = receiver.taken
    assert path == "/hooks?tenant=1"
    assert headers["Host"].startswith("localhost:")
    assert json.loads(body) == {"type": "job.completed", "job": {"id": "job_1", "status": "completed"}}
    assert headers["X-Churn-Timestamp"] == "1700000000"
    signed = hmac.new(SECRET.encode(), b"1700000000." + body, hashlib.sha256).hexdigest()
    assert headers["X-Churn-Signature"] == f"sha256={signed}"


@pytest.mark.parametrize("status", [302, 400, 500])
def test_only_2xx_counts_as_taken_and_redirects_are_not_followed(receiver: Any, status: int) -> None:
    receiver.answer = status
    with pytest.raises(AnnouncementFailed, match=str(status)):
        Webhook(receiver.url, SECRET, allow_private=True).announce({"status": "failed"})
    assert len(receiver.taken) == 1


def test_private_addresses_are_refused_unless_they_are_allowed(receiver: Any) -> None:
    with pytest.raises(AnnouncementFailed, match="not public"):
        Webhook(receiver.url, SECRET).announce({"status": "completed"})
    assert receiver.taken == []


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.1.2.3",
            "100.64.0.1",
            "224.0.0.1",
        ),
        *("::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1"),
    ],
)
def test_a_name_that_leads_to_a_private_address_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("93.184.215.14", 80)), (0, 0, 0, "", (address, 80))]
    )
    with pytest.raises(AnnouncementFailed, match="not public"):
        Webhook("http://rebound.example/", SECRET).announce({"status": "completed"})


def test_a_receiver_that_is_away_is_a_failure(free_port: Callable[[], int]) -> None:
    with pytest.raises(AnnouncementFailed, match="cannot be reached"):
        Webhook(f"http://127.0.0.1:{free_port()}/", SECRET, allow_private=True).announce({"status": "completed"})


class Flaky:
    """Fails so many times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.jobs: list[dict[str, Any]] = []

    def announce(self, job: dict[str, Any]) -> None:
        self.failures -= 1
        if self.failures >= 0:
            raise AnnouncementFailed("no")
        self.jobs.append(job)


def test_an_end_is_announced_until_it_is_taken_with_growing_pauses(bench: Any, announced: Any) -> None:
    flaky = Flaky(3)
    pauses = []
    while not flaky.jobs:
        announce(bench.ledger, flaky, announced.id)
        start = bench.clock.now
        announce(bench.ledger, flaky, announced.id)  # not due: nothing happens
        bench.queue.steps.clear()
        while not flaky.jobs and not bench.queue.steps:
            bench.clock.pass_by(seconds=5)
            bench.sweeper.sweep()
        pauses.append((bench.clock.now - start).total_seconds())
    assert pauses == [10, 20, 40, 0]
    assert flaky.jobs[0]["status"] == "completed"
    assert not list(bench.ledger.active())


def test_an_announcement_is_given_up_after_many_tries(bench: Any, announced: Any) -> None:
    flaky = Flaky(1_000)
    for _ in range(MAX_TRIES + 5):
        announce(bench.ledger, flaky, announced.id)
        bench.clock.pass_by(hours=5)
    assert 1_000 - flaky.failures == MAX_TRIES
    assert not list(bench.ledger.active())


def test_without_a_receiver_nothing_is_kept_waiting(bench: Any, announced: Any) -> None:
    announce(bench.ledger, None, announced.id)
    assert not list(bench.ledger.active())


def test_an_announcement_needs_a_secret() -> None:
    url = "https://example.org/hook"
    with pytest.raises(ValidationError, match="CHURN_WEBHOOK_SECRET"):
        ApiSettings(store_url="file:///x", webhook_url=url)
    with pytest.raises(ValidationError):
        ApiSettings(store_url="file:///x", webhook_url="ftp://example.org/", webhook_secret=SECRET)  # type: ignore[arg-type]
    settings = ApiSettings(store_url="file:///x", webhook_url=url, webhook_secret=SECRET)  # type: ignore[arg-type]
    assert isinstance(announcer(settings), Webhook)
    assert announcer(ApiSettings(store_url="file:///x")) is None
