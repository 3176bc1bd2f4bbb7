"""The mail server and the addresses in the settings."""

from email.headerregistry import Address
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

_PORTS = {"smtp": 587, "smtps": 465}


class MailServer(NamedTuple):
    """A server that takes mail; `is_tls` from the first byte on, else from STARTTLS on, if the server offers it."""

    host: str
    port: int
    is_tls: bool
    user: str | None
    password: str | None


def read_url(url: str, password: str | None = None) -> MailServer:
    """The server of an smtp or smtps URL; a `password` given beside it counts before the one in it.

    Raises ValueError with a sentence that does not show the URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("It is no smtp or smtps URL with a host, such as smtps://user@mail.example.org.")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("It has something behind the host and the port.")
    user = unquote(parts.username) if parts.username else None
    secret = password or (unquote(parts.password) if parts.password else None)
    if (user is None) != (secret is None):
        raise ValueError("It has a user without a password, or a password without a user.")
    return MailServer(parts.hostname, parts.port or _PORTS[parts.scheme], parts.scheme == "smtps", user, secret)


def checked_address(text: str) -> str:
    """An e-mail address. Raises ValueError."""
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError) as error:
        raise ValueError(f"{text!r} is no e-mail address.") from error
    if not (address.username and address.domain and text.isascii() and text.isprintable()):
        raise ValueError(f"{text!r} is no e-mail address.")
    return text
