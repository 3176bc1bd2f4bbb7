"""What a page of the list of jobs asks of the store."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Lock
from typing import Any

import pytest

from churn.store.interface import PATIENT
from churn.store.s3 import S3Store
from churn_api.jobs import answers, paths
from churn_api.jobs.job import Job
from churn_api.jobs.options import DEFAULTS
from churn_api.jobs.repository import JobRepository
from churn_api.jobs.service import JobService
from scripts.counting_s3 import CountingS3


@pytest.fixture
def hundred(monkeypatch: pytest.MonkeyPatch, bench: Any) -> Any:
    """A counting store with a hundred jobs, every tenth of which runs, and their ids, newest first."""
    with CountingS3() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        store = S3Store("churn", PATIENT)
        store.ensure_bucket()
        bench.repository.store = store
        repository, ids = bench.repository, []
        for number in range(100):
            job: Job = bench.submissions._new("job", None, None, DEFAULTS, "v")
            running = number % 10 == 0
            moment = repository.moment()
            made = job.end("completed", moment) if not running else job
            repository.add(replace(made, status="in_progress", started_at=moment) if running else made)
            ids.append(job.id)
            bench.clock.now += timedelta(seconds=1)
        found = JobRepository(store, bench.clock)
        yield server, JobService(found, bench.queue, bench.metrics, "job", answers.describe_job), ids[::-1]


def test_a_page_costs_a_list_a_request_for_what_may_have_changed_and_a_list_for_what_runs(hundred: Any) -> None:
    server, job_service, ids = hundred
    seen: list[dict[str, Any]] = []
    assert server.during(lambda: seen.append(job_service.page(100, None))) == {"GET": 100, "LIST": 1 + 10}
    assert [job["id"] for job in seen[0]["data"]] == ids
    assert server.during(lambda: job_service.page(100, None)) == {"GET": 10, "LIST": 1 + 10}
    seen.append(job_service.page(20, ids[9]))
    assert [job["id"] for job in seen[1]["data"]] == ids[10:30]
    assert seen[1]["has_more"]


def test_a_job_that_is_deleted_by_another_process_leaves_the_page(
    bench: Any, many_customers: Callable[[int], bytes]
) -> None:
    jobs = []
    for _ in range(3):
        jobs.append(bench.submit(many_customers(1)).id)
        bench.clock.pass_by(seconds=1)
    bench.drain()
    assert len(bench.job_service.page(20, None)["data"]) == 3
    other = JobRepository(bench.store, bench.clock)
    other.remove(other.load(jobs[1]))
    assert [job["id"] for job in bench.job_service.page(20, None)["data"]] == [jobs[2], jobs[0]]
    bench.clock.pass_by(days=7)
    assert {job["status"] for job in bench.job_service.page(20, None)["data"]} == {"expired"}


def test_the_jobs_of_a_page_are_read_side_by_side_but_not_all_at_once(
    bench: Any, many_customers: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(30):
        bench.submit(many_customers(1))
        bench.clock.pass_by(seconds=1)
    lock, reading, most = Lock(), 0, 0
    whole = JobRepository.load

    def load(self: JobRepository, job_id: str) -> Job:
        nonlocal reading, most
        with lock:
            reading += 1
            most = max(most, reading)
        try:
            return whole(self, job_id)
        finally:
            with lock:
                reading -= 1

    monkeypatch.setattr(JobRepository, "load", load)
    assert len(bench.job_service.page(30, None)["data"]) == 30
    assert 1 < most <= 8


def test_entries_without_a_record_do_not_shorten_a_page(bench: Any, many_customers: Callable[[int], bytes]) -> None:
    jobs = []
    for _ in range(6):
        jobs.append(bench.submit(many_customers(1)).id)
        bench.clock.pass_by(seconds=1)
    bench.store.delete([paths.record(job_id) for job_id in jobs[2:5]])
    page = bench.job_service.page(3, None)
    assert [job["id"] for job in page["data"]] == [jobs[5], jobs[1], jobs[0]]
    assert not page["has_more"]
