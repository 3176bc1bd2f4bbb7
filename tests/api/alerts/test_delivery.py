"""Delivering digests: none is lost and none is made anew, however often a receiver fails."""

import base64
import email
import email.policy
import hashlib
import hmac
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from tests.api.alerts.conftest import Alerts
from tests.webhook_receiver import Receiver, receiving

from churn_api.alerts.delivery import Deliveries, due_digests
from churn_api.alerts.erasing import erase_from_alerts
from churn_api.alerts.mail import MailChannel
from churn_api.alerts.webhook import WebhookChannel
from churn_api.jobs.notifications import MAX_TRIES
from churn_api.jobs.webhook import Webhook
from churn_api.mail_server import MailServer, read_url

SECRET = "a secret of the operator's"
CALM = {"a": 0.3, "=b": 0.3}
USER, PASSWORD = "churn", "an SMTP password"


@pytest.fixture
def receiver() -> Iterator[type[Receiver]]:
    with receiving() as receiver:
        yield receiver


def deliveries(alerts: Alerts, **channels: Any) -> Deliveries:
    return Deliveries(alerts.store, channels, alerts.counted.update, alerts.clock)


def hook(receiver: Any) -> WebhookChannel:
    return WebhookChannel(Webhook(receiver.url, SECRET, allow_private=True))


def deliver_all(alerts: Alerts, delivering: Deliveries, rounds: int) -> None:
    for _ in range(rounds):
        for digest_id in due_digests(alerts.store, alerts.clock()):
            delivering.deliver(digest_id)
        alerts.clock.pass_by(hours=5)


def test_a_digest_is_a_signed_event_that_its_id_names(alerts: Alerts, receiver: Any) -> None:
    alerts.channels = ("webhook",)
    alerts.evaluation = alerts.over(alerts.store)
    alerts.week(CALM)
    (digest_id,) = alerts.week({"a": 0.8, "=b": 0.7})
    delivering = deliveries(alerts, webhook=hook(receiver))
    assert list(due_digests(alerts.store, alerts.clock())) == [digest_id]
    delivering.deliver(digest_id)
    ((_, headers, body, _),) = receiver.taken
    told = json.loads(body)
    assert (told["type"], told["event"], told["id"]) == ("customers.at_risk", "customers.at_risk", digest_id)
    assert [each["customerID"] for each in told["customers"]] == ["a", "=b"]
    assert told["counts"]["alerted"] == 2
    assert told["value"] == {"field": "MonthlyCharges", "months": 12, "currency": alerts.record.value.currency}
    name, moment = headers["webhook-id"], headers["webhook-timestamp"]
    assert name == digest_id.replace("alr_", "msg_")
    signed = base64.b64encode(hmac.digest(SECRET.encode(), f"{name}.{moment}.".encode() + body, hashlib.sha256))
    assert headers["webhook-signature"] == f"v1,{signed.decode()}"
    (digest,) = alerts.digests
    assert (digest.webhook.status, digest.webhook.tries, digest.email.status) == ("sent", 1, "off")
    assert list(due_digests(alerts.store, alerts.clock())) == []
    delivering.deliver(digest_id)
    assert len(receiver.taken) == 1
    assert alerts.counted["sent"] == 2


def test_every_digest_reaches_a_receiver_that_fails_half_the_time_once(alerts: Alerts, receiver: Any) -> None:
    receiver.answers = [500, 204] * 50
    made, probabilities = [], {f"c{number}": 0.2 for number in range(12)}
    alerts.week(probabilities)
    for name in probabilities:
        made += alerts.week(probabilities := probabilities | {name: 0.8})
    assert len(made) == 12
    deliver_all(alerts, deliveries(alerts, webhook=hook(receiver)), 12)
    taken = [json.loads(one.body)["id"] for one in receiver.taken if one.status == 204]
    assert sorted(taken) == sorted(made)
    assert len(receiver.taken) > len(made)
    assert {digest.webhook.status for digest in alerts.digests} == {"sent"}
    assert alerts.counted["sent"] == 12


def test_an_answer_that_was_lost_leads_to_a_repeat_of_the_same_id(alerts: Alerts, receiver: Any) -> None:
    alerts.week(CALM)
    (digest_id,) = alerts.week({"a": 0.8})
    delivering = deliveries(alerts, webhook=hook(receiver))
    delivering._end_of = lambda delivery, _: delivery  # type: ignore[method-assign, assignment]
    delivering.deliver(digest_id)  # killed before it was written down
    deliver_all(alerts, deliveries(alerts, webhook=hook(receiver)), 2)
    assert len({one.headers["webhook-id"] for one in receiver.taken}) == 1
    assert len(receiver.taken) == 2


def test_a_digest_is_given_up_after_a_day_and_counted(alerts: Alerts, receiver: Any) -> None:
    receiver.answers = [500]
    alerts.week(CALM)
    alerts.week({"a": 0.8})
    deliver_all(alerts, deliveries(alerts, webhook=hook(receiver)), MAX_TRIES + 3)
    (digest,) = alerts.digests
    assert (digest.webhook.status, digest.webhook.tries) == ("failed", MAX_TRIES)
    assert (alerts.counted["failed"], digest.email.status) == (1, "off")


def test_a_digest_of_whom_all_are_erased_is_not_delivered(alerts: Alerts, receiver: Any) -> None:
    alerts.week(CALM)
    alerts.week({"a": 0.8})
    erase_from_alerts(alerts.store, {"a"})
    deliver_all(alerts, deliveries(alerts, webhook=hook(receiver)), 2)
    assert receiver.taken == []
    assert alerts.digests[0].webhook.status == "off"
    assert not alerts.counted.keys() & {"sent", "failed", "off"}


def test_a_way_that_is_set_up_no_longer_is_no_count(alerts: Alerts) -> None:
    alerts.week(CALM)
    alerts.week({"a": 0.8})
    deliver_all(alerts, deliveries(alerts), 2)
    assert alerts.digests[0].webhook.status == "off"
    assert not alerts.counted.keys() & {"sent", "failed", "off"}


def test_an_evaluation_in_the_midst_of_a_try_loses_neither(alerts: Alerts, receiver: Any) -> None:
    alerts.week(CALM)
    (first,) = alerts.week({"a": 0.8})
    channel = hook(receiver)
    original = channel.deliver

    def in_the_midst(message: Any) -> None:
        original(message)
        if len(receiver.taken) == 1:
            alerts.week({"=b": 0.8})

    channel.deliver = in_the_midst  # type: ignore[method-assign]
    deliver_all(alerts, deliveries(alerts, webhook=channel), 2)
    second, first_again = alerts.digests
    assert first_again.id == first
    assert (first_again.webhook.status, second.webhook.status) == ("sent", "sent")


class Mailbox:
    """Keeps the mails that it is sent, and who was recipient; refuses as the test says."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], Any]] = []
        self.answer = "250 OK"
        self.unknown = ""

    async def handle_RCPT(self, _: SMTP, __: Any, envelope: Any, address: str, ___: Any) -> str:  # noqa: N802
        if address == self.unknown:
            return "550 nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            self.mails.append((envelope.rcpt_tos, (mail, session)))
        return self.answer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, chain = folder / "key.pem", folder / "chain.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run(
        [*command, "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", chain],
        check=True,
        capture_output=True,
    )
    return key, chain


def _login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture(params=["plain", "starttls", "smtps"])
def mail_channel(request: Any, mailbox: Mailbox, certificate: tuple[Path, Path]) -> Iterator[MailChannel]:
    """A channel to a real server: without TLS and password, with STARTTLS and a password, and with TLS and one."""
    key, chain = certificate
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(chain, key)
    trusting = ssl.create_default_context(cafile=str(chain))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options: dict[str, Any] = {"hostname": "localhost", "port": port}
    if request.param != "plain":
        options |= {"authenticator": _login, "auth_required": True}
    if request.param == "starttls":
        options |= {"tls_context": served, "require_starttls": True}
    if request.param == "smtps":
        options |= {"ssl_context": served, "auth_require_tls": False}
    controller = Controller(mailbox, **options)
    controller.start()
    user, password = (None, None) if request.param == "plain" else (USER, PASSWORD)
    server = MailServer("localhost", port, request.param == "smtps", user, password)
    yield MailChannel(server, "churn@example.org", ["a@example.org", "b@example.org"], tls=trusting)
    controller.stop()


def test_a_digest_is_mailed_as_a_text_with_the_list(
    alerts: Alerts, mailbox: Mailbox, mail_channel: MailChannel
) -> None:
    alerts.week(CALM)
    (digest_id,) = alerts.week({"a": 0.8, "=b": 0.7})
    deliver_all(alerts, deliveries(alerts, email=mail_channel), 2)
    ((recipients, (mail, _)),) = mailbox.mails
    assert recipients == ["a@example.org", "b@example.org"]
    assert mail["Subject"] == "2 customers are newly at risk"
    assert mail["Message-ID"] == f"<{digest_id}@example.org>"
    text = mail.get_body(("plain",)).get_content()
    assert "a: 30% before, 80% now, $480 a year" in text
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == f"{digest_id}.csv"
    assert attached.get_content_type() == "text/csv"
    lines = attached.get_content().splitlines()
    assert lines[0].startswith("customerID,churn_probability")
    assert lines[2].startswith("'=b,0.700000")
    (digest,) = alerts.digests
    assert (digest.email.status, digest.webhook.status) == ("sent", "off")


@pytest.mark.parametrize("mail_channel", ["starttls"], indirect=True)
def test_a_server_that_cannot_prove_itself_gets_no_password(
    alerts: Alerts, mailbox: Mailbox, mail_channel: MailChannel
) -> None:
    mail_channel._tls = ssl.create_default_context()
    alerts.week(CALM)
    alerts.week({"a": 0.8})
    deliver_all(alerts, deliveries(alerts, email=mail_channel), 1)
    assert mailbox.mails == []
    assert alerts.digests[0].email.status == "pending"


@pytest.mark.parametrize("mail_channel", ["plain"], indirect=True)
def test_a_password_is_not_sent_in_the_clear(
    alerts: Alerts, mailbox: Mailbox, mail_channel: MailChannel, caplog: pytest.LogCaptureFixture
) -> None:
    mail_channel._server = mail_channel._server._replace(user=USER, password=PASSWORD)
    alerts.week(CALM)
    alerts.week({"a": 0.8})
    deliver_all(alerts, deliveries(alerts, email=mail_channel), 1)
    assert mailbox.mails == []
    assert "STARTTLS" in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize("mail_channel", ["plain"], indirect=True)
def test_a_server_that_is_busy_is_asked_again(alerts: Alerts, mailbox: Mailbox, mail_channel: MailChannel) -> None:
    alerts.week(CALM)
    alerts.week({"a": 0.8})
    mailbox.answer = "451 later"
    delivering = deliveries(alerts, email=mail_channel)
    deliver_all(alerts, delivering, 1)
    mailbox.answer = "250 OK"
    deliver_all(alerts, delivering, 1)
    assert len(mailbox.mails) == 1
    assert alerts.digests[0].email.tries == 2


@pytest.mark.parametrize("mail_channel", ["plain"], indirect=True)
def test_one_wrong_recipient_keeps_it_from_nobody_else_and_sends_it_once(
    alerts: Alerts, mailbox: Mailbox, mail_channel: MailChannel, caplog: pytest.LogCaptureFixture
) -> None:
    alerts.week(CALM)
    alerts.week({"a": 0.8})
    mailbox.unknown = "a@example.org"
    deliver_all(alerts, deliveries(alerts, email=mail_channel), 3)
    assert [recipients for recipients, _ in mailbox.mails] == [["b@example.org"]]
    assert "CHURN_ALERT_TO" in caplog.text


@pytest.mark.parametrize("is_greeted", [False, True], ids=["its greeting", "its answer"])
def test_a_server_that_drips_holds_nothing_up(
    alerts: Alerts, caplog: pytest.LogCaptureFixture, is_greeted: bool
) -> None:
    alerts.week(CALM)
    alerts.week({"a": 0.8})
    cut = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"220 ready\r\n" if is_greeted else b"220-")
            try:
                while not cut.wait(0.05):
                    connection.sendall(b"2")
            except OSError:
                cut.set()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=drip, args=(server,), daemon=True).start()
        address = MailServer("127.0.0.1", server.getsockname()[1], False, None, None)
        channel = MailChannel(address, "churn@example.org", ["a@example.org"], seconds=0.5)
        begun = time.monotonic()
        deliver_all(alerts, deliveries(alerts, email=channel), 1)
        assert time.monotonic() - begun < 3
        assert cut.wait(5), "the connection is still open"
    assert "within 0.5 seconds" in caplog.text
    assert (alerts.digests[0].email.status, alerts.digests[0].email.tries) == ("pending", 1)


@pytest.mark.parametrize(
    ("url", "password", "server"),
    [
        ("smtp://mail.example.org", None, MailServer("mail.example.org", 587, False, None, None)),
        ("smtps://mail.example.org:2465/", None, MailServer("mail.example.org", 2465, True, None, None)),
        ("smtps://me%40x:p%2Fw@h", None, MailServer("h", 465, True, "me@x", "p/w")),
        ("smtp://me@h", "from a file", MailServer("h", 587, False, "me", "from a file")),
    ],
)
def test_a_url_names_a_server(url: str, password: str | None, server: MailServer) -> None:
    assert read_url(url, password) == server


@pytest.mark.parametrize(
    "url", ["", "mail.example.org", "http://h", "smtp://", "smtp://me@h", "smtp://h/x", "smtp://h:x"]
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(It |Port )"):
        read_url(url)
