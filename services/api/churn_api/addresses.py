"""Network addresses in the settings: which URLs are valid, and which IP addresses are public."""

import ipaddress
from urllib.parse import urlsplit

from pydantic import HttpUrl, TypeAdapter, ValidationError

_URL = TypeAdapter(HttpUrl)

# The longest name in the domain name system (RFC 1035).
_LONGEST_NAME = 253

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Networks whose addresses contain an IPv4 address in their last 32 bits, which a gateway or the system may forward to.
_EMBEDDING = [
    ipaddress.IPv6Network(network)
    for network in (
        "::/96",  # IPv4-compatible (RFC 4291, 2.5.5.1), and ::1
        "::ffff:0:0:0/96",  # IPv4-translated (RFC 2765)
        "64:ff9b::/96",  # NAT64 (RFC 6052)
    )
]
# ISATAP (RFC 5214): any network, with these 32 bits before the IPv4 address.
_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")
_REFUSED = [
    ipaddress.IPv6Network(network)
    for network in (
        "fec0::/10",  # site-local (RFC 3879)
        "64:ff9b:1::/48",  # a network's own NAT64 (RFC 8215)
        "2001::/32",  # Teredo (RFC 4380), which no server has
    )
]


def checked_url(url: str) -> str:
    """An http or https URL as it is sent, with its host in Punycode.

    Raises ValueError, with a sentence for the operator, for a URL at which no server could be reached.
    """
    try:
        parsed = _URL.validate_python(url)
    except ValidationError as error:
        raise ValueError(f"It is no http or https URL: {error.errors()[0]['msg']}.") from error
    written = urlsplit(url).netloc
    if not written:
        raise ValueError("It names no host.")
    if parsed.username is not None or parsed.password is not None or "@" in written:
        raise ValueError("It holds a user's name or a password; the signature tells who sends.")
    if any(character.isspace() for character in url):
        raise ValueError("It holds white space.")
    if not parsed.port:
        raise ValueError("It has the port 0.")
    host = parsed.host or ""
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise ValueError("It has a host that is no name: a part of it is empty or longer than 63 letters.") from error
    if len(host) > _LONGEST_NAME:
        raise ValueError(f"It has a host of more than {_LONGEST_NAME} letters.")
    return str(parsed)


def is_public(address: str) -> bool:
    """Whether an IP address is public, and so is every IPv4 address that it contains.

    Raises ValueError for a text that is not an address.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    inside = _inside(ip)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        return all(map(_is_global, inside))
    return _is_global(ip) and all(map(_is_global, inside))


def _is_global(ip: Address) -> bool:
    refused = ip.version == 6 and any(ip in network for network in _REFUSED)
    return ip.is_global and not ip.is_multicast and not refused


def _inside(ip: Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that an address contains."""
    if isinstance(ip, ipaddress.IPv4Address):
        return []
    named = [carried for carried in (ip.ipv4_mapped, ip.sixtofour) if carried is not None]
    if any(ip in network for network in _EMBEDDING) or ip.packed[8:12] in _ISATAP:
        named.append(ipaddress.IPv4Address(ip.packed[12:]))
    return named
