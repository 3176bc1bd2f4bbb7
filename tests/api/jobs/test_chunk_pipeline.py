"""Spans of chunks: left where the time is over, and written as they come where nearly everything is refused."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from churn.errors import StoreUnavailable
from churn.job_states import IN_PROGRESS
from churn_api.jobs import chunk_pipeline, paths
from churn_api.jobs.chunk_pipeline import ChunkPipeline
from churn_api.jobs.csv import chunk_scorer
from churn_api.jobs.csv.chunk_scorer import ChunkScorer
from churn_api.jobs.job import Progress
from churn_api.jobs.plan import Plan
from churn_api.jobs.release_cache import ReleaseCache


def begun(bench: Any, data: bytes) -> tuple[Any, Plan, ChunkPipeline]:
    """A job whose chunks are to be scored."""
    bench.queue.steps.clear()
    job = bench.submit(data)
    bench.take()
    assert bench.status(job) == IN_PROGRESS
    plan = Plan.from_bytes(bench.store.get(paths.plan(job.id)).data)
    return (
        bench.repository.load(job.id),
        plan,
        ChunkPipeline(bench.repository, ReleaseCache(bench.store), bench.metrics),
    )


def test_chunks_that_give_way_to_others_are_left_to_another_step(
    bench: Any, many_customers: Callable[[int], bytes]
) -> None:
    job, plan, scorer = begun(bench, many_customers(8_000))
    numbers = list(range(len(plan.chunks)))
    assert len(numbers) > 3
    # The first is done whoever waits, or nothing ever would be.
    assert scorer.score(job, plan, numbers, enough=lambda: True) == numbers[:1]
    assert list(bench.repository.done(job.id)) == numbers[:1]
    assert scorer.score(job, plan, numbers[1:]) == numbers[1:]
    assert list(bench.repository.done(job.id)) == numbers


def test_a_smaller_job_that_comes_meanwhile_ends_the_span(bench: Any, many_customers: Callable[[int], bytes]) -> None:
    job, plan, scorer = begun(bench, many_customers(8_000))
    waits = iter([False, False, True])
    assert scorer.score(job, plan, range(len(plan.chunks)), enough=lambda: next(waits)) == [0, 1, 2]


def test_a_chunk_that_takes_long_gives_way_in_its_middle_but_not_for_ever(
    bench: Any, many_customers: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, plan, scorer = begun(bench, many_customers(8_000))
    numbers = list(range(len(plan.chunks)))
    monkeypatch.setattr(chunk_pipeline, "_PATIENCE_SECONDS", 0.0)
    assert [scorer.score(job, plan, numbers, enough=lambda: True) for _ in range(2)] == [[], [0]]
    waits = iter([False, False, True])  # within the first, before the second, and within it
    assert scorer.score(job, plan, numbers, enough=lambda: next(waits)) == [0]


def test_two_large_jobs_are_both_done_while_small_ones_keep_coming(
    bench: Any, mixed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk_pipeline, "_PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(chunk_scorer, "_SLICE", 500)
    (first, plan, scorer), (second, _, _) = begun(bench, mixed), begun(bench, mixed)
    open_jobs, turns = [first, second], 0
    while open_jobs and turns < 50:
        turns += 1
        job = open_jobs.pop(0)
        if scorer.score(job, plan, [0], enough=lambda: True) == []:
            open_jobs.append(job)
    assert 3 < turns < 50  # the one goes to its end, since the other is kept, which then goes on where it was left


def test_another_chunk_of_the_job_waits_for_the_one_that_was_interrupted(
    bench: Any, many_customers: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each gives way to small jobs all the same, and both are done while small ones keep coming."""
    monkeypatch.setattr(chunk_pipeline, "_PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(chunk_scorer, "_SLICE", 500)
    job, plan, scorer = begun(bench, many_customers(8_000))
    open_chunks, done, turns = [0, 1], [], 0
    while open_chunks and turns < 50:
        turns += 1
        number = open_chunks.pop(0)
        done += scorer.score(job, plan, [number], enough=lambda: True)
        if number not in done:
            open_chunks.append(number)
    assert done == [0, 1]
    assert turns > 4


@pytest.mark.parametrize("why", ["cancelled", "deleted", "old", "done elsewhere"])
def test_a_chunk_that_nobody_will_go_on_with_is_not_kept(
    bench: Any, mixed: bytes, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    monkeypatch.setattr(chunk_pipeline, "_PATIENCE_SECONDS", 0.0)
    (left, plan, scorer), (other, _, _) = begun(bench, mixed), begun(bench, mixed)
    for job in (left, other):  # the second goes to its end
        scorer.score(job, plan, [0], enough=lambda: True)
    assert scorer._left.job_id == left.id
    match why:
        case "cancelled":
            bench.job_service.cancel(left.id)
        case "deleted":
            bench.repository.clear(left.id, left.expires)
        case "old":
            monkeypatch.setattr(chunk_pipeline, "_KEPT_SECONDS", 0.0)
        case "done elsewhere":
            bench.repository.mark_done(left.id, 0, Progress(4_000, 0))
    scorer.score(other, plan, [1])
    assert scorer._left is None


@pytest.mark.parametrize("held_bytes", [1 << 20, 10])
def test_a_chunk_goes_on_where_it_was_left(
    bench: Any, mixed: bytes, monkeypatch: pytest.MonkeyPatch, held_bytes: int
) -> None:
    undisturbed, job = bench.submit(mixed), bench.submit(mixed)
    bench.drain()
    scored = []
    whole = ChunkScorer._score

    def counted(self: ChunkScorer, part: slice, assuming: Any) -> list[int]:
        scored.append(part.start)
        return whole(self, part, assuming)

    for where, name, value in (
        (chunk_pipeline, "_PATIENCE_SECONDS", 0.0),
        (chunk_pipeline, "_HELD_BYTES", held_bytes),
        (chunk_scorer, "_SLICE", 500),
        (ChunkScorer, "_score", counted),
    ):
        monkeypatch.setattr(where, name, value)
    job, plan, scorer = begun(bench, mixed)
    interruptions = 0
    while scorer.score(job, plan, [0], enough=lambda: True) == []:
        interruptions += 1
    assert interruptions == len(scored) == len(set(scored)) > 2
    for kind in ("results", "errors"):
        part = bench.store.get(paths.chunk(job.id, 0, kind)).data
        assert part
        assert bench.file(undisturbed, kind).startswith(part)


@pytest.fixture
def mixed(many_customers: Callable[[int], bytes]) -> bytes:
    """Rows that are whole, that lack a field, and that are refused."""
    head, *rows = many_customers(4_000).splitlines()
    for place in range(0, len(rows), 3):
        rows[place] = rows[place].replace(b",Yes,", b",,", 1)
        rows[place + 1 : place + 2] = [rows[place].replace(b"ROW,", b"ROW,nobody", 1)]
    return b"\n".join([head, *rows])


def test_what_is_written_of_a_chunk_that_gives_way_is_not_taken_for_whole(
    bench: Any, shifted: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, plan, scorer = begun(bench, shifted)
    for name, value in (("_PATIENCE_SECONDS", 0.0), ("_HELD_BYTES", 10)):
        monkeypatch.setattr(chunk_pipeline, name, value)
    assert scorer.score(job, plan, [0], enough=lambda: True) == []
    assert not list(bench.store.list(paths.chunks(job.id)))
    assert bench.repository.done(job.id) == {}


def test_a_job_that_is_cancelled_meanwhile_ends_the_span(bench: Any, many_customers: Callable[[int], bytes]) -> None:
    job, plan, scorer = begun(bench, many_customers(8_000))
    bench.job_service.cancel(job.id)
    assert scorer.score(job, plan, range(len(plan.chunks))) == [0]


@pytest.fixture
def shifted(many_customers: Callable[[int], bytes]) -> bytes:
    """A table whose columns are shifted by one, as any export gets wrong now and then. The first of its 8,001 rows is
    whole, or the upload would be refused at once."""
    head, *rows = many_customers(8_000).splitlines()
    return b"\n".join([head, rows[0], *(row.partition(b",")[2] + b"," for row in rows)])


def test_what_is_refused_throughout_is_written_as_it_comes(
    bench: Any, shifted: bytes, rows_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk_pipeline, "_HELD_BYTES", 10_000)
    put, write, sizes = bench.store.put, bench.store.write, []

    def watched(key: str, pieces: Iterable[bytes], **options: Any) -> None:
        sizes.append(key)
        write(key, pieces, **options)

    monkeypatch.setattr(bench.store, "write", watched)
    monkeypatch.setattr(bench.store, "put", lambda key, data, **options: _small(put, key, data, **options))
    job = bench.submit(shifted)
    bench.drain()
    shown = bench.job_service.get(job.id)
    assert (shown["status"], shown["request_counts"]) == (
        "completed",
        {"total": 8_001, "completed": 1, "failed": 8_000},
    )
    errors = rows_of(bench.file(job, "errors"))
    assert [int(row) for row in dict.fromkeys(error["row"] for error in errors)] == list(range(2, 8_002))
    assert len([key for key in sizes if ".errors." in key]) >= job.chunks - 1 > 3
    assert [row["row"] for row in rows_of(bench.file(job, "results"))] == ["1"]


def _small(put: Callable[..., str], key: str, data: bytes, **options: Any) -> str:
    """Write an object, none of which may be a chunk's errors all in one piece."""
    assert ".errors." not in key or len(data) <= 10_000
    return put(key, data, **options)


def test_errors_that_cannot_be_written_are_written_again(
    bench: Any, shifted: bytes, rows_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk_pipeline, "_HELD_BYTES", 10_000)
    write, failures = bench.store.write, [StoreUnavailable("here", "a test")]

    def failing(key: str, pieces: Iterable[bytes], **options: Any) -> None:
        if ".errors." in key and failures:
            next(iter(pieces))
            raise failures.pop()
        write(key, pieces, **options)

    monkeypatch.setattr(bench.store, "write", failing)
    job, plan, scorer = begun(bench, shifted)
    with pytest.raises(StoreUnavailable):
        scorer.score(job, plan, range(job.chunks))
    assert list(bench.repository.done(job.id)) == []
    bench.drain()
    assert len({error["row"] for error in rows_of(bench.file(job, "errors"))}) == 8_000
