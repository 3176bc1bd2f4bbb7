"""Joining the chunks' parts into a job's files."""

from collections.abc import Mapping

from churn.store import ObjectStore
from churn_api.jobs import keys
from churn_api.jobs.files import CSV, ERROR_COLUMNS, RESULT_COLUMNS, header
from churn_api.jobs.record import Progress


def join(store: ObjectStore, job_id: str, done: Mapping[int, Progress]) -> None:
    """Write the results and the errors of a job, all of whose chunks are done."""
    parts = {entry.key for entry in store.list(keys.chunks(job_id))}
    results = [number for number in sorted(done) if number == 0 or done[number].completed]
    errors = [number for number in sorted(done) if number == 0 or done[number].failed]
    for kind, numbers, columns in (("results", results, RESULT_COLUMNS), ("errors", errors, ERROR_COLUMNS)):
        _join(store, job_id, kind, [keys.chunk(job_id, number, kind) for number in numbers], header(columns))
        raw = [keys.chunk(job_id, number, keys.raw(kind)) for number in numbers]
        if not parts.isdisjoint(raw):
            names = [
                name if name in parts else keys.chunk(job_id, number, kind)
                for name, number in zip(raw, numbers, strict=True)
            ]
            _join(store, job_id, keys.raw(kind), names, header(columns))


def _join(store: ObjectStore, job_id: str, kind: str, names: list[str], head: bytes) -> None:
    """Without chunks there is the header alone."""
    if names:
        store.concatenate(keys.file(job_id, kind), names, content_type=CSV)
    else:
        store.put(keys.file(job_id, kind), head, content_type=CSV)
