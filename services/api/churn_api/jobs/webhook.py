"""Announcing the end of a job, or a digest of alerts, by a signed POST to an address that the operator has set.

The signature is that of Standard Webhooks (standardwebhooks.com), and beside it HMAC-SHA256 over the timestamp, a dot
and the body. The host's name is resolved once and the address that was checked is the one that is connected to, so
that a name cannot change its mind in between; redirects are not followed.
"""

import json
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection

from churn_api.addresses import is_public
from churn_api.conversation import Conversation
from churn_api.jobs.answers import Announced
from churn_api.jobs.notifications import AnnouncementFailed
from churn_api.jobs.webhook_signature import sign, sign_standard

# For all of a try, from the name's resolution to the answer's headers: who drips them does not get more.
SECONDS = 5.0

_PORTS = {"http": 80, "https": 443}


class Webhook:
    """Implements churn_api.jobs.notifications.Announcer."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        allow_private: bool = False,
        clock: Callable[[], float] = time.time,
        seconds: float = SECONDS,
    ) -> None:
        self._parts = urlsplit(url)
        self._secret = secret
        self._allow_private = allow_private
        self._clock = clock
        self._seconds = seconds

    def announce(self, job: Announced) -> None:
        """Send the signed notification that a job has ended; raises an error if the receiver does not accept it."""
        kind = job["object"]
        # A job ends once, so its id names its announcement, however often it is tried.
        message_id = f"msg_{job['id'].partition('_')[2]}"
        self.send(message_id, {"type": f"{kind}.{job['status']}", kind: job})

    def send(self, message_id: str, members: Mapping[str, Any]) -> None:
        """Send a signed message, which has the same id however often it is tried. Raises AnnouncementFailed."""
        body = json.dumps(members).encode()
        timestamp = str(int(self._clock()))
        headers = {
            "Host": self._parts.netloc,
            "Content-Type": "application/json",
            "User-Agent": "churn-webhook",
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": f"v1,{sign_standard(self._secret, message_id, timestamp, body)}",
            "X-Churn-Timestamp": timestamp,
            "X-Churn-Signature": f"sha256={sign(self._secret.encode(), timestamp, body)}",
        }
        status = self._post(body, headers)
        if not 200 <= status < 300:
            raise AnnouncementFailed(f"The webhook answered {status}; 2xx is wanted.")

    def _post(self, body: bytes, headers: dict[str, str]) -> int:
        def hold(conversation: Conversation[int]) -> int:
            connection = conversation.connection = self._connect()
            try:
                conversation.check()
                connection.request("POST", self._target, body, headers, preload_content=False)
                return connection.getresponse().status
            finally:
                connection.close()

        try:
            return Conversation(hold).answer("webhook", self._seconds)
        except AnnouncementFailed:
            raise
        except TimeoutError:
            raise AnnouncementFailed(f"The webhook did not answer within {self._seconds:g} seconds.") from None
        except Exception as error:  # whatever it is, it is this try that has failed
            raise AnnouncementFailed(f"The webhook cannot be reached ({type(error).__name__}).") from error

    @property
    def _target(self) -> str:
        return (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")

    def _connect(self) -> HTTPConnection:
        host = self._parts.hostname or ""
        port = self._parts.port or _PORTS[self._parts.scheme]
        address = self._address(host, port)
        if self._parts.scheme == "http":
            return HTTPConnection(address, port, timeout=self._seconds)
        return HTTPSConnection(address, port, timeout=self._seconds, server_hostname=host, assert_hostname=host)

    def _address(self, host: str, port: int) -> str:
        found = [entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        for address in found:
            if not (self._allow_private or is_public(str(address))):
                raise AnnouncementFailed(
                    f"The webhook's host has the address {address}, which is not public; "
                    "CHURN_WEBHOOK_ALLOW_PRIVATE=true allows it."
                )
        return str(found[0])
