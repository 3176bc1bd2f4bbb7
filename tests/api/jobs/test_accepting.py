"""Accepting a job once, whatever of the store's answers is lost, wherever the process dies, whoever else comes."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.telco import TELCO

from churn.errors import StoreUnavailable
from churn.store.interface import ObjectStore
from churn_api.jobs import paths
from churn_api.jobs.errors import IdempotencyConflict
from churn_api.jobs.repository import JobRepository
from churn_api.jobs.submission import Accepted, Limits, Submissions

Make = Callable[[int], bytes]

# More than a submission asks of the store; the tests check that it is.
CALLS = 16


class Killed(BaseException):
    """The process is gone."""


class Faulty:
    """A store that fails at chosen calls: `lost` is done, but its answer is lost; `undone` is not done. After `killed`
    nothing is done any more."""

    def __init__(self, store: ObjectStore, faults: Mapping[int, str]) -> None:
        self._store = store
        self._faults = faults
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return partial(self._call, getattr(self._store, name))

    def _call(self, whole: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        fault = self._faults.get(self.calls)
        if fault == "killed":
            raise Killed
        self.calls += 1
        if fault == "undone":
            raise StoreUnavailable("here", "a test")
        answer = whole(*arguments, **options)
        if fault == "lost":
            raise StoreUnavailable("here", "a test")
        return answer


def submit(
    bench: Any, data: bytes, faults: Mapping[int, str] | None = None, *, key: str | None = "order-66", **more: Any
) -> tuple[Accepted, int]:
    """Hand a file in through a store with these faults; the answer, and how often the store was asked."""
    store: Any = Faulty(bench.store, faults or {})
    limits = Limits(upload_mb=10, ttl_days=7)
    submissions = Submissions(JobRepository(store, bench.clock), bench.queue, bench.metrics, limits)
    return submissions.accept(iter([data]), None, key, bench.version, TELCO, **more), store.calls


def jobs_of(bench: Any) -> list[dict[str, Any]]:
    return bench.job_service.page(100, None)["data"]


def nothing_is_left_after_expiry(bench: Any) -> None:
    bench.clock.pass_by(days=8)
    bench.sweeper.sweep()
    assert bench.held() == []


def one_job_is_completed(bench: Any, answer: Accepted) -> None:
    bench.drain()
    bench.sweeper.sweep()
    bench.drain()
    assert [(job["id"], job["status"]) for job in jobs_of(bench)] == [(answer.job.id, "completed")]
    assert bench.metrics.jobs.count("completed") == 1


@pytest.mark.parametrize("fault", ["lost", "undone", "killed"])
@pytest.mark.parametrize("call", range(CALLS))
def test_one_fault_at_any_step_and_a_retry_make_one_completed_job(
    bench: Any, many_customers: Make, call: int, fault: str
) -> None:
    data = many_customers(5)
    with suppress(StoreUnavailable, Killed):
        assert submit(bench, data, {call: fault})[1] < CALLS
    again, _ = submit(bench, data)
    one_job_is_completed(bench, again)
    third, _ = submit(bench, data)
    assert (third.job.id, third.job.status, third.replayed) == (again.job.id, "completed", True)
    nothing_is_left_after_expiry(bench)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tries=st.lists(st.dictionaries(st.integers(0, CALLS), st.sampled_from(["lost", "undone"])), max_size=4))
def test_any_faults_in_any_number_of_tries_make_one_completed_job(
    bench: Any, many_customers: Make, tries: list[dict[int, str]]
) -> None:
    bench.metrics.jobs.clear()
    data = many_customers(5)
    for faults in tries:
        with suppress(StoreUnavailable):
            submit(bench, data, faults)
    again, _ = submit(bench, data)
    one_job_is_completed(bench, again)
    nothing_is_left_after_expiry(bench)


@pytest.mark.parametrize("fault", ["lost", "undone", "killed"])
@pytest.mark.parametrize("call", range(CALLS))
def test_what_nobody_tries_again_is_gone_when_its_time_is_over(
    bench: Any, many_customers: Make, call: int, fault: str
) -> None:
    for key in ("k", None):
        with suppress(StoreUnavailable, Killed):
            submit(bench, many_customers(5), {call: fault}, key=key)
    nothing_is_left_after_expiry(bench)


@pytest.mark.parametrize("call", range(CALLS))
def test_a_removal_that_is_stopped_anywhere_is_finished_by_the_sweep(
    bench: Any, many_customers: Make, call: int
) -> None:
    data = many_customers(5)
    job = submit(bench, data)[0].job
    bench.drain()
    store: Any = Faulty(bench.store, {call: "killed"})
    with suppress(Killed):
        JobRepository(store, bench.clock).remove(bench.repository.load(job.id))
    again, _ = submit(bench, data)
    bench.drain()
    assert bench.status(again.job) == "completed"
    nothing_is_left_after_expiry(bench)


@pytest.mark.parametrize("end", ["expired", "deleted"])
def test_a_key_lives_as_long_as_its_job(bench: Any, many_customers: Make, end: str) -> None:
    job = submit(bench, many_customers(5))[0].job
    bench.drain()
    if end == "expired":
        bench.clock.pass_by(days=7, seconds=1)
    else:
        bench.job_service.delete(job.id)
    again, _ = submit(bench, many_customers(6))
    assert not again.replayed
    bench.sweeper.sweep()  # which deletes what has expired, and must not free a key that belongs to another job by now
    bench.drain()
    assert submit(bench, many_customers(6))[0].job.id == again.job.id
    assert bench.status(again.job) == "completed"
    nothing_is_left_after_expiry(bench)


@pytest.mark.parametrize("gone", ["plan.json", "input.csv", "a part of the input", "the record", "the claim's text"])
def test_what_cannot_be_finished_is_not_replayed(bench: Any, many_customers: Make, gone: str) -> None:
    data = many_customers(5)
    first = submit(bench, data)[0].job
    bench.queue.steps.clear()
    match gone:
        case "a part of the input":
            bench.store.put(paths.upload(first.id), data[:-1], content_type="text/csv")
        case "the record":
            bench.store.put(paths.record(first.id), b"{", content_type="application/json")
        case "the claim's text":
            assert first.claim is not None
            bench.store.put(first.claim, b"\xff[", content_type="application/json")
        case _:
            bench.store.delete([paths.folder(first.id) + gone])
    again, _ = submit(bench, data)
    assert (again.replayed, again.job.id != first.id) == (False, True)
    bench.drain()
    assert bench.status(again.job) == "completed"
    nothing_is_left_after_expiry(bench)


def test_a_claimed_job_that_is_about_to_expire_is_superseded(bench: Any, many_customers: Make) -> None:
    data = many_customers(5)
    first = submit(bench, data)[0].job
    bench.store.delete([paths.record(first.id)])
    bench.clock.pass_by(days=6, hours=23, minutes=59)
    assert submit(bench, data)[0].job.id != first.id


def test_a_replay_beside_a_delete_raises_no_dead(
    bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = many_customers(5)
    job = submit(bench, data)[0].job
    bench.drain()
    whole = type(bench.store).get

    def get(self: Any, key: str) -> Any:
        found = whole(self, key)
        if key.startswith(paths.CLAIMS):
            monkeypatch.setattr(type(bench.store), "get", whole)
            bench.job_service.delete(job.id)  # comes between reading the claim and the record
        return found

    monkeypatch.setattr(type(bench.store), "get", get)
    answer, _ = submit(bench, data)
    bench.drain()
    assert answer.job.id != job.id
    assert bench.status(answer.job) == "completed"
    nothing_is_left_after_expiry(bench)


def test_keys_are_each_callers_own(bench: Any, many_customers: Make) -> None:
    callers = ("crm", "billing", None)
    jobs = [submit(bench, many_customers(5 + place), caller=caller)[0].job for place, caller in enumerate(callers)]
    assert len({job.id for job in jobs}) == 3
    for place, caller in enumerate(callers):
        again, _ = submit(bench, many_customers(5 + place), caller=caller)
        assert (again.job.id, again.replayed) == (jobs[place].id, True)


def test_a_key_with_other_options_is_a_conflict(bench: Any, many_customers: Make) -> None:
    data = many_customers(5)
    first, _ = submit(bench, data, query={"sheet": ["1"], "notes": ["x"]})
    again, _ = submit(bench, data, query={"notes": ["x"], "sheet": ["1"]})
    assert again.job.id == first.job.id
    with pytest.raises(IdempotencyConflict, match="options"):
        submit(bench, data, query={"sheet": ["2"]})
    with pytest.raises(IdempotencyConflict):
        submit(bench, data)


def test_an_expiry_is_counted_once_by_all_sweepers(
    bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(bench, many_customers(5))
    bench.drain()
    bench.clock.pass_by(days=8)
    whole = type(bench.repository).remove

    def remove(self: Any, job: Any) -> None:
        monkeypatch.setattr(type(bench.repository), "remove", whole)
        bench.sweeper.sweep()  # a second worker's sweep meanwhile
        whole(self, job)

    monkeypatch.setattr(type(bench.repository), "remove", remove)
    bench.sweeper.sweep()
    assert bench.metrics.jobs.count("expired") == 1
    assert bench.held() == []


def test_a_claim_goes_before_its_record(bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a replay would take a job that is being deleted for one that was never accepted."""
    job = submit(bench, many_customers(5))[0].job
    bench.drain()
    deleted: list[str] = []
    whole = type(bench.store).delete
    monkeypatch.setattr(
        type(bench.store), "delete", lambda self, names: whole(self, (deleted.append(name) or name for name in names))
    )
    bench.job_service.delete(job.id)
    assert deleted.index(str(job.claim)) < deleted.index(paths.record(job.id))
    assert deleted[-1] == paths.expiry(job.id, job.expires)


def test_a_job_that_fails_while_it_is_being_cancelled_is_cancelled_without_an_error(
    bench: Any, many_customers: Make
) -> None:
    job = submit(bench, many_customers(5))[0].job
    bench.repository.change(job.id, lambda now: replace(now, status="cancelling"))
    bench.steps._ending.fail(job.id, "Something is missing.")
    shown = bench.job_service.get(job.id)
    assert (shown["status"], shown["error"]) == ("cancelled", None)
