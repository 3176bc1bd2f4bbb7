"""Digests by e-mail: a text that names a few customers, and all of them as a CSV."""

import logging
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, TypeAlias

from churn.customer.phrases import money
from churn_api.alerts.delivery import Message
from churn_api.alerts.record import AlertValue, CustomerAtRisk
from churn_api.conversation import Conversation, CutShort
from churn_api.jobs.notifications import AnnouncementFailed
from churn_api.mail_server import MailServer

log = logging.getLogger(__name__)

# For all of a try, since jobs wait to be announced meanwhile: a server that drips its answers does not get more.
SECONDS = 30.0

# For each step of it.
_STEP = 10.0

# Customers whom the text names; all of them stand in the CSV.
_NAMED = 10

# What the server answers of each recipient whom it refuses.
_Refused: TypeAlias = Mapping[str, tuple[int, bytes]]


class MailChannel:
    """Implements churn_api.alerts.delivery.Channel."""

    def __init__(
        self,
        server: MailServer,
        sender: str,
        recipients: Sequence[str],
        *,
        tls: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        """`tls` is how the server proves who it is: unless it is given, to whom the system trusts."""
        self._server, self._sender, self._recipients = server, sender, recipients
        self._tls = tls or ssl.create_default_context()
        self._seconds = seconds

    def deliver(self, message: Message) -> None:
        """Send a digest to all recipients, as one mail that has the same id at each try. Raises AnnouncementFailed."""
        refused = self._sent(mail_of(message, self._sender, self._recipients))
        if refused:
            # It is not sent again: whoever took it would get it again for the sake of who never will.
            log.error("The mail server refuses %d of the addresses in CHURN_ALERT_TO; correct them.", len(refused))

    def _sent(self, mail: EmailMessage) -> _Refused:
        def hold(conversation: Conversation[_Refused]) -> _Refused:
            with self._connected(conversation) as connection:
                return connection.send_message(mail)

        try:
            return Conversation(hold).answer("mail", self._seconds)
        except CutShort:
            raise AnnouncementFailed(f"The mail server did not take it within {self._seconds:g} seconds.") from None
        except (smtplib.SMTPException, OSError) as error:
            raise AnnouncementFailed(f"The mail server does not take it ({_reason(error)}).") from error

    def _connected(self, conversation: Conversation[_Refused]) -> smtplib.SMTP:
        server = self._server
        if server.is_tls:
            connection: smtplib.SMTP = _TlsConnection(
                conversation, server.host, server.port, timeout=_STEP, context=self._tls
            )
        else:
            connection = _Connection(conversation, server.host, server.port, timeout=_STEP)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: smtplib.SMTP) -> None:
        server = self._server
        connection.ehlo_or_helo_if_needed()
        if not server.is_tls:
            if connection.has_extn("starttls"):
                connection.starttls(context=self._tls)
                connection.ehlo()
            elif server.password is not None:
                raise AnnouncementFailed(
                    "The mail server offers no STARTTLS, and a password is not sent in the clear; use smtps:// or a "
                    "server that does."
                )
        if server.user is not None and server.password is not None:
            connection.login(server.user, server.password)


class _Connection(smtplib.SMTP):
    """A connection that its conversation can cut already while it is made: the server's greeting is read then."""

    def __init__(self, conversation: Conversation[_Refused], host: str, port: int, **options: Any) -> None:
        self._conversation = conversation
        conversation.connection = self
        super().__init__(host, port, **options)

    def getreply(self) -> tuple[int, bytes]:
        """The answer to a step, none of which is waited for once the conversation is cut short."""
        self._conversation.check()
        return super().getreply()


class _TlsConnection(_Connection, smtplib.SMTP_SSL):
    """The same with TLS from the beginning."""


def mail_of(message: Message, sender: str, recipients: Sequence[str]) -> EmailMessage:
    """A digest as a mail."""
    digest, customers = message.digest, message.customers
    mail = EmailMessage()
    mail["Subject"] = f"{len(customers):,} {'customer is' if len(customers) == 1 else 'customers are'} newly at risk"
    mail["From"], mail["To"] = sender, ", ".join(recipients)
    mail["Date"] = format_datetime(datetime.fromisoformat(digest.created_at))
    mail["Message-ID"] = f"<{digest.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n".join(_lines(message)))
    mail.add_attachment(message.table, maintype="text", subtype="csv", filename=f"{digest.id}.csv")
    return mail


def _lines(message: Message) -> list[str]:
    digest, customers, value = message.digest, message.customers, message.value
    counts, shown = digest.counts, customers[:_NAMED]
    lines = [
        f"Of {counts.evaluated:,} customers scored on {digest.scored_at[:10]}, {len(customers):,} are newly at risk.",
        f"{_money(digest.money_at_risk.alerted, value)} is at risk with them.",
        "",
        *(_line(customer, value) for customer in shown),
        *([f"… and {len(customers) - len(shown):,} more in the attached list."] if len(customers) > len(shown) else []),
        "",
    ]
    left_out = {
        "since others have more at risk": counts.budget,
        "since they were alerted on lately": counts.cooldown,
        "since a campaign holds them out": counts.held_out,
    }
    lines += [f"Left out, {why}: {count:,}." for why, count in left_out.items() if count]
    return [*lines, f"Job {digest.job}, model {digest.model_version}, digest {digest.id}."]


def _line(customer: CustomerAtRisk, value: AlertValue) -> str:
    at_risk = "" if customer.money_at_risk is None or value.field is None else _money(customer.money_at_risk, value)
    change = f"{customer.before:.0%} before, {customer.churn_probability:.0%} now"
    return f"  {customer.customerID}: {change}{f', {at_risk} a year' if at_risk else ''}"


def _money(amount: float, value: AlertValue) -> str:
    if value.field is None:
        return f"A sum of probabilities of {amount:,.1f}"
    return money(amount, value.currency or "", ",.0f")


def _reason(error: Exception) -> str:
    """What went wrong, without what the server says, which may be anything."""
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
