"""Objects of jobs that are damaged, or of another version of the program: each stops nothing but itself."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from churn_api.jobs import paths, plan
from churn_api.jobs.errors import JobConflict
from churn_api.jobs.job import Job
from churn_api.jobs.leases import MAX_DEATHS, Attempt
from churn_api.jobs.options import DEFAULTS, JobOptions

Make = Callable[[int], bytes]

GARBAGE = [b"", b'{"id": "job', b"[]", b"null", b"\xff\xfe\x00", b"{}", b'{"id": 5, "status": null}']


def overwrite(bench: Any, key: str, data: bytes) -> None:
    bench.store.put(key, data, content_type="application/json")


def members(bench: Any, key: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bench.store.get(key).data)
    return found


@pytest.mark.parametrize("garbage", GARBAGE)
def test_a_record_that_cannot_be_read_stops_nothing_but_itself(
    bench: Any, many_customers: Make, garbage: bytes
) -> None:
    damaged = bench.submit(many_customers(5), key="k")
    bench.clock.pass_by(seconds=1)
    sound = bench.submit(many_customers(5))
    overwrite(bench, paths.record(damaged.id), garbage)
    bench.queue.steps.clear()
    bench.clock.pass_by(seconds=1)
    bench.sweeper.sweep()
    bench.drain()
    page = bench.job_service.page(20, None)["data"]
    assert [(job["id"], job["status"]) for job in page] == [(sound.id, "completed"), (damaged.id, "failed")]
    assert page[1] == bench.job_service.get(damaged.id)
    assert "cannot be read" in page[1]["error"]
    assert page[1]["expires_at"] == damaged.expires_at
    for refused in (bench.job_service.cancel, lambda job_id: bench.job_service.download(job_id, "results")):
        with pytest.raises(JobConflict):
            refused(damaged.id)


@pytest.mark.parametrize("end", ["deleted", "expired"])
def test_a_job_whose_record_cannot_be_read_is_deleted_wholly(bench: Any, many_customers: Make, end: str) -> None:
    job = bench.submit(many_customers(5), key="k")
    overwrite(bench, paths.record(job.id), b"{")
    if end == "deleted":
        bench.job_service.delete(job.id)
    else:
        bench.clock.pass_by(days=8)
        bench.sweeper.sweep()
    assert bench.held() == []


@pytest.mark.parametrize("garbage", GARBAGE[:4])
def test_a_plan_that_cannot_be_read_fails_its_job_with_a_reason(
    bench: Any, many_customers: Make, garbage: bytes
) -> None:
    job = bench.submit(many_customers(5))
    overwrite(bench, paths.plan(job.id), garbage)
    bench.drain()
    assert "plan.json' cannot be read" in bench.job_service.get(job.id)["error"]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_an_attempt_that_cannot_be_read_is_nobodys(bench: Any, many_customers: Make, garbage: bytes) -> None:
    job = bench.submit(many_customers(5_000))
    bench.take()
    overwrite(bench, paths.attempt(job.id, "000000"), garbage)
    bench.queue.steps.clear()
    bench.clock.pass_by(seconds=1)
    bench.sweeper.sweep()
    bench.drain()
    assert bench.status(job) == "completed"


@pytest.mark.parametrize(
    "key",
    [
        *(paths.NEWEST["job"] + name for name in ("x", "0" * 26)),
        *(paths.ACTIVE + name for name in ("x", "job_" + "0" * 26)),
        *(paths.EXPIRY + name for name in ("0", "x", "000000000001_x", "999999999999_job_" + "0" * 26, "_")),
        paths.SWEEP,
    ],
)
def test_what_stands_in_an_index_by_mistake_stops_nothing(bench: Any, many_customers: Make, key: str) -> None:
    overwrite(bench, key, b"garbage")
    expiring = bench.submit(many_customers(5))
    bench.clock.pass_by(days=8)
    job = bench.submit(many_customers(5))
    bench.sweeper.sweep()
    bench.drain()
    assert [(shown["id"], shown["status"]) for shown in bench.job_service.page(20, None)["data"]] == [
        (job.id, "completed")
    ]
    assert not any(expiring.id in held for held in bench.held())


@pytest.mark.parametrize("name", ["x", "000000", "a-b-c"])
def test_a_mark_that_is_none_is_left_out(bench: Any, many_customers: Make, name: str) -> None:
    job = bench.submit(many_customers(5))
    bench.take(bench.queue.steps[0])
    overwrite(bench, paths.done(job.id) + name, b"")
    bench.drain()
    assert bench.status(job) == "completed"


def test_an_expiry_that_names_no_claim_or_another_thing_still_removes_its_job(bench: Any, many_customers: Make) -> None:
    kept = "models/current.json"
    for body in (b"", b"[", b'{"claim": 5}', json.dumps({"claim": kept}).encode(), b'{"claim": null, "more": 1}'):
        job = bench.submit(many_customers(5))
        overwrite(bench, paths.expiry(job.id, job.expires), body)
        bench.store.delete([paths.record(job.id)])
    bench.clock.pass_by(days=8)
    bench.sweeper.sweep()
    assert bench.held() == []
    assert bench.store.head(kept)


NEWER = {"priority": "low", "owner": {"name": "crm"}, "parts": [1, 2]}


@pytest.mark.parametrize("status", ["queued", "in_progress", "finalizing", "cancelling", "completed"])
def test_a_newer_programs_record_is_worked_on_and_keeps_what_is_not_known(
    bench: Any, many_customers: Make, status: str
) -> None:
    job = bench.submit(many_customers(5))
    if status in ("in_progress", "finalizing", "completed"):
        bench.drain()
    bench.repository.change(job.id, lambda now: replace(now, status=status, finished_at=None))
    overwrite(bench, paths.record(job.id), json.dumps(members(bench, paths.record(job.id)) | NEWER).encode())
    overwrite(bench, paths.active(job.id), b"")
    for _ in range(3):
        bench.clock.pass_by(minutes=1)
        bench.sweeper.sweep()
        bench.drain()
    assert bench.job_service.get(job.id)["status"] in ("completed", "cancelled", "finalizing", "in_progress")
    bench.repository.change(job.id, lambda now: replace(now, error="changed"))
    assert members(bench, paths.record(job.id)).items() >= NEWER.items()


@pytest.mark.parametrize("finished_at", [None, "2026-11-23T14:00:00+00:00"])
def test_a_state_that_a_newer_program_knows_survives(bench: Any, many_customers: Make, finished_at: str | None) -> None:
    job = bench.submit(many_customers(5), key="k")
    bench.queue.steps.clear()
    changed = members(bench, paths.record(job.id)) | {"status": "paused", "finished_at": finished_at}
    overwrite(bench, paths.record(job.id), json.dumps(changed).encode())
    for _ in range(3):
        bench.clock.pass_by(minutes=30)
        bench.sweeper.sweep()
        bench.drain()
    assert bench.job_service.get(job.id)["status"] == bench.job_service.page(5, None)["data"][0]["status"] == "paused"
    assert bench.submit(many_customers(5), key="k").id == job.id


def test_a_newer_programs_attempts_plans_claims_and_marks_are_read(bench: Any, many_customers: Make) -> None:
    data = many_customers(5)
    job = bench.submit(data, key="k")
    for key in (paths.plan(job.id), str(job.claim), paths.expiry(job.id, job.expires)):
        overwrite(bench, key, json.dumps(members(bench, key) | NEWER).encode())
    bench.store.delete([paths.record(job.id)])
    assert bench.submit(data, key="k").id == job.id
    lost = Attempt(1, "another-host", 1, "1", lost=True)
    key = paths.attempt(job.id, "000000")
    overwrite(bench, key, json.dumps(json.loads(lost.to_bytes()) | NEWER).encode())
    bench.drain()
    assert bench.status(job) == "completed"
    bench.store.put(f"{paths.done(job.id)}000007-5-1-of-a-newer-program", b"", content_type="text/plain")
    assert bench.repository.done(job.id)[7] == (5, 1)


def sweep_until_sent(bench: Any) -> None:
    while not bench.queue.steps:
        bench.clock.pass_by(minutes=1)
        bench.sweeper.sweep()


def test_a_plan_that_only_a_newer_program_reads_waits_for_a_newer_worker(
    bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job = bench.submit(many_customers(3_000))
    assert members(bench, paths.plan(job.id))["format"] == plan.PLAIN
    newer = members(bench, paths.plan(job.id)) | {"format": plan.FORMAT + 1, "columns": {"of": "another form"}}
    sound = bench.store.get(paths.plan(job.id)).data
    overwrite(bench, paths.plan(job.id), json.dumps(newer).encode())
    for _ in range(2 * MAX_DEATHS):
        bench.drain()
        assert bench.status(job) == "validating"
        bench.clock.pass_by(minutes=1)
        bench.sweeper.sweep()
    assert f"Step start of {job.id} is left to a newer worker." in caplog.messages
    overwrite(bench, paths.plan(job.id), sound)  # which stands for a worker that reads it
    sweep_until_sent(bench)
    bench.take()
    overwrite(bench, paths.plan(job.id), json.dumps(newer).encode())
    for _ in range(2 * MAX_DEATHS):
        bench.drain()
        assert bench.status(job) == "in_progress"
        bench.clock.pass_by(minutes=1)
        bench.sweeper.sweep()
    assert f"Step 000000 of {job.id} is left to a newer worker." in caplog.messages
    monkeypatch.setattr(plan, "FORMAT", plan.FORMAT + 1)
    overwrite(bench, paths.plan(job.id), json.dumps(json.loads(sound) | {"format": plan.FORMAT}).encode())
    sweep_until_sent(bench)
    bench.drain()
    assert bench.status(job) == "completed"
    assert bench.repository.load(job.id).completed == 3_000


def test_a_plan_without_a_format_is_of_the_first() -> None:
    oldest = b'{"columns": ["customerID", ""], "chunks": [[10, 20, 1, 2]]}'
    assert plan.Plan.from_bytes(oldest) == plan.Plan(("customerID", ""), (plan.Chunk(10, 20, 1, 2),))
    with pytest.raises(plan.NewerPlan):
        plan.Plan.from_bytes(b'{"format": 3}')


def test_a_job_with_options_is_left_alone_by_a_worker_that_knew_none(
    bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first program's workers read plans of format 1 only, and ignored the options of a record."""
    jobs = [bench.submit(many_customers(5), options=options) for options in (DEFAULTS, JobOptions(reasons=1))]
    monkeypatch.setattr(plan, "FORMAT", 1)
    for _ in range(3):
        bench.drain()
        bench.clock.pass_by(minutes=1)
        bench.sweeper.sweep()
    assert [bench.status(job) for job in jobs] == ["completed", "validating"]
    monkeypatch.undo()
    sweep_until_sent(bench)
    bench.drain()
    assert bench.status(jobs[1]) == "completed"
    assert b"reason_1" in bench.file(jobs[1], "results")
    assert b"reason_2" not in bench.file(jobs[1], "results")


# The least that the first version of each object has; all that came later has a default.
OLDEST = ("id", "status", "filename", "created_at", "expires_at", "model_version", "total", "chunks", "size", "sha256")


def test_an_older_programs_objects_are_read(bench: Any, many_customers: Make) -> None:
    data = many_customers(5)
    job = bench.submit(data, key="k")
    record = members(bench, paths.record(job.id))
    oldest = json.dumps({name: record[name] for name in OLDEST}).encode()
    overwrite(bench, paths.record(job.id), oldest)
    overwrite(bench, str(job.claim), oldest)
    overwrite(bench, paths.expiry(job.id, job.expires), b"")
    held = {"count": 1, "token": "t", "turn": 0, "host": "h", "process": 1, "began": "1", "lost": True}
    overwrite(bench, paths.attempt(job.id, "000000"), json.dumps(held).encode())
    assert bench.submit(data, key="k").id == job.id
    bench.drain()
    assert bench.status(job) == "completed"


def test_an_older_program_reads_what_is_written_now(bench: Any, many_customers: Make) -> None:
    """Which takes a record's members that it knows, and wants these of an attempt."""
    job = bench.submit(many_customers(5), key="k")
    record = members(bench, paths.record(job.id))
    assert {name: type(record[name]) for name in OLDEST if name != "filename"} == {
        **dict.fromkeys(("id", "status", "created_at", "expires_at", "model_version", "sha256"), str),
        **dict.fromkeys(("total", "chunks", "size"), int),
    }
    assert record["span"] == 1
    attempt = json.loads(Attempt(1, "h", 1, "1").to_bytes())
    assert set(attempt) == {"count", "token", "turn", "host", "process", "began", "lost", "reason"}
    assert {name: type(attempt[name]) for name in ("token", "turn")} == {"token": str, "turn": int}


def test_a_job_that_is_deleted_while_a_step_works_on_it_is_no_error(
    bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job = bench.submit(many_customers(5))
    whole = bench.steps._ending.complete

    def complete(*arguments: Any) -> None:
        whole(*arguments)
        bench.job_service.delete(job.id)
        bench.repository.load(job.id)

    monkeypatch.setattr(bench.steps._ending, "complete", complete)
    with caplog.at_level(logging.INFO):
        bench.drain()
    assert [record.message for record in caplog.records if record.levelno > logging.INFO] == []


def test_a_record_keeps_all_its_members() -> None:
    job = Job("job_x", "queued", None, "2026-11-23T14:00:00+00:00", "2026-11-30T14:00:00+00:00", "v", 1, 1, 1, "")
    assert Job.from_bytes(job.to_bytes()) == job


def test_the_sweep_leaves_a_kind_of_job_that_only_a_newer_program_knows_to_it(bench: Any) -> None:
    key = f"{paths.ACTIVE}new_01JD0000000000000000000000"
    overwrite(bench, key, b"")
    bench.sweeper.sweep()
    bench.clock.pass_by(days=1)
    bench.sweeper.sweep()
    assert key in bench.held()
