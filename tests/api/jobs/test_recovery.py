"""What a lost queue, a dead worker or a poisoned chunk does to a job, and what the sweep makes of it."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from churn.errors import StoreUnavailable
from churn_api.jobs import chunk_pipeline, leases, paths, recovery
from churn_api.jobs.leases import LEASE_SECONDS, MAX_DEATHS, Attempt, KeepsFailing, begin, declare_lost
from churn_api.jobs.recovery import Sweeper

Make = Callable[[int], bytes]


@pytest.fixture
def dead_process() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def held_by(bench: Any, job_id: str, step: str, **changes: Any) -> None:
    """Write an attempt as another process left it."""
    attempt = Attempt(1, "another-host", 1, "1")
    key = paths.attempt(job_id, step)
    bench.store.put(key, replace(attempt, **changes).to_bytes(), content_type="application/json")


def test_a_wiped_queue_costs_a_sweep_and_nothing_else(bench: Any, many_customers: Make) -> None:
    twin, job = bench.submit(many_customers(4_000)), bench.submit(many_customers(4_000))
    for wiped_after in range(8):
        for _ in range(min(wiped_after, len(bench.queue.steps))):
            bench.take()
        bench.queue.steps.clear()
        bench.clock.pass_by(seconds=1)
        bench.sweeper.sweep()
    bench.drain()
    bench.sweeper.sweep()
    assert bench.queue.steps == []
    assert bench.status(job) == bench.status(twin) == "completed"
    assert bench.file(job, "results") == bench.file(twin, "results")
    assert bench.metrics.rows.completed == 8_000


def test_a_queue_that_is_away_keeps_nobody_from_submitting(bench: Any, many_customers: Make) -> None:
    bench.queue.away = True
    job = bench.submit(many_customers(500))
    bench.sweeper.sweep()
    assert bench.status(job) == "queued"
    bench.queue.away = False
    bench.sweeper.sweep()
    bench.drain()
    assert bench.status(job) == "completed"


def test_what_waits_in_the_queue_is_not_sent_twice(bench: Any, many_customers: Make) -> None:
    bench.submit(many_customers(4_000))
    bench.take()
    waiting = list(bench.queue.steps)
    for _ in range(3):
        bench.sweeper.sweep()
    assert bench.queue.steps == waiting


def test_the_sweep_counts_the_jobs_that_are_not_finished(bench: Any, many_customers: Make) -> None:
    bench.submit(many_customers(10))
    bench.submit(many_customers(10))
    bench.sweeper.sweep()
    assert bench.metrics.active == 2
    bench.drain()
    bench.sweeper.sweep()
    assert bench.metrics.active == 0


def test_a_step_that_somebody_is_at_is_left_to_him(bench: Any, many_customers: Make) -> None:
    job = bench.submit(many_customers(10))
    bench.take()
    held_by(bench, job.id, "000000")
    bench.take()
    assert bench.status(job) == "in_progress"
    bench.sweeper.sweep()
    assert bench.queue.steps == []


def test_a_step_of_a_dead_process_of_this_host_is_taken_over_at_once(
    bench: Any, many_customers: Make, dead_process: int
) -> None:
    job = bench.submit(many_customers(10))
    bench.take()
    bench.queue.steps.clear()
    held_by(bench, job.id, "000000", host=socket.gethostname(), process=dead_process)
    bench.sweeper.sweep()
    bench.drain()
    assert bench.status(job) == "completed"


def test_a_process_that_got_a_dead_ones_number_is_not_taken_for_it(bench: Any, many_customers: Make) -> None:
    job = bench.submit(many_customers(10))
    bench.take()
    held_by(bench, job.id, "000000", host=socket.gethostname(), process=os.getpid(), began="1")
    bench.drain()
    assert bench.status(job) == "completed"


def test_a_lease_that_nobody_renews_is_declared_lost_once(bench: Any, many_customers: Make) -> None:
    job = bench.submit(many_customers(10))
    bench.take()
    bench.queue.steps.clear()
    held_by(bench, job.id, "000000")
    for _ in range(2):
        bench.sweeper.sweep()
        assert bench.queue.steps == []
        bench.clock.pass_by(seconds=LEASE_SECONDS / 2)
    bench.clock.pass_by(seconds=1)
    bench.sweeper.sweep()
    bench.sweeper.sweep()
    assert bench.queue.steps == [("chunk", job.id, 0)]
    bench.drain()
    assert bench.status(job) == "completed"


def test_a_lease_that_has_been_taken_over_meanwhile_is_not_declared_lost(bench: Any) -> None:
    key = paths.attempt("job_x", "000000")
    held_by(bench, "job_x", "000000")
    seen = bench.store.get(key)
    held_by(bench, "job_x", "000000", count=2)
    assert not declare_lost(bench.store, key, seen)
    assert not Attempt.from_bytes(bench.store.get(key).data, key).lost


def test_leases_are_not_judged_while_nobody_could_renew_them(
    bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bench.submit(many_customers(10))
    bench.take()
    bench.queue.steps.clear()
    held_by(bench, job.id, "000000")
    bench.sweeper.sweep()
    bench.clock.pass_by(seconds=2 * LEASE_SECONDS)
    with monkeypatch.context() as patch:
        patch.setattr(type(bench.store), "list", _unavailable)
        with pytest.raises(StoreUnavailable):
            bench.sweeper.sweep()
    for _ in range(2):
        bench.sweeper.sweep()
        assert bench.queue.steps == []
        bench.clock.pass_by(seconds=LEASE_SECONDS / 2)


def _unavailable(*_: Any, **__: Any) -> Any:
    raise StoreUnavailable("here", "a test")


@pytest.mark.parametrize("step", ["000000", "finish"])
def test_a_step_that_keeps_killing_its_worker_fails_the_job(
    bench: Any, many_customers: Make, dead_process: int, step: str
) -> None:
    job = bench.submit(many_customers(10))
    bench.take()
    if step == "finish":
        bench.take()
    held_by(bench, job.id, step, count=MAX_DEATHS, host=socket.gethostname(), process=dead_process)
    bench.drain()
    shown = bench.job_service.get(job.id)
    assert shown["status"] == "failed"
    assert "killed its worker 3 times" in shown["error"]


def test_a_chunk_that_raises_is_tried_again_and_then_fails_the_job(
    bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bench.submit(many_customers(10))
    tries = []

    def broken(*_: Any) -> Any:
        tries.append(1)
        raise RuntimeError("customer 7590-VHVEG")

    monkeypatch.setattr(chunk_pipeline, "ChunkScorer", broken)
    bench.drain()
    shown = bench.job_service.get(job.id)
    assert (shown["status"], len(tries)) == ("failed", MAX_DEATHS)
    assert "failed 3 times (RuntimeError)" in shown["error"]
    assert "7590" not in shown["error"]


def test_a_step_that_the_store_cuts_off_is_no_death(
    bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bench.submit(many_customers(10))
    bench.take()
    bench.queue.steps.clear()
    with monkeypatch.context() as patch:
        patch.setattr(chunk_pipeline, "ChunkScorer", _unavailable)
        for _ in range(2 * MAX_DEATHS):
            with pytest.raises(StoreUnavailable):
                bench.steps.chunk(job.id, 0)
    bench.steps.chunk(job.id, 0)
    bench.drain()
    assert bench.status(job) == "completed"


@pytest.fixture
def another_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[None]]:
    """A function that makes a context in which this process takes itself for another one, which lives."""

    parent = os.getppid()

    @contextmanager
    def other() -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: parent)
            yield

    return other


def test_of_two_who_begin_at_once_one_gets_the_lease(
    bench: Any, another_process: Callable[[], AbstractContextManager[None]]
) -> None:
    first = begin(bench.store, "job_x", "000000")
    assert first is not None
    with another_process():
        assert begin(bench.store, "job_x", "000000") is None
        first.release("Reason")
        assert begin(bench.store, "job_x", "000000") is not None
    held_by(bench, "job_x", "000001", count=MAX_DEATHS, lost=True, reason="Reason")
    with pytest.raises(KeepsFailing, match=r"failed 3 times \(Reason\)"):
        begin(bench.store, "job_x", "000001")


def test_whoever_holds_a_lease_takes_hold_of_it_again(
    bench: Any, another_process: Callable[[], AbstractContextManager[None]]
) -> None:
    """As it does when the store has come back; whether or not the store's answer to the first was lost."""
    for _ in range(2 * MAX_DEATHS):
        lease = begin(bench.store, "job_x", "000000")
        assert lease is not None
    with another_process():
        assert begin(bench.store, "job_x", "000000") is None
    lease.release()


def test_a_long_step_renews_its_lease(bench: Any, monkeypatch: pytest.MonkeyPatch, eventually: Any) -> None:
    monkeypatch.setattr(leases, "_RENEW_SECONDS", 0.01)
    lease = begin(bench.store, "job_x", "000000")
    assert lease is not None
    before = bench.store.head(paths.attempt("job_x", "000000")).modified
    with lease.renewed():
        eventually(lambda: bench.store.head(paths.attempt("job_x", "000000")).modified > before)
    lease.release("Reason")


def test_a_finish_that_comes_late_does_not_touch_the_files(bench: Any, many_customers: Make) -> None:
    job = bench.submit(many_customers(2_000))
    bench.drain()
    results = bench.file(job, "results")
    bench.repository.change(job.id, lambda now: replace(now, status="finalizing", finished_at=None))
    bench.take(("finish", job.id, None))
    assert bench.store.get(paths.file(job.id, "results")).data == results


def test_a_stopped_ending_is_brought_to_its_end(bench: Any, many_customers: Make) -> None:
    job = bench.submit(many_customers(500))
    bench.drain()
    bench.store.put(paths.active(job.id), b"", content_type="text/plain")
    bench.store.put(paths.chunk(job.id, 0, "results"), b"", content_type="text/csv")
    bench.sweeper.sweep()
    assert not list(bench.repository.active())
    assert not list(bench.store.list(f"{paths.folder(job.id)}chunks/"))


def test_an_entry_without_a_record_is_left_alone_at_first_and_then_dropped(
    bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bench.submit(many_customers(5))
    bench.store.delete([paths.record(job.id)])
    bench.sweeper.sweep()
    assert [entry.key for entry in bench.repository.active()] == [paths.active(job.id)]
    monkeypatch.setattr(recovery, "_ABANDONED", timedelta(0))
    bench.sweeper.sweep()
    assert not list(bench.repository.active())


LOST = {"start": 0, "all chunks": 1, "the second span": 2, "finish": 3}


@pytest.mark.parametrize("lost", LOST)
def test_what_is_lost_beside_a_queue_that_is_never_empty_is_sent_again(
    bench: Any, many_customers: Make, lost: str
) -> None:
    job = bench.submit(many_customers(4_000))
    for _ in range(LOST[lost]):
        bench.take()
    bench.queue.steps.clear()
    minutes = 0
    while bench.status(job) != "completed":
        assert minutes < 30
        bench.submit(many_customers(1))  # there is always something that waits
        bench.sweeper.sweep()
        while len(bench.queue.steps) > 1:
            bench.take()
        bench.clock.pass_by(minutes=1)
        minutes += 1


def test_what_waits_for_hours_is_sent_again_ever_more_seldom(bench: Any, many_customers: Make) -> None:
    bench.submit(many_customers(10))
    for _ in range(24 * 60):
        bench.sweeper.sweep()
        bench.clock.pass_by(minutes=1)
    assert 2 <= len(bench.queue.steps) <= 12


def test_of_many_sweepers_that_look_at_once_one_sends(bench: Any, many_customers: Make) -> None:
    for _ in range(5):
        bench.submit(many_customers(3))
    bench.queue.steps.clear()
    all_look = Barrier(10)

    class Together(type(bench.queue)):  # type: ignore[misc]
        def is_idle(self) -> bool:
            all_look.wait(30)
            return True

    queue = Together()
    sweepers = [Sweeper(bench.repository, queue, bench.metrics, timedelta(seconds=1)) for _ in range(10)]
    bench.clock.pass_by(seconds=2)
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(Sweeper.sweep, sweepers))
    assert len(queue.steps) == 5


def test_what_has_just_been_sent_is_given_time_to_arrive(bench: Any, many_customers: Make) -> None:
    bench.submit(many_customers(10))
    bench.queue.steps.clear()
    sweeper = Sweeper(bench.repository, bench.queue, bench.metrics, timedelta(seconds=10))
    seen = []
    for _ in range(5):
        sweeper.sweep()
        seen.append(len(bench.queue.steps))
        bench.queue.steps.clear()
        bench.clock.pass_by(seconds=6)
    assert seen == [0, 0, 1, 0, 1]


def test_a_lease_is_renewed_again_after_the_store_was_away(
    bench: Any, monkeypatch: pytest.MonkeyPatch, eventually: Any
) -> None:
    monkeypatch.setattr(leases, "_RENEW_SECONDS", 0.01)
    lease = begin(bench.store, "job_x", "000000")
    assert lease is not None
    whole, refused = type(bench.store).put, []

    def put(self: Any, *arguments: Any, **options: Any) -> Any:
        if len(refused) < 3:
            refused.append(1)
            _unavailable()
        return whole(self, *arguments, **options)

    before = bench.store.head(paths.attempt("job_x", "000000")).modified
    monkeypatch.setattr(type(bench.store), "put", put)
    with lease.renewed():
        eventually(lambda: bench.store.head(paths.attempt("job_x", "000000")).modified > before)
    assert len(refused) == 3


def test_a_large_job_gives_way_to_smaller_ones_after_each_chunk(bench: Any, many_customers: Make) -> None:
    twin, job = bench.submit(many_customers(6_000)), bench.submit(many_customers(6_000))
    bench.take()
    bench.take()
    assert bench.repository.load(job.id).span > 1
    bench.queue.smaller = True
    done = 0
    while bench.status(job) == "in_progress" and ("finish", job.id, None) not in bench.queue.steps:
        step = next(step for step in bench.queue.steps if step[1] == job.id)
        bench.queue.steps.remove(step)
        bench.take(step)
        now = len(bench.repository.done(job.id))
        assert now - done == 1
        done = now
    assert done == job.chunks > MAX_DEATHS
    bench.queue.smaller = False
    bench.drain()
    assert bench.file(job, "results") == bench.file(twin, "results")
    assert bench.metrics.rows.completed == 12_000


def test_a_span_that_gave_way_may_still_lose_its_worker(
    bench: Any, many_customers: Make, dead_process: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bench.submit(many_customers(6_000))
    bench.take()
    bench.queue.smaller = True
    bench.take()
    held = Attempt.from_bytes(bench.store.get(paths.attempt(job.id, "000000")).data, "")
    assert (held.count, held.lost) == (0, True)
    bench.queue.smaller = False
    bench.queue.steps.clear()
    held_by(bench, job.id, "000000", host=socket.gethostname(), process=dead_process)
    bench.clock.pass_by(seconds=1)
    bench.sweeper.sweep()
    bench.drain()
    assert bench.status(job) == "completed"
