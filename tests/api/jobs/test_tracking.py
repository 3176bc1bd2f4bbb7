"""What is kept of a job: each row once whatever is cut off, and nothing where the job is not completed."""

import io
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import polars as pl
import pytest
from tests.telco import FIELDS, TELCO

from churn.errors import StoreUnavailable
from churn.tracking.predictions import columns_of
from churn_api.jobs import paths, tracking
from churn_api.jobs.options import JobOptions
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.steps import Steps
from churn_api.tracking.parquet import metadata_of

Make = Callable[[int], bytes]

CALLS = ("get", "put", "read", "fetch", "write", "concatenate", "head", "list", "delete")

SOME = 3_000


class Killed(BaseException):
    """The end of a process."""


class Cut:
    """Cuts off the store's call of this number, from 0, before or after it is done; once."""

    def __init__(self, number: int, error: BaseException, *, done: bool) -> None:
        self.left, self.error, self.done = number, error, done

    def over(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def cut(*arguments: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left == -1 and not self.done:
                raise self.error
            answer = call(*arguments, **options)
            if self.left == -1:
                raise self.error
            return answer

        return cut


def kept(bench: Any) -> pl.DataFrame:
    """Everything that is tracked."""
    files = [bench.store.get(entry.key).data for entry in bench.store.list("tracking/predictions/")]
    return pl.concat([pl.read_parquet(io.BytesIO(data)) for data in files]) if files else pl.DataFrame()


def refused(bench: Any) -> list[dict[str, Any]]:
    return [json.loads(bench.store.get(entry.key).data) for entry in bench.store.list("tracking/refused/")]


def keys(bench: Any) -> list[str]:
    """What is kept of jobs, each by itself."""
    return [entry.key for entry in bench.store.list("tracking/") if not entry.key.startswith("tracking/daily/")]


def days(bench: Any) -> list[dict[str, Any]]:
    """The sums of all days."""
    return [json.loads(bench.store.get(entry.key).data) for entry in bench.store.list("tracking/daily/")]


def finish(bench: Any) -> None:
    """Do all steps; what a worker lost is found by the sweep."""
    while True:
        try:
            bench.drain()
            if not list(bench.repository.active()):
                return
            bench.clock.pass_by(minutes=1)
            bench.sweeper.sweep()
        except (StoreUnavailable, Killed):
            pass


def test_a_completed_job_is_tracked_row_by_row(bench: Any, many_customers: Make, rows_of: Any) -> None:
    job = bench.submit(many_customers(SOME))
    bench.clock.pass_by(minutes=3)
    bench.drain()
    results = rows_of(bench.file(job, "results", raw=True))
    table = kept(bench)
    assert dict(table.schema) == columns_of(TELCO)
    assert table["customer_id"].to_list() == [row["customerID"] for row in results]
    assert [f"{p:.6f}" for p in table["probability"]] == [f"{float(row['churn_probability']):.6f}" for row in results]
    [one] = table.select("scored_at", "release", "source", "assumed").unique().rows()
    assert one == (datetime(2026, 11, 23, 14, 3, tzinfo=UTC), bench.version, "job", 0)
    files = [key for key in keys(bench) if "/predictions/" in key]
    assert files == [f"tracking/predictions/month=2026-11/{job.id}-{n:06d}.parquet" for n in range(job.chunks)]
    assert {metadata_of(bench.store.get(key).data)["schema"] for key in files} == {TELCO.hash}
    told = {"at": "2026-11-23T14:03:00+00:00", "rows": SOME, "refused": 0, "faults": {}}
    assert refused(bench) == [told]


def test_what_a_field_holds_is_tracked_as_it_was_read(bench: Any, many_customers: Make, header_line: bytes) -> None:
    names = header_line.decode().strip().split(",")
    rows = [line.split(",") for line in many_customers(4).decode().splitlines()[1:]]
    rows[1][names.index("tenure")] = "12"
    for absent in ("PaymentMethod", "Partner", "TotalCharges"):
        rows[2][names.index(absent)] = ""
    rows[3][names.index("customerID")] = ""
    bench.submit("\n".join([",".join(names), *map(",".join, rows)]).encode())
    bench.drain()
    table = kept(bench)
    read = [TELCO.reader.read(dict(zip(names, row, strict=True))) for row in rows[:3]]
    held = table.select(f"field.{name}" for name in FIELDS).rows()
    assert table["customer_id"].to_list() == [reading.customer_id for reading in read]
    assert held == [tuple(reading.customer) for reading in read]
    assert held[2][list(FIELDS).index("PaymentMethod")] is None
    assert table["assumed"].to_list() == [len(reading.assumed) for reading in read]


def test_refused_rows_are_counted_by_their_faults(bench: Any, many_customers: Make, header_line: bytes) -> None:
    tenure = header_line.decode().strip().split(",").index("tenure")
    rows = [line.split(",") for line in many_customers(SOME).decode().splitlines()]
    for number in (1, 2, SOME):
        rows[number][tenure] = "999"
    job = bench.submit("\n".join(map(",".join, rows)).encode())
    assert job.chunks > 1
    bench.drain()
    assert len(kept(bench)) == SOME - 3
    [told] = refused(bench)
    assert (told["rows"], told["refused"], told["faults"]) == (SOME, 3, {"tenure:out_of_range": 3})


def test_a_table_without_ids_leaves_only_its_counts(bench: Any, many_customers: Make) -> None:
    lines = [line.partition(b",")[2] for line in many_customers(5).splitlines()]
    bench.submit(b"\n".join(lines))
    bench.drain()
    assert [told["rows"] for told in refused(bench)] == [5]
    assert len(keys(bench)) == 1


def test_nothing_is_tracked_where_that_is_switched_off(bench: Any, many_customers: Make) -> None:
    bench.steps = Steps(bench.repository, bench.queue, ReleaseCache(bench.store), bench.metrics, tracked=False)
    job = bench.submit(many_customers(5))
    bench.drain()
    assert bench.status(job) == "completed"
    assert keys(bench) == days(bench) == []


@pytest.fixture(autouse=True)
def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody pulls the plug of these tests, who write some thousand objects."""
    monkeypatch.setattr("churn.store.directory.os.fsync", lambda _: None)


@pytest.mark.parametrize("done", [False, True], ids=["before the call", "after the call"])
@pytest.mark.parametrize("error", [StoreUnavailable("here", "a test"), Killed()], ids=["the store", "the process"])
def test_each_row_is_tracked_once_whatever_call_of_the_store_is_cut_off(
    bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch, error: BaseException, done: bool
) -> None:
    data = many_customers(SOME)
    names = [f"{number:07d}-ROW" for number in range(SOME)]
    for number in count():
        job = bench.submit(data)
        cut = Cut(number, error, done=done)
        with monkeypatch.context() as patch:
            for name in CALLS:
                patch.setattr(bench.store, name, cut.over(getattr(bench.store, name)))
            finish(bench)
        assert bench.status(job) == "completed"
        assert kept(bench)["customer_id"].to_list() == names
        assert [told["rows"] for told in refused(bench)] == [SOME]
        assert [(run["job"], run["total"]["customers"]) for run in days(bench)] == [(job.id, SOME)]
        assert not any("at_risk" in key for key in bench.held())
        bench.job_service.delete(job.id)
        assert kept(bench)["customer_id"].to_list() == names, "tracking outlives the job"
        bench.store.delete([entry.key for entry in bench.store.list("tracking/")])
        if cut.left >= 0:
            return


@pytest.mark.parametrize("before", range(0, 60, 3))
def test_a_job_that_is_cancelled_leaves_nothing(
    bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    job = bench.submit(many_customers(SOME))
    cut = Cut(before, Killed(), done=True)
    with monkeypatch.context() as patch:
        for name in CALLS:
            patch.setattr(bench.store, name, cut.over(getattr(bench.store, name)))
        with suppress(Killed):
            bench.drain()
    if not bench.repository.load(job.id).finished:
        bench.job_service.cancel(job.id)
        finish(bench)
        assert bench.status(job) == "cancelled"
        assert keys(bench) == days(bench) == []


def test_a_finish_that_comes_after_a_cancelled_end_takes_back_what_it_wrote(bench: Any, many_customers: Make) -> None:
    job = bench.submit(many_customers(5))
    while bench.queue.steps[0][0] != "finish":
        bench.take()
    step = bench.queue.steps[0]
    done = bench.repository.done(job.id)
    job = bench.repository.load(job.id)
    bench.job_service.cancel(job.id)
    part = bench.store.get(paths.tracked(job.id, 0)).data
    bench.drain()
    bench.store.put(paths.tracked(job.id, 0), part, content_type=tracking.PARQUET)
    tracking.keep(bench.store, job, done)
    assert len(keys(bench)) == 2
    bench.take(step)
    assert keys(bench) == days(bench) == []
    assert bench.held() == [key for key in bench.held() if "/chunks/" not in key]


def test_a_job_that_fails_leaves_nothing(bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    job = bench.submit(many_customers(5))
    monkeypatch.setattr(bench.steps._ending, "complete", lambda *_: 1 / 0)
    bench.drain()
    assert bench.status(job) == "failed"
    assert keys(bench) == days(bench) == []


def test_a_job_that_expires_before_its_end_leaves_nothing(
    bench: Any, many_customers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = bench.submit(many_customers(5))
    bench.drain()
    of_finished = keys(bench)
    bench.submit(many_customers(5))
    cut = Cut(0, Killed(), done=False)
    monkeypatch.setattr(bench.steps._ending, "complete", cut.over(bench.steps._ending.complete))
    with pytest.raises(Killed):
        bench.drain()
    assert len(keys(bench)) == 2 * len(of_finished)
    bench.queue.steps.clear()
    bench.clock.pass_by(days=7)
    bench.sweeper.sweep()
    assert bench.held() == []
    assert keys(bench) == of_finished
    assert finished.id in of_finished[0]
    assert [run["job"] for run in days(bench)] == [finished.id]


def test_chunks_by_an_older_program_are_missing_and_stop_nothing(bench: Any, many_customers: Make) -> None:
    job = bench.submit(many_customers(SOME))
    while bench.queue.steps[0][0] != "finish":
        bench.take()
    bench.store.delete([paths.tracked(job.id, 0), paths.chunk_at_risk(job.id, 0)])
    bench.drain()
    assert bench.status(job) == "completed"
    assert days(bench) == [], "sums of a part of the customers would be too few"
    assert 0 < len(kept(bench)) < SOME
    assert [told["rows"] for told in refused(bench)] == [SOME]


def test_a_job_as_of_a_day_is_tracked_with_that_day(bench: Any, many_customers: Make) -> None:
    job = bench.submit(many_customers(5), options=JobOptions(as_of=date(2026, 3, 1)))
    bench.drain()
    assert set(kept(bench)["scored_at"]) == {datetime(2026, 3, 1, tzinfo=UTC)}
    assert keys(bench) == [
        f"tracking/predictions/month=2026-03/{job.id}-000000.parquet",
        f"tracking/refused/month=2026-03/{job.id}.json",
    ]
    assert refused(bench)[0]["at"] == "2026-03-01T00:00:00+00:00"
