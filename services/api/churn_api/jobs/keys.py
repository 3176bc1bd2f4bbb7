"""The ids of jobs, and where everything of a job stands in the store.

An id is "job_" and a ULID: 48 bits of milliseconds and 80 random bits in Crockford's base 32, so ids sort by their
time. Stores list in the order of keys, oldest first; an index under the complements of the ids is therefore in the
order newest first, and a page of it costs the same whether there are ten jobs or a million.
"""

import hashlib
import json
import re
import secrets
from datetime import UTC, datetime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_COMPLEMENT = str.maketrans(_ALPHABET, _ALPHABET[::-1])
_PREFIX = "job_"
_ULID_LENGTH = 26
_SECONDS_DIGITS = 12

ID_PATTERN = rf"{_PREFIX}[0-7][{_ALPHABET}]{{{_ULID_LENGTH - 1}}}"
is_id = re.compile(ID_PATTERN).fullmatch

NEWEST = "jobs/index/newest/"
"""One empty object per job, in the order newest first."""

ACTIVE = "jobs/index/active/"
"""One empty object per job that is not finished: what the sweep looks at."""

EXPIRY = "jobs/index/expiry/"
"""One object per job and upload, in the order in which they expire; it names the claim, if there is one."""

CLAIMS = "jobs/index/keys/"
"""One object per Idempotency-Key."""

SWEEP = "jobs/index/sweep.json"


def new_id(moment: datetime) -> str:
    number = int(moment.timestamp() * 1000) << 80 | secrets.randbits(80)
    digits = (_ALPHABET[number >> shift & 31] for shift in range(5 * (_ULID_LENGTH - 1), -1, -5))
    return _PREFIX + "".join(digits)


def created(job_id: str) -> datetime:
    """The moment in an id, to the millisecond."""
    number = 0
    for digit in job_id.removeprefix(_PREFIX):
        number = number << 5 | _ALPHABET.index(digit)
    return datetime.fromtimestamp((number >> 80) / 1000, UTC)


def folder(job_id: str) -> str:
    return f"jobs/{job_id}/"


def record(job_id: str) -> str:
    return f"jobs/{job_id}/job.json"


def plan(job_id: str) -> str:
    return f"jobs/{job_id}/plan.json"


def upload(job_id: str) -> str:
    return f"jobs/{job_id}/input.csv"


def raw(kind: str) -> str:
    """The kind of a file that holds ids as they came; it is there only where that differs from what is harmless."""
    return f"{kind}_raw"


def file(job_id: str, kind: str) -> str:
    """The results or the errors, or one of them raw."""
    return f"jobs/{job_id}/{kind}.csv"


def chunks(job_id: str) -> str:
    """The prefix of the chunks' parts."""
    return f"jobs/{job_id}/chunks/"


def chunk(job_id: str, number: int, kind: str) -> str:
    """One chunk's part of a file."""
    return f"{chunks(job_id)}{number:06d}.{kind}.csv"


def done(job_id: str) -> str:
    """The prefix of the marks of finished chunks; a mark's name holds the chunk's number and counts."""
    return f"jobs/{job_id}/done/"


def attempts(job_id: str) -> str:
    return f"jobs/{job_id}/attempts/"


def attempt(job_id: str, step: str) -> str:
    return f"{attempts(job_id)}{step}.json"


def newest(job_id: str) -> str:
    return NEWEST + job_id.removeprefix(_PREFIX).translate(_COMPLEMENT)


def of_newest(key: str) -> str:
    """The id of the job that an entry of the index stands for."""
    return _PREFIX + key.removeprefix(NEWEST).translate(_COMPLEMENT)


def active(job_id: str) -> str:
    return ACTIVE + job_id


def expiry(job_id: str, moment: datetime) -> str:
    return f"{EXPIRY}{int(moment.timestamp()):0{_SECONDS_DIGITS}d}_{job_id}"


def of_expiry(key: str) -> tuple[str, datetime] | None:
    """The job's id and the moment it expires; None for what is no entry of the index."""
    seconds, _, job_id = key.removeprefix(EXPIRY).partition("_")
    if not (is_id(job_id) and seconds.isascii() and seconds.isdigit() and len(seconds) == _SECONDS_DIGITS):
        return None
    try:
        return job_id, datetime.fromtimestamp(int(seconds), UTC)
    except ValueError:  # no year has so many seconds
        return None


def claim(idempotency_key: str, caller: str | None = None) -> str:
    """Each caller's Idempotency-Keys are his own; `caller` is the name of his API key, where keys are set."""
    owned = idempotency_key if caller is None else json.dumps([caller, idempotency_key])
    return f"{CLAIMS}{hashlib.sha256(owned.encode()).hexdigest()}.json"
