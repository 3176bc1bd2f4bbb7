"""The ids of jobs.

An id is "job_" and a ULID: 48 bits of milliseconds and 80 random bits in Crockford's base 32, so ids sort by their
time.
"""

import re
import secrets
from datetime import UTC, datetime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_COMPLEMENT = str.maketrans(_ALPHABET, _ALPHABET[::-1])
_PREFIX = "job_"
_ULID_LENGTH = 26

ID_PATTERN = rf"{_PREFIX}[0-7][{_ALPHABET}]{{{_ULID_LENGTH - 1}}}"
is_id = re.compile(ID_PATTERN).fullmatch


def new_id(moment: datetime) -> str:
    """A new id for a job that is created at this moment."""
    number = int(moment.timestamp() * 1000) << 80 | secrets.randbits(80)
    digits = (_ALPHABET[number >> shift & 31] for shift in range(5 * (_ULID_LENGTH - 1), -1, -5))
    return _PREFIX + "".join(digits)


def created(job_id: str) -> datetime:
    """The moment in an id, in UTC, to the millisecond."""
    number = 0
    for digit in job_id.removeprefix(_PREFIX):
        number = number << 5 | _ALPHABET.index(digit)
    return datetime.fromtimestamp((number >> 80) / 1000, UTC)


def complement(job_id: str) -> str:
    """A text that sorts the other way round: the newer the job, the earlier it comes."""
    return job_id.removeprefix(_PREFIX).translate(_COMPLEMENT)


def of_complement(text: str) -> str:
    """The id that has this complement."""
    return _PREFIX + text.translate(_COMPLEMENT)
