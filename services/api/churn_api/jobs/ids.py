"""The ids of jobs, which tell what kind of job it is.

An id is "job_" for customers that are scored, "out_" for outcomes that are taken in, or "cam_" for a campaign that is
planned, and a ULID, so ids of a kind sort by their time.
"""

import re
from datetime import datetime
from typing import Literal

from churn import ulid

_COMPLEMENT = str.maketrans(ulid.ALPHABET, ulid.ALPHABET[::-1])
_PREFIX_LENGTH = 4

Kind = Literal["job", "outcomes", "campaign"]
"""What a job does with its rows: score them as customers, take them in as outcomes, or plan a campaign over them."""

JOB: Kind = "job"
OUTCOMES: Kind = "outcomes"
CAMPAIGN: Kind = "campaign"
_PREFIXES: dict[Kind, str] = {JOB: "job_", OUTCOMES: "out_", CAMPAIGN: "cam_"}
_KINDS = {prefix: kind for kind, prefix in _PREFIXES.items()}


def pattern(kind: Kind) -> str:
    """The ids of a kind, as a regular expression for Python and JSON Schema alike."""
    return _PREFIXES[kind] + ulid.PATTERN


is_id = re.compile("|".join(map(pattern, _PREFIXES))).fullmatch


def kind_of(job_id: str) -> Kind:
    """What kind of job has this id."""
    return _KINDS.get(job_id[:_PREFIX_LENGTH], JOB)


def new_id(moment: datetime, kind: Kind = JOB) -> str:
    """A new id for a job of this kind that is created at this moment."""
    return _PREFIXES[kind] + ulid.new(moment)


def created(job_id: str) -> datetime:
    """The moment in an id, in UTC, to the millisecond."""
    return ulid.created(job_id[_PREFIX_LENGTH:])


def complement(job_id: str) -> str:
    """A text that sorts the other way round: the newer the job, the earlier it comes."""
    return job_id[_PREFIX_LENGTH:].translate(_COMPLEMENT)


def of_complement(text: str, kind: Kind = JOB) -> str:
    """The id of this kind that has this complement."""
    return _PREFIXES[kind] + text.translate(_COMPLEMENT)
