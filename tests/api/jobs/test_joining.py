"""Joining what the workers of two versions wrote."""

from collections.abc import Callable
from typing import Any

import pytest

from churn.store.interface import ObjectStore
from churn_api.jobs import paths
from churn_api.jobs.csv.result_files import CSV, ERROR_COLUMNS, RESULT_COLUMNS, header
from churn_api.jobs.job import Progress
from churn_api.jobs.joining import join


def finished_chunks(bench: Any, data: bytes) -> Any:
    """A job of whose steps only the last one is still to be taken."""
    job = bench.submit(data)
    while bench.queue.steps[0][0] != "finish":
        bench.take()
    return job


def as_before(bench: Any, key: str) -> None:
    """Make of a part what the version before wrote: the last column was not there."""
    lines = bench.store.get(key).data.splitlines()
    assert len(lines) > 2
    older = b"".join(line.rpartition(b",")[0] + b"\n" for line in lines)
    bench.store.put(key, older, content_type=CSV)


def test_parts_of_two_versions_make_one_table(bench: Any, many_customers: Callable[[int], bytes], rows_of: Any) -> None:
    job = finished_chunks(bench, many_customers(8_000).replace(b"0000001-ROW", b'"a,b"'))
    assert job.chunks > 3
    for number in (0, 2):
        as_before(bench, paths.chunk(job.id, number, "results"))
    bench.drain()
    lines = bench.file(job, "results").splitlines()
    assert lines[0].endswith(b",reason_3,assumed")
    found = rows_of(bench.file(job, "results"))
    assert [int(row["row"]) for row in found] == list(range(1, 8_001))
    assert {(len(row), row["risk_band"] in ("low", "medium", "high")) for row in found} == {(9, True)}
    assert {row["assumed"] for row in found} == {"", "0"}
    assert found[0]["assumed"] == "" != found[-1]["assumed"]


def test_parts_of_this_version_are_not_written_again(
    bench: Any, many_customers: Callable[[int], bytes], monkeypatch: Any
) -> None:
    job = finished_chunks(bench, many_customers(3_000))
    written: list[str] = []
    write = bench.store.write

    def watched(key: str, *rest: Any, **more: Any) -> None:
        written.append(key)
        write(key, *rest, **more)

    monkeypatch.setattr(bench.store, "write", watched)
    bench.drain()
    assert [key for key in written if "/chunks/" in key] == []
    assert bench.status(job) == "completed"


@pytest.mark.parametrize(
    ("done", "results", "errors"),
    [
        ({0: Progress(0, 2), 1: Progress(2, 0)}, b"01", b"0"),
        ({0: Progress(2, 0), 1: Progress(0, 2)}, b"0", b"01"),
        ({0: Progress(1, 1), 1: Progress(1, 1), 2: Progress(0, 1)}, b"01", b"012"),
    ],
)
def test_the_first_part_is_always_taken_for_its_header(
    store: ObjectStore, done: dict[int, Progress], results: bytes, errors: bytes
) -> None:
    """And of the others those that have rows; what a part without any may hold is left."""
    job_id = "job_01M84KPDKZW7V5C93XAXV63NMC"
    for number in done:
        for kind in ("results", "errors"):
            store.put(paths.chunk(job_id, number, kind), b"%d" % number, content_type=CSV)
    join(store, job_id, done)
    assert store.get(paths.file(job_id, "results")).data == results
    assert store.get(paths.file(job_id, "errors")).data == errors


def test_a_job_without_rows_has_two_headers(store: ObjectStore) -> None:
    join(store, "job_01M84KPDKZW7V5C93XAXV63NMC", {})
    for kind, columns in (("results", RESULT_COLUMNS), ("errors", ERROR_COLUMNS)):
        assert store.get(paths.file("job_01M84KPDKZW7V5C93XAXV63NMC", kind)).data == header(columns)
