"""The ids of jobs, which tell what kind of job it is.

An id is "job_" for customers that are scored, or "out_" for outcomes that are taken in, and a ULID: 48 bits of
milliseconds and 80 random bits in Crockford's base 32, so ids of a kind sort by their time.
"""

import re
import secrets
from datetime import UTC, datetime
from typing import Literal

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_COMPLEMENT = str.maketrans(_ALPHABET, _ALPHABET[::-1])
_ULID_LENGTH = 26
_PREFIX_LENGTH = 4

Kind = Literal["job", "outcomes"]
"""What a job does with its rows: score them as customers, or take them in as outcomes."""

JOB: Kind = "job"
OUTCOMES: Kind = "outcomes"
_PREFIXES: dict[Kind, str] = {JOB: "job_", OUTCOMES: "out_"}


def pattern(kind: Kind) -> str:
    """The ids of a kind, as a regular expression for Python and JSON Schema alike."""
    return rf"{_PREFIXES[kind]}[0-7][{_ALPHABET}]{{{_ULID_LENGTH - 1}}}"


is_id = re.compile("|".join(map(pattern, _PREFIXES))).fullmatch


def kind_of(job_id: str) -> Kind:
    """What kind of job has this id."""
    return OUTCOMES if job_id.startswith(_PREFIXES[OUTCOMES]) else JOB


def new_id(moment: datetime, kind: Kind = JOB) -> str:
    """A new id for a job of this kind that is created at this moment."""
    number = int(moment.timestamp() * 1000) << 80 | secrets.randbits(80)
    digits = (_ALPHABET[number >> shift & 31] for shift in range(5 * (_ULID_LENGTH - 1), -1, -5))
    return _PREFIXES[kind] + "".join(digits)


def created(job_id: str) -> datetime:
    """The moment in an id, in UTC, to the millisecond."""
    number = 0
    for digit in job_id[_PREFIX_LENGTH:]:
        number = number << 5 | _ALPHABET.index(digit)
    return datetime.fromtimestamp((number >> 80) / 1000, UTC)


def complement(job_id: str) -> str:
    """A text that sorts the other way round: the newer the job, the earlier it comes."""
    return job_id[_PREFIX_LENGTH:].translate(_COMPLEMENT)


def of_complement(text: str, kind: Kind = JOB) -> str:
    """The id of this kind that has this complement."""
    return _PREFIXES[kind] + text.translate(_COMPLEMENT)
