"""Joining the chunks' parts into a job's files."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from churn.overlap import overlapped
from churn.store.interface import ObjectStore
from churn_api.jobs import paths
from churn_api.jobs.csv.result_files import CSV, ERROR_COLUMNS, header, result_columns
from churn_api.jobs.ids import JOB, kind_of
from churn_api.jobs.job import Progress
from churn_api.jobs.options import DEFAULTS, JobOptions

# No line of the results is as long.
_LINE_BYTES = 4096
_AT_ONCE = 4


def join(store: ObjectStore, job_id: str, done: Mapping[int, Progress], options: JobOptions = DEFAULTS) -> None:
    """Write the errors of a job with these options, all of whose chunks are done, and results where it has any."""
    parts = {entry.key for entry in store.list(paths.chunks(job_id))}
    errors = [number for number in sorted(done) if number == 0 or done[number].failed]
    files: list[tuple[str, list[int], Sequence[str]]] = [("errors", errors, ERROR_COLUMNS)]
    if kind_of(job_id) == JOB:
        results = [number for number in sorted(done) if number == 0 or done[number].completed]
        written = result_columns(options)
        _fill_up(store, [paths.chunk(job_id, number, "results") for number in results], written)
        files.append(("results", results, written))
    for kind, numbers, columns in files:
        plain = [paths.chunk(job_id, number, kind) for number in numbers]
        _join(store, paths.file(job_id, kind), plain, header(columns))
        raw = [paths.chunk(job_id, number, paths.raw(kind)) for number in numbers]
        if not parts.isdisjoint(raw):
            names = [own if own in parts else other for own, other in zip(raw, plain, strict=True)]
            _join(store, paths.file(job_id, paths.raw(kind)), names, header(columns))


def _join(store: ObjectStore, key: str, names: Sequence[str], head: bytes) -> None:
    """Without chunks there is the header alone."""
    if names:
        store.concatenate(key, names, content_type=CSV)
    else:
        store.put(key, head, content_type=CSV)


def _fill_up(store: ObjectStore, names: Sequence[str], columns: Sequence[str]) -> None:
    """Give parts by workers of the version before, which did not tell how much was assumed, a last column of blanks."""
    starts = overlapped((partial(store.fetch, name, start=0, end=_LINE_BYTES) for name in names), _AT_ONCE)
    for name, start in zip(names, starts, strict=True):
        line = start.partition(b"\n")[0].decode("utf-8", "replace")
        if len(next(csv.reader([line]), columns)) == len(columns) - 1:
            store.write(name, _filled(store.read(name), header(columns)), content_type=CSV)


def _filled(pieces: Iterator[bytes], head: bytes) -> Iterator[bytes]:
    older = head.rpartition(b",")[0] + b"\n"
    for piece in pieces:
        if piece.startswith(older):
            yield head
            piece = piece[len(older) :]
        yield piece.replace(b"\n", b",\n")
