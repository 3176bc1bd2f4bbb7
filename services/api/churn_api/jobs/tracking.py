"""What is kept of a job beyond its life: its outcomes, or the predictions of customers with an id, and who was refused.

All of it is named after the job, so that whoever writes them again writes the same.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from churn.alerts import layout as alerts
from churn.overlap import overlapped
from churn.store.interface import ObjectStore
from churn.tracking import layout
from churn_api.jobs import day_sums, paths
from churn_api.jobs.ids import OUTCOMES
from churn_api.jobs.job import Job, Progress
from churn_api.jobs.job_metrics import ChunkStats
from churn_api.jobs.repository import JSON, total

PARQUET = "application/vnd.apache.parquet"

_AT_ONCE = 4


def moment_of(job: Job) -> datetime:
    """The moment at which outcomes were received, or at which predictions count as made.

    Predictions are made when the job is started, or on the day that was asked for.
    """
    if job.kind == OUTCOMES:
        return datetime.fromisoformat(job.created_at)
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
    if tally.at_risk:
        day_sums.keep_chunk(store, job_id, number, tally.at_risk)


def keep(store: ObjectStore, job: Job, done: Mapping[int, Progress]) -> None:
    """Keep what the chunks of a job, all of which are done, have left for it.

    Chunks by workers of the version before have left nothing.
    """
    if job.kind == OUTCOMES:
        _copy(store, job, [number for number in sorted(done) if done[number].completed])
        return
    moment, rows = moment_of(job), total(done.values())
    held = {entry.key for entry in store.list(paths.chunks(job.id))}
    _copy(store, job, [number for number in sorted(done) if paths.tracked(job.id, number) in held])
    reads = (partial(store.get, key) for number in sorted(done) if (key := paths.faults(job.id, number)) in held)
    faults: Counter[str] = Counter()
    for found in overlapped(reads, _AT_ONCE):
        faults.update(json.loads(found.data))
    told = {"at": moment.isoformat(), "rows": sum(rows), "refused": rows.failed, "faults": faults}
    store.put(_refused(job), json.dumps(told).encode(), content_type=JSON)
    day_sums.gather(store, job, moment, done, held)
    _mark(store, job, moment)


def _copy(store: ObjectStore, job: Job, numbers: Sequence[int]) -> None:
    """Copy the parts of these chunks to where they are kept. Raises ObjectNotFound."""
    copies = (
        partial(store.concatenate, _part(job, number), [paths.tracked(job.id, number)], content_type=PARQUET)
        for number in numbers
    )
    for _ in overlapped(copies, _AT_ONCE):
        pass


def drop(store: ObjectStore, job: Job) -> None:
    """Keep nothing of a job that was not completed."""
    kept = [entry.key for entry in store.list(_parts(job))]
    store.delete([*kept, _refused(job), alerts.due(job.id), paths.at_risk(job.id)])


def _mark(store: ObjectStore, job: Job, moment: datetime) -> None:
    """Leave word that the customers of a job are to be looked at, once it is completed, for alerts."""
    told = {"moment": moment.isoformat(), "filename": job.filename, "model_version": job.model_version}
    store.put(alerts.due(job.id), json.dumps(told | {"prefix": _parts(job)}).encode(), content_type=JSON)


def _parts(job: Job) -> str:
    table = layout.OUTCOMES if job.kind == OUTCOMES else layout.PREDICTIONS
    return f"{table}{layout.month_of(moment_of(job))}{job.id}-"


def _part(job: Job, number: int) -> str:
    return f"{_parts(job)}{number:06d}.parquet"


def _refused(job: Job) -> str:
    return f"{layout.REFUSED}{layout.month_of(moment_of(job))}{job.id}.json"
