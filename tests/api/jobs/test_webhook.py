"""Announcing the ends of jobs: signed, tried again, given up, and never to addresses that are nobody's business."""

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError
from tests.webhook_receiver import Receiver, receiving

from churn_api.addresses import is_public
from churn_api.jobs.notifications import MAX_TRIES, AnnouncementFailed, announce
from churn_api.jobs.submission import Limits
from churn_api.jobs.webhook import Webhook
from churn_api.jobs.webhook_signature import sign_standard
from churn_api.settings import ApiSettings
from churn_api.worker.channels import announcer

SECRET = "a secret of the operator's"


@pytest.fixture
def receiver() -> Iterator[type[Receiver]]:
    with receiving() as receiver:
        yield receiver


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
    webhook.announce({"object": "job", "id": "job_1", "status": "completed"})
    ((path, headers, body, _),) = receiver.taken
    assert path == "/hooks?tenant=1"
    assert headers["Host"].startswith("localhost:")
    job = {"object": "job", "id": "job_1", "status": "completed"}
    assert json.loads(body) == {"type": "job.completed", "job": job}
    assert headers["X-Churn-Timestamp"] == "1700000000"
    signed = hmac.new(SECRET.encode(), b"1700000000." + body, hashlib.sha256).hexdigest()
    assert headers["X-Churn-Signature"] == f"sha256={signed}"


@pytest.mark.parametrize("status", [302, 400, 500])
def test_only_2xx_counts_as_taken_and_redirects_are_not_followed(receiver: Any, status: int) -> None:
    receiver.answers = [status]
    with pytest.raises(AnnouncementFailed, match=str(status)):
        Webhook(receiver.url, SECRET, allow_private=True).announce({"object": "job", "id": "job_1", "status": "failed"})
    assert len(receiver.taken) == 1


def test_private_addresses_are_refused_unless_they_are_allowed(receiver: Any) -> None:
    with pytest.raises(AnnouncementFailed, match="not public"):
        Webhook(receiver.url, SECRET).announce({"object": "job", "id": "job_1", "status": "completed"})
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
        *("::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "fe80::1%eth0", "ff02::1"),
        *("64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8"),
        *("2002:a9fe:a9fe::1", "2002:7f00:1::", "fec0::1", "feff::1", "::127.0.0.1", "::169.254.169.254", "::"),
        *("2001:0:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "::ffff:0:127.0.0.1"),
        *("2a00:1450::5efe:10.0.0.1", "2a00:1450::200:5efe:169.254.169.254"),
    ],
)
def test_a_name_that_leads_to_a_private_address_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("93.184.215.14", 80)), (0, 0, 0, "", (address, 80))]
    )
    with pytest.raises(AnnouncementFailed, match="not public"):
        Webhook("http://rebound.example/", SECRET).announce({"object": "job", "id": "job_1", "status": "completed"})


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "2a00:1450:4001:81b::200e", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"),
        *("::8.8.8.8", "::ffff:0:8.8.8.8", "2a00:1450::5efe:8.8.8.8"),
    ],
)
def test_an_address_that_leads_to_the_public_network_alone_is_public(address: str) -> None:
    assert is_public(address)


def test_a_receiver_that_is_away_is_a_failure(free_port: Callable[[], int]) -> None:
    with pytest.raises(AnnouncementFailed, match="cannot be reached"):
        Webhook(f"http://127.0.0.1:{free_port()}/", SECRET, allow_private=True).announce(
            {"object": "job", "id": "job_1", "status": "completed"}
        )


@pytest.fixture
def reluctant() -> Iterator[Callable[[bytes], str]]:
    """A function that starts a server which sends these bytes, one each tenth of a second, and then nothing more."""
    over = threading.Event()
    listeners: list[socket.socket] = []

    def serve(listener: socket.socket, dripped: bytes) -> None:
        while not over.is_set():
            with suppress(OSError):
                connection, _ = listener.accept()
                for place in range(len(dripped)):
                    over.wait(0.1)
                    connection.send(dripped[place : place + 1])
                over.wait()

    def start(dripped: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(0.2)
        listeners.append(listener)
        threading.Thread(target=serve, args=(listener, dripped), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield start
    over.set()
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize("dripped", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000], ids=["nothing", "drips"])
def test_a_try_takes_no_longer_than_it_may(reluctant: Callable[[bytes], str], dripped: bytes) -> None:
    began, threads = time.monotonic(), threading.active_count()
    with pytest.raises(AnnouncementFailed, match=r"within 0\.5 seconds"):
        Webhook(reluctant(dripped), SECRET, allow_private=True, seconds=0.5).announce(
            {"object": "job", "id": "job_1", "status": "completed"}
        )
    assert time.monotonic() - began < 2
    end = time.monotonic() + 5
    while threading.active_count() > threads + 1:  # the server's own
        assert time.monotonic() < end, "the thread of the try goes on"
        time.sleep(0.01)


def test_a_name_whose_resolution_hangs_is_given_up_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = threading.Event()

    def hang(*_: Any, **__: Any) -> Any:
        resolved.wait(10)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with pytest.raises(AnnouncementFailed, match="within"):
        Webhook("http://slow.example/", SECRET, seconds=0.2).announce(
            {"object": "job", "id": "job_1", "status": "completed"}
        )
    resolved.set()


# A vector of the specification of Standard Webhooks.
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_a_receivers_library_finds_the_signature_right() -> None:
    signed = sign_standard(STANDARD_SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signed == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_announcement_has_an_id_that_stays_the_same_over_its_tries(receiver: Any) -> None:
    clock = iter((1_700_000_000.0, 1_700_000_010.0))
    webhook = Webhook(receiver.url, STANDARD_SECRET, allow_private=True, clock=lambda: next(clock))
    for _ in range(2):
        webhook.announce({"object": "job", "id": "job_01JD", "status": "completed"})
    sent = [{name.lower(): value for name, value in one.headers.items()} for one in receiver.taken]
    assert [headers["webhook-id"] for headers in sent] == ["msg_01JD", "msg_01JD"]
    assert [headers["webhook-timestamp"] for headers in sent] == ["1700000000", "1700000010"]
    for headers, (_, _, body, _) in zip(sent, receiver.taken, strict=True):
        signed = f"msg_01JD.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(STANDARD_SECRET.removeprefix("whsec_"))
        signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{signature}"


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
        announce(bench.repository, flaky, announced.id)
        start = bench.clock.now
        announce(bench.repository, flaky, announced.id)  # not due: nothing happens
        bench.queue.steps.clear()
        while not flaky.jobs and not bench.queue.steps:
            bench.clock.pass_by(seconds=5)
            bench.sweeper.sweep()
        pauses.append((bench.clock.now - start).total_seconds())
    assert pauses == [10, 20, 40, 0]
    assert flaky.jobs[0]["status"] == "completed"
    assert not list(bench.repository.active())


def test_an_announcement_is_given_up_after_many_tries(bench: Any, announced: Any) -> None:
    flaky = Flaky(1_000)
    for _ in range(MAX_TRIES + 5):
        announce(bench.repository, flaky, announced.id)
        bench.clock.pass_by(hours=5)
    assert 1_000 - flaky.failures == MAX_TRIES
    assert not list(bench.repository.active())


UNREACHABLE = [
    *("https://example.org:99999/", "https://a..b/", "https://" + "x" * 64 + ".org/", "http://example.org:0/"),
    *("https://", "https:///hook", "http://[::1/", "http://exa mple.org/", "http://exam\nple.org/", "example.org/hook"),
    *("ftp://example.org/", "https://user:secret@example.org/", "https://user@example.org/", "http://%zz/"),
    "https://" + "a." * 200 + "org/",
]


@pytest.mark.parametrize("url", UNREACHABLE)
def test_an_address_that_nobody_can_be_reached_at_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValidationError, match="webhook_url"):
        ApiSettings(store_url="file:///x", webhook_url=url, webhook_secret=SECRET)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "sent_to"),
    [
        ("https://example.org/hook?tenant=1", "https://example.org/hook?tenant=1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("https://[2a00:1450::1]:8443/x", "https://[2a00:1450::1]:8443/x"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("HTTPS://Example.ORG./", "https://example.org./"),
    ],
)
def test_an_address_is_kept_as_it_goes_over_the_wire(url: str, sent_to: str) -> None:
    assert ApiSettings(store_url="file:///x", webhook_url=url, webhook_secret=SECRET).webhook_url == sent_to  # type: ignore[arg-type]


def test_a_secret_that_claims_to_be_base_64_must_be() -> None:
    with pytest.raises(ValidationError, match="openssl rand -base64"):
        ApiSettings(store_url="file:///x", webhook_url="https://example.org/", webhook_secret="whsec_no base64 at all!")  # type: ignore[arg-type]


@pytest.mark.parametrize("url", UNREACHABLE[:4])
def test_whatever_becomes_of_a_try_it_counts(bench: Any, announced: Any, url: str) -> None:
    webhook = Webhook(url, SECRET, seconds=0.5)
    announce(bench.repository, webhook, announced.id)
    announce(bench.repository, webhook, announced.id)  # not due: nothing happens
    assert bench.repository.load(announced.id).announced_tries == 1
    bench.repository.change(announced.id, lambda job: replace(job, announced_tries=MAX_TRIES - 1, announce_at=None))
    announce(bench.repository, webhook, announced.id)
    assert not list(bench.repository.active())


def test_what_nobody_foresaw_of_a_try_counts_as_one(bench: Any, announced: Any) -> None:
    class Broken:
        def announce(self, _: dict[str, Any]) -> None:
            raise RuntimeError

    announce(bench.repository, Broken(), announced.id)
    assert bench.repository.load(announced.id).announced_tries == 1


def test_of_two_who_announce_at_once_one_does(bench: Any, announced: Any) -> None:
    class Twofold(Flaky):
        def announce(self, job: dict[str, Any]) -> None:
            super().announce(job)
            announce(bench.repository, self, announced.id)

    twofold = Twofold(0)
    announce(bench.repository, twofold, announced.id)
    assert len(twofold.jobs) == 1


def test_an_announcement_waits_once_however_often_is_swept(bench: Any, announced: Any) -> None:
    for _ in range(100):
        bench.sweeper.sweep()
    assert bench.queue.steps == [("notify", announced.id, None)]
    bench.queue.steps.clear()
    bench.clock.pass_by(minutes=6)  # it is lost
    for _ in range(100):
        bench.sweeper.sweep()
    assert bench.queue.steps == [("notify", announced.id, None)]


def test_a_job_that_has_expired_is_not_announced_and_its_expiry_is_counted(bench: Any, announced: Any) -> None:
    flaky = Flaky(0)
    bench.clock.pass_by(days=8)
    announce(bench.repository, flaky, announced.id)
    bench.sweeper.sweep()
    assert flaky.jobs == []
    assert bench.metrics.jobs.count("expired") == 1


def test_without_a_receiver_nothing_is_kept_waiting(bench: Any, announced: Any) -> None:
    announce(bench.repository, None, announced.id)
    assert not list(bench.repository.active())


def test_an_announcement_needs_a_secret() -> None:
    url = "https://example.org/hook"
    with pytest.raises(ValidationError, match="CHURN_WEBHOOK_SECRET"):
        ApiSettings(store_url="file:///x", webhook_url=url)
    with pytest.raises(ValidationError):
        ApiSettings(store_url="file:///x", webhook_url="ftp://example.org/", webhook_secret=SECRET)  # type: ignore[arg-type]
    settings = ApiSettings(store_url="file:///x", webhook_url=url, webhook_secret=SECRET)  # type: ignore[arg-type]
    assert isinstance(announcer(settings), Webhook)
    assert announcer(ApiSettings(store_url="file:///x")) is None
