"""Jobs from submission to their end, step by step: what is done twice, lost or cut off changes nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.telco import TELCO

from churn.errors import ValidationError
from churn_api.jobs import chunk_pipeline, ids, paths
from churn_api.jobs.errors import IdempotencyConflict, InvalidUpload, JobConflict, UnknownJob
from churn_api.jobs.job import Progress

Make = Callable[[int], bytes]


def test_a_job_goes_through_its_states_to_its_files(bench: Any, many_customers: Make, rows_of: Any) -> None:
    data = many_customers(12_000).replace(b"0000003-ROW,", b"0000003-ROW,x")
    job = bench.submit(data, filename=r"C:\files\customers.csv")
    assert bench.job_service.get(job.id)["status"] == "queued"
    assert job.filename == "customers.csv"
    bench.take()
    assert bench.job_service.get(job.id)["status"] == "in_progress"
    seen = []
    while bench.queue.steps:
        bench.take()
        seen.append(bench.job_service.get(job.id)["request_counts"]["completed"])
    assert seen == sorted(seen)
    assert len(set(seen)) > 1
    shown = bench.job_service.get(job.id)
    assert shown["status"] == "completed"
    assert shown["request_counts"] == {"total": 12_000, "completed": 11_999, "failed": 1}
    results, errors = rows_of(bench.file(job, "results")), rows_of(bench.file(job, "errors"))
    assert [row["row"] for row in results] == [str(row) for row in range(1, 12_001) if row != 4]
    assert [(row["row"], row["customerID"], row["field"]) for row in errors] == [("4", "0000003-ROW", "gender")]
    assert bench.metrics.jobs == ["queued", "validating", "in_progress", "finalizing", "completed"]
    assert bench.metrics.rows == Progress(11_999, 1)


def test_a_finished_job_keeps_only_what_callers_can_ask_for(bench: Any, many_customers: Make) -> None:
    job = bench.submit(many_customers(3_000))
    bench.drain()
    own = [key.removeprefix(paths.folder(job.id)) for key in bench.held() if key.startswith(paths.folder(job.id))]
    assert own == ["errors.csv", "input.csv", "job.json", "plan.json", "results.csv"]
    assert not list(bench.repository.active())


def test_a_header_alone_is_a_completed_job_of_no_rows(bench: Any, header_line: bytes) -> None:
    job = bench.submit(header_line)
    bench.drain()
    assert bench.status(job) == "completed"
    assert bench.file(job, "results").count(b"\n") == bench.file(job, "errors").count(b"\n") == 1


def test_an_upload_that_is_refused_leaves_nothing(bench: Any, header_line: bytes) -> None:
    with pytest.raises(InvalidUpload):
        bench.submit(header_line + b'"open')
    assert bench.held() == []


def test_every_step_may_run_twice(bench: Any, many_customers: Make) -> None:
    twin, job = bench.submit(many_customers(4_000)), bench.submit(many_customers(4_000))
    while bench.queue.steps:
        step = bench.queue.steps[0]
        bench.take()
        if step[1] == job.id:
            bench.take(step)
    for number in range(job.chunks):
        bench.take(("chunk", job.id, number))
    bench.take(("finish", job.id, None))
    assert bench.file(job, "results") == bench.file(twin, "results")
    assert bench.metrics.jobs.count("completed") == 2
    assert bench.metrics.rows == Progress(8_000, 0)


def test_chunks_may_be_done_in_any_order(bench: Any, many_customers: Make) -> None:
    twin, job = bench.submit(many_customers(4_000)), bench.submit(many_customers(4_000))
    bench.take()
    bench.take()
    bench.queue.steps.reverse()
    bench.drain()
    assert bench.file(job, "results") == bench.file(twin, "results")


def test_a_job_stays_with_the_release_it_was_accepted_with(
    bench: Any, many_customers: Make, publish: Callable[..., str]
) -> None:
    before = bench.submit(many_customers(100))
    bench.version = publish(bench.store, shift=3.0)
    after = bench.submit(many_customers(100))
    bench.drain()
    assert bench.file(before, "results") != bench.file(after, "results")
    assert before.model_version != after.model_version


@pytest.mark.parametrize("gone", ["input.csv", "plan.json", "release"])
def test_a_job_that_cannot_be_finished_says_why(bench: Any, many_customers: Make, gone: str) -> None:
    bench.version = "20200101_000000" if gone == "release" else bench.version
    job = bench.submit(many_customers(100))
    bench.store.delete([paths.folder(job.id) + gone])
    bench.drain()
    shown = bench.job_service.get(job.id)
    assert shown["status"] == "failed"
    assert (bench.version if gone == "release" else gone) in shown["error"]
    with pytest.raises(JobConflict, match="was failed"):
        bench.job_service.download(job.id, "results")


def test_results_and_errors_are_refused_until_the_job_is_finished(bench: Any, many_customers: Make) -> None:
    job = bench.submit(many_customers(100))
    for kind in ("results", "errors"):
        with pytest.raises(JobConflict, match="is queued"):
            bench.job_service.download(job.id, kind)


def test_a_cancelled_job_stops_within_a_chunk(bench: Any, many_customers: Make) -> None:
    job = bench.submit(many_customers(10_000))
    bench.take()
    bench.take()
    assert bench.job_service.cancel(job.id)["status"] == "cancelling"
    assert bench.job_service.cancel(job.id)["status"] == "cancelling"
    bench.take()
    shown = bench.job_service.get(job.id)
    assert shown["status"] == "cancelled"
    assert 0 < shown["request_counts"]["completed"] < 10_000
    bench.drain()
    assert bench.status(job) == "cancelled"
    assert bench.metrics.jobs == ["queued", "validating", "in_progress", "cancelling", "cancelled"]
    with pytest.raises(JobConflict, match="cancelled already"):
        bench.job_service.cancel(job.id)


def test_a_job_cancelled_within_a_span_has_at_most_one_more_chunk_scored(
    bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bench.submit(many_customers(10_000))
    bench.take()

    class Cancelling(chunk_pipeline.ChunkScorer):
        def results(self, *reference: Any) -> Any:
            bench.job_service.cancel(job.id)
            return super().results(*reference)

    monkeypatch.setattr(chunk_pipeline, "ChunkScorer", Cancelling)
    bench.take()
    shown = bench.job_service.get(job.id)
    assert shown["status"] == "cancelled"
    assert len(bench.metrics.tallies) <= 2


def test_a_running_job_is_not_deleted_and_a_finished_one_wholly(bench: Any, many_customers: Make) -> None:
    job = bench.submit(many_customers(2_000), key="once")
    with pytest.raises(JobConflict, match="cancel it before"):
        bench.job_service.delete(job.id)
    bench.drain()
    bench.job_service.delete(job.id)
    assert bench.held() == []
    with pytest.raises(UnknownJob):
        bench.job_service.get(job.id)
    assert bench.submit(many_customers(2_000), key="once").id != job.id


def test_a_chunk_that_outlives_its_job_cleans_up_after_itself(
    bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bench.submit(many_customers(2_000))
    bench.take()

    class Slow(chunk_pipeline.ChunkScorer):
        def results(self, *reference: Any) -> Any:
            bench.job_service.cancel(job.id)
            bench.take(("settle", job.id, None))
            bench.job_service.delete(job.id)
            return super().results(*reference)

    monkeypatch.setattr(chunk_pipeline, "ChunkScorer", Slow)
    bench.take()
    assert bench.held() == []


def test_the_same_key_and_content_is_the_same_job(bench: Any, many_customers: Make) -> None:
    data = many_customers(50)
    first = bench.submit(data, key="k")
    bench.drain()
    accepted = bench.submissions.accept(iter([data]), None, "k", bench.version, TELCO)
    assert (accepted.job.id, accepted.job.status, accepted.replayed) == (first.id, "completed", True)
    with pytest.raises(IdempotencyConflict):
        bench.submit(data + b"x", key="k")
    assert len({key.split("/")[1] for key in bench.held() if key.startswith("jobs/job_")}) == 1


def test_a_claim_without_a_record_is_completed_by_whoever_comes_next(bench: Any, many_customers: Make) -> None:
    data = many_customers(50)
    first = bench.submit(data, key="k")
    bench.queue.steps.clear()
    bench.store.delete([paths.record(first.id), paths.active(first.id), paths.newest(first.id)])
    assert bench.submit(data, key="k").id == first.id
    bench.drain()
    assert bench.status(first) == "completed"


@pytest.mark.parametrize("key", ["", "x" * 256, "ключ", "a\tb"])
def test_a_key_that_is_none_is_refused(bench: Any, many_customers: Make, key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        bench.submit(many_customers(1), key=key)
    assert caught.value.errors[0].field == "Idempotency-Key"


def test_pages_are_newest_first_and_follow_each_other(bench: Any, many_customers: Make) -> None:
    jobs = []
    for _ in range(7):
        jobs.append(bench.submit(many_customers(1)).id)
        bench.clock.pass_by(seconds=1)
    first = bench.job_service.page(3, None)
    second = bench.job_service.page(3, first["last_id"])
    third = bench.job_service.page(3, second["last_id"])
    assert [job["id"] for page in (first, second, third) for job in page["data"]] == jobs[::-1]
    assert [page["has_more"] for page in (first, second, third)] == [True, True, False]
    assert bench.job_service.page(3, third["last_id"]) == {"data": [], "has_more": False, "last_id": None}


def test_an_expired_job_says_so_and_is_then_swept_away(bench: Any, many_customers: Make) -> None:
    done, waiting = bench.submit(many_customers(10), key="k"), bench.submit(many_customers(10))
    bench.drain()
    bench.repository.change(waiting.id, lambda job: replace(job, status="queued", finished_at=None))
    bench.clock.pass_by(days=7)
    assert bench.job_service.get(done.id)["status"] == bench.job_service.get(waiting.id)["status"] == "expired"
    with pytest.raises(UnknownJob):
        bench.job_service.download(done.id, "results")
    bench.sweeper.sweep()
    assert bench.held() == []


def test_an_abandoned_upload_expires_as_jobs_do(bench: Any, many_customers: Make) -> None:
    job = bench.submit(many_customers(10))
    bench.store.delete([paths.record(job.id), paths.newest(job.id)])
    bench.clock.pass_by(days=8)
    bench.sweeper.sweep()
    assert bench.held() == []


def test_a_part_of_an_upload_is_not_scored(bench: Any, many_customers: Make) -> None:
    data = many_customers(10)
    job = bench.submit(data)
    bench.store.put(paths.upload(job.id), data[: data.rindex(b"\n", 0, -1) + 1], content_type="text/csv")
    bench.drain()
    assert "input.csv" in bench.job_service.get(job.id)["error"]


@pytest.mark.parametrize("around", ["{}x", "{}/job.json", "x{}", "{}\n", "/{}"])
def test_an_id_with_anything_around_it_is_none(bench: Any, many_customers: Make, around: str) -> None:
    job = bench.submit(many_customers(1))
    assert ids.is_id(job.id)
    with pytest.raises(UnknownJob):
        bench.job_service.get(around.format(job.id))
