"""ULIDs: 48 bits of milliseconds and 80 random bits in Crockford's base 32, so that ids sort by their time."""

import secrets
from datetime import UTC, datetime, timedelta

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 26
PATTERN = rf"[0-7][{ALPHABET}]{{{LENGTH - 1}}}"
"""As a regular expression for Python and JSON Schema alike."""


# Of which a ULID has whole ones; floats would round some down to those before.
_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new(moment: datetime) -> str:
    """A new ULID of this moment."""
    number = (moment - _EPOCH) // _MILLISECOND << 80 | secrets.randbits(80)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))


def created(ulid: str) -> datetime:
    """The moment in a ULID, in UTC, to the millisecond."""
    number = 0
    for digit in ulid:
        number = number << 5 | ALPHABET.index(digit)
    return _EPOCH + (number >> 80) * _MILLISECOND
