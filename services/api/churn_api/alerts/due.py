"""The mark of a job whose customers are still to be looked at, which the job's last step writes."""

import json
from datetime import datetime
from typing import NamedTuple

from churn.alerts import layout
from churn.store.interface import ObjectStore


class Due(NamedTuple):
    """A completed scoring job whose customers are still to be looked at."""

    job: str
    moment: datetime
    filename: str | None
    model_version: str
    prefix: str
    """Of its files in the table of predictions."""


def read_due(store: ObjectStore, key: str) -> Due:
    """Raises ObjectNotFound, and ValueError, LookupError or TypeError of what is no such mark."""
    told = json.loads(store.get(key).data)
    job = key.removeprefix(layout.DUE).removesuffix(".json")
    return Due(
        job, datetime.fromisoformat(told["moment"]), told["filename"], str(told["model_version"]), str(told["prefix"])
    )
