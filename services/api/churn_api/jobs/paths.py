"""Where everything of a job stands in the store.

Stores list in the order of keys, oldest first; an index under the complements of the ids is therefore in the order
newest first, and a page of it costs the same whether there are ten jobs or a million.
"""

import hashlib
import json
from datetime import UTC, datetime

from churn_api.jobs.ids import complement, is_id, of_complement

_SECONDS_DIGITS = 12

NEWEST = "jobs/index/newest/"
"""One empty object per job, in the order newest first."""

ACTIVE = "jobs/index/active/"
"""One empty object per job that is not finished: what the sweep looks at."""

EXPIRY = "jobs/index/expiry/"
"""One object per job and upload, in the order in which they expire; it names the claim, if there is one."""

CLAIMS = "jobs/index/keys/"
"""One object per Idempotency-Key."""

SWEEP = "jobs/index/sweep.json"


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
    return NEWEST + complement(job_id)


def of_newest(key: str) -> str:
    """The id of the job that an entry of the index stands for."""
    return of_complement(key.removeprefix(NEWEST))


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
