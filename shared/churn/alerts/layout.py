"""The keys of alerts in the store."""

ROOT = "alerts/"

RECORD = f"{ROOT}alerts.json"
"""What the last evaluation found and which digests there are; changed by compare-and-swap."""

RULES = f"{ROOT}rules.json"
"""The rules, where they are not the built-in ones."""

STATE = f"{ROOT}state/"
"""What is remembered of each customer, as `churn.alerts.state` writes it, by generation."""

DUE = f"{ROOT}due/"
"""An object for each job whose customers are still to be looked at."""

DIGEST = "alr_"
"""What a digest's id begins with; a ULID follows, as in those of jobs."""


def state(generation: str, part: int) -> str:
    """A part of the state as a generation has written it."""
    return f"{STATE}{generation}/{part:02d}.parquet"


def due(job_id: str) -> str:
    """The mark of a job whose customers are still to be looked at."""
    return f"{DUE}{job_id}.json"


def digest(digest_id: str) -> str:
    """The customers of a digest as JSON, with their ids as they came."""
    return f"{ROOT}{digest_id}.json"


def digest_list(digest_id: str) -> str:
    """The customers of a digest as a CSV that is harmless to spreadsheets."""
    return f"{ROOT}{digest_id}.csv"


def digest_of(key: str) -> str | None:
    """The id of the digest whose customers are under this key; None for any other key."""
    name = key.removeprefix(ROOT).removesuffix(".json")
    return name if name.startswith(DIGEST) and key == digest(name) else None
