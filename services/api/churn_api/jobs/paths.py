"""The keys of a job's objects in the store.

Stores list keys in rising order, which is the oldest id first. An index under the complements of the ids therefore
lists the newest job first, and a page of it costs the same for ten jobs as for a million.
"""

import hashlib
import json
from datetime import UTC, datetime

from churn_api.jobs.ids import JOB, Kind, complement, is_id, kind_of, of_complement

_SECONDS_DIGITS = 12

NEWEST: dict[Kind, str] = {
    "job": "jobs/index/newest/",
    "outcomes": "jobs/index/newest-outcomes/",
    "campaign": "jobs/index/newest-campaigns/",
}
"""By kind, an empty object for each job, the newest first."""

ACTIVE = "jobs/index/active/"
"""An empty object for each job that is not finished, which the sweep looks at."""

EXPIRY = "jobs/index/expiry/"
"""An object for each job and upload, in the order in which they expire; it names the claim, if there is one."""

CLAIMS = "jobs/index/keys/"
"""An object for each Idempotency-Key."""

SWEEP = "jobs/index/sweep.json"


def folder(job_id: str) -> str:
    """The prefix of everything of a job except for its entries in the indexes."""
    return f"jobs/{job_id}/"


def record(job_id: str) -> str:
    """The job's state, as `Job.to_bytes` writes it."""
    return f"jobs/{job_id}/job.json"


def plan(job_id: str) -> str:
    """The plan of the job's chunks."""
    return f"jobs/{job_id}/plan.json"


def upload(job_id: str) -> str:
    """The uploaded file as CSV."""
    return f"jobs/{job_id}/input.csv"


def rates(job_id: str) -> str:
    """The save rates that were measured of a campaign's offers, if there are any: megabytes where words are many."""
    return f"jobs/{job_id}/rates.json"


def challenger_rates(job_id: str) -> str:
    """The same of the offers of a second list that is tried on the campaign."""
    return f"jobs/{job_id}/challenger_rates.json"


def raw(kind: str) -> str:
    """The kind of a file with unchanged ids; it exists only if some of them are changed to be safe in spreadsheets."""
    return f"{kind}_raw"


def file(job_id: str, kind: str) -> str:
    """A result file; `kind` is results or errors, or `raw` of them."""
    return f"jobs/{job_id}/{kind}.csv"


def chunks(job_id: str) -> str:
    """The prefix of the chunks' parts."""
    return f"jobs/{job_id}/chunks/"


def chunk(job_id: str, number: int, kind: str) -> str:
    """A chunk's part of a result file."""
    return f"{chunks(job_id)}{number:06d}.{kind}.csv"


def tracked(job_id: str, number: int) -> str:
    """What a chunk leaves in a table of tracking."""
    return f"{chunks(job_id)}{number:06d}.tracked.parquet"


def scored(job_id: str, number: int) -> str:
    """What a campaign is planned from: a chunk's customers with their probabilities and values."""
    return f"{chunks(job_id)}{number:06d}.scored.parquet"


def considered(job_id: str) -> str:
    """Which of its customers a campaign may choose, decided once."""
    return f"{chunks(job_id)}considered.bin"


def faults(job_id: str, number: int) -> str:
    """How often a chunk's rows had which faults."""
    return f"{chunks(job_id)}{number:06d}.faults.json"


def chunk_at_risk(job_id: str, number: int) -> str:
    """The sums of a chunk's customers at risk."""
    return f"{chunks(job_id)}{number:06d}.at_risk.json"


def at_risk(job_id: str) -> str:
    """The sums of a job's customers at risk, until they are kept as those of the day."""
    return f"jobs/{job_id}/at_risk.json"


def done(job_id: str) -> str:
    """The prefix of the marks of finished chunks; a mark's name contains the chunk's number and counts of rows."""
    return f"jobs/{job_id}/done/"


def attempts(job_id: str) -> str:
    """The prefix of the leases of the job's steps."""
    return f"jobs/{job_id}/attempts/"


def attempt(job_id: str, step: str) -> str:
    """The lease of a step, with the number of its attempts."""
    return f"{attempts(job_id)}{step}.json"


def newest(job_id: str) -> str:
    """The job's entry in NEWEST."""
    return NEWEST[kind_of(job_id)] + complement(job_id)


def of_newest(key: str, kind: Kind) -> str:
    """The job's id by an entry of this kind in NEWEST."""
    return of_complement(key.removeprefix(NEWEST[kind]), kind)


def active(job_id: str) -> str:
    """The job's entry in ACTIVE."""
    return ACTIVE + job_id


def expiry(job_id: str, moment: datetime) -> str:
    """The entry in EXPIRY of a job or an upload that expires at this moment."""
    return f"{EXPIRY}{int(moment.timestamp()):0{_SECONDS_DIGITS}d}_{job_id}"


def of_expiry(key: str) -> tuple[str, datetime] | None:
    """The job's id and the moment at which it expires, by an entry of EXPIRY; None for any other key."""
    seconds, _, job_id = key.removeprefix(EXPIRY).partition("_")
    if not (is_id(job_id) and seconds.isascii() and seconds.isdigit() and len(seconds) == _SECONDS_DIGITS):
        return None
    try:
        return job_id, datetime.fromtimestamp(int(seconds), UTC)
    except ValueError:  # beyond the last year that datetime has
        return None


def claim(idempotency_key: str, caller: str | None = None, kind: Kind = JOB) -> str:
    """The claim of an Idempotency-Key, which belongs to one caller: the name of an API key, None without keys.

    The same key may stand for one job of each kind.
    """
    owner = [*([] if kind == JOB else [kind]), *([] if caller is None else [caller])]
    owned = json.dumps([*owner, idempotency_key]) if owner else idempotency_key
    return f"{CLAIMS}{hashlib.sha256(owned.encode()).hexdigest()}.json"
