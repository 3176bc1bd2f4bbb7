"""Announcing the end of a job by a signed POST to an address that the operator has set.

The signature is HMAC-SHA256 over the timestamp, a dot and the body. The host's name is resolved once and the address
that was checked is the one that is connected to, so that a name cannot change its mind in between; redirects are not
followed.
"""

import hashlib
import hmac
import ipaddress
import json
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import urllib3

from churn_api.jobs.announcing import AnnouncementFailed

_TIMEOUT = urllib3.Timeout(connect=5.0, read=10.0)
_PORTS = {"http": 80, "https": 443}


class Webhook:
    """Implements churn_api.jobs.announcing.Announcer."""

    def __init__(
        self, url: str, secret: str, *, allow_private: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        self._parts = urlsplit(url)
        self._secret = secret.encode()
        self._allow_private = allow_private
        self._clock = clock

    def announce(self, job: dict[str, Any]) -> None:
        body = json.dumps({"type": f"job.{job['status']}", "job": job}).encode()
        timestamp = str(int(self._clock()))
        headers = {
            "Host": self._parts.netloc,
            "Content-Type": "application/json",
            "User-Agent": "churn-webhook",
            "X-Churn-Timestamp": timestamp,
            "X-Churn-Signature": f"sha256={sign(self._secret, timestamp, body)}",
        }
        status = self._post(body, headers)
        if not 200 <= status < 300:
            raise AnnouncementFailed(f"The webhook answered {status}; 2xx is wanted.")

    def _post(self, body: bytes, headers: dict[str, str]) -> int:
        target = (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")
        try:
            with self._pool() as pool:
                answer = pool.urlopen("POST", target, body=body, headers=headers, redirect=False, preload_content=False)
                answer.close()
                return answer.status
        except (OSError, urllib3.exceptions.HTTPError) as error:
            raise AnnouncementFailed(f"The webhook cannot be reached ({type(error).__name__}).") from error

    def _pool(self) -> urllib3.HTTPConnectionPool:
        host = self._parts.hostname or ""
        port = self._parts.port or _PORTS[self._parts.scheme]
        address = self._address(host, port)
        if self._parts.scheme == "http":
            return urllib3.HTTPConnectionPool(address, port, timeout=_TIMEOUT, retries=False)
        return urllib3.HTTPSConnectionPool(
            address, port, timeout=_TIMEOUT, retries=False, server_hostname=host, assert_hostname=host
        )

    def _address(self, host: str, port: int) -> str:
        found = [entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        for address in found:
            if not (self._allow_private or _is_public(str(address))):
                raise AnnouncementFailed(
                    f"The webhook's host has the address {address}, which is not public; "
                    "CHURN_WEBHOOK_ALLOW_PRIVATE=true allows it."
                )
        return str(found[0])


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """The signature as receivers compute it."""
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    checked = mapped or ip
    return bool(checked.is_global and not checked.is_multicast)
