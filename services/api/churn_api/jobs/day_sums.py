"""The sums of a job's customers at risk: made chunk by chunk, and kept as those of the day once it is completed.

A job that was cancelled at the last moment must not count, and a day's sums cannot be taken back. So they wait in the
job's folder until its record says how it ended; whoever tidies up after the job finds them there.
"""

import json
from collections.abc import Mapping, Set
from datetime import datetime
from functools import partial

from churn.errors import ObjectNotFound
from churn.overlap import overlapped
from churn.store.interface import ObjectStore
from churn.tracking import daily
from churn.tracking.daily import AtRisk, Run
from churn_api.jobs import paths
from churn_api.jobs.job import Job, Progress
from churn_api.jobs.repository import JSON, total

_AT_ONCE = 4


def keep_chunk(store: ObjectStore, job_id: str, number: int, sums: AtRisk) -> None:
    """Write the sums of a chunk."""
    store.put(paths.chunk_at_risk(job_id, number), json.dumps(sums).encode(), content_type=JSON)


def gather(store: ObjectStore, job: Job, moment: datetime, done: Mapping[int, Progress], held: Set[str]) -> None:
    """Add up the chunks of a job whose customers count as scored at this moment; `held` are the keys of its parts.

    Chunks by workers of the version before have no sums, and the others alone would be too few.
    """
    keys = [paths.chunk_at_risk(job.id, number) for number in sorted(done)]
    if not held >= set(keys):
        return
    reads = overlapped((partial(store.get, key) for key in keys), _AT_ONCE)
    sums = daily.merged(json.loads(found.data) for found in reads)
    if sums is None:
        return
    run: Run = {
        **sums,
        "segments": daily.shortened(sums["segments"]),
        "job": job.id,
        "filename": job.filename,
        "at": moment.isoformat(),
        "release": job.model_version,
        "refused": total(done.values()).failed,
    }
    store.put(paths.at_risk(job.id), json.dumps(run).encode(), content_type=JSON)


def publish(store: ObjectStore, job_id: str) -> None:
    """Keep the sums of a completed job as those of its day, unless that has been done."""
    key = paths.at_risk(job_id)
    try:
        run: Run = json.loads(store.get(key).data)
    except ObjectNotFound:
        return
    daily.keep(store, run)
    store.delete([key])
