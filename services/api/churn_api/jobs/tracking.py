"""What is kept of a job's predictions beyond its life: the rows with an id, and how many were refused, and why.

Both are named after the job, so that whoever writes them again writes the same.
"""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from churn.overlap import overlapped
from churn.store.interface import ObjectStore
from churn.tracking.layout import PREDICTIONS, REFUSED, month_of
from churn_api.jobs import paths
from churn_api.jobs.job import Job, Progress
from churn_api.jobs.job_metrics import ChunkStats
from churn_api.jobs.repository import total

JSON = "application/json"
PARQUET = "application/vnd.apache.parquet"

_AT_ONCE = 4


def moment_of(job: Job) -> datetime:
    """The moment at which a job's predictions count as made: when it was started, or the day that was asked for."""
    as_of = job.options.get("as_of")
    return datetime.fromisoformat(as_of or job.started_at or job.created_at).replace(tzinfo=UTC)


def keep_chunk(store: ObjectStore, job_id: str, number: int, part: bytes | None, tally: ChunkStats) -> None:
    """Write what will be kept of a chunk once its job is completed."""
    if part is not None:
        store.put(paths.tracked(job_id, number), part, content_type=PARQUET)
    if tally.faults:
        named = [(field if field in tally.fault_names else "other", code) for field, code in tally.faults.elements()]
        faults = Counter(f"{field}:{code}" for field, code in named)
        store.put(paths.faults(job_id, number), json.dumps(faults).encode(), content_type=JSON)


def keep(store: ObjectStore, job: Job, done: Mapping[int, Progress]) -> None:
    """Keep what the chunks of a job, all of which are done, have left for it.

    Chunks by workers of the version before have left nothing.
    """
    moment, rows = moment_of(job), total(done.values())
    held = {entry.key for entry in store.list(paths.chunks(job.id))}
    parts = [number for number in sorted(done) if paths.tracked(job.id, number) in held]
    copies = (
        partial(store.concatenate, _part(job, number), [paths.tracked(job.id, number)], content_type=PARQUET)
        for number in parts
    )
    for _ in overlapped(copies, _AT_ONCE):
        pass
    reads = (partial(store.get, key) for number in sorted(done) if (key := paths.faults(job.id, number)) in held)
    faults: Counter[str] = Counter()
    for found in overlapped(reads, _AT_ONCE):
        faults.update(json.loads(found.data))
    told = {"at": moment.isoformat(), "rows": sum(rows), "refused": rows.failed, "faults": faults}
    store.put(_refused(job), json.dumps(told).encode(), content_type=JSON)


def drop(store: ObjectStore, job: Job) -> None:
    """Keep nothing of a job that was not completed."""
    kept = [entry.key for entry in store.list(_parts(job))]
    store.delete([*kept, _refused(job)])


def _parts(job: Job) -> str:
    return f"{PREDICTIONS}{month_of(moment_of(job))}{job.id}-"


def _part(job: Job, number: int) -> str:
    return f"{_parts(job)}{number:06d}.parquet"


def _refused(job: Job) -> str:
    return f"{REFUSED}{month_of(moment_of(job))}{job.id}.json"
