"""Outcomes go the way of jobs: each accepted row is in the table once, whatever fails, and none that was cancelled."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from tests.api.jobs.workbooks import archive, sheet

from churn.errors import StoreUnavailable
from churn.tracking import layout
from churn.tracking.outcome_schema import OutcomeSchema
from churn.tracking.outcomes import COLUMNS
from churn_api.jobs import answers, ids, paths
from churn_api.jobs.errors import IdempotencyConflict, InvalidUpload, JobConflict, UnknownJob
from churn_api.jobs.job import Job, Progress
from churn_api.jobs.service import JobService

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STYLES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles"

HEADER = b"customerID,left_at,stayed_until\n"
Send = Callable[..., Job]


def table(count: int) -> bytes:
    """So many rows, every tenth of which is refused; in several chunks if they are many."""
    rows = (b"C%06d,%s,\n" % (row, b"2026-11-03" if row % 10 else b"soon") for row in range(count))
    return HEADER + b"".join(rows)


@pytest.fixture
def send(bench: Any) -> Send:
    """A function that hands in outcomes."""

    def accept(data: bytes, key: str | None = None) -> Job:
        schema = OutcomeSchema(bench.clock().date())
        return bench.submissions.accept([data], "outcomes.csv", key, "", schema, kind=ids.OUTCOMES).job  # type: ignore[no-any-return]

    return accept


@pytest.fixture
def service(bench: Any) -> JobService[answers.Outcomes]:
    return JobService(bench.repository, bench.queue, bench.metrics, ids.OUTCOMES, answers.describe_outcomes)


def tracked(bench: Any) -> pl.DataFrame:
    """All outcomes that the store holds."""
    files = [bench.store.get(entry.key).data for entry in bench.store.list(layout.OUTCOMES)]
    return pl.concat([pl.DataFrame(schema=COLUMNS), *(pl.read_parquet(io.BytesIO(data)) for data in files)])


def test_outcomes_go_through_their_states_into_the_table(bench: Any, send: Send, service: Any, rows_of: Any) -> None:
    job = send(table(30_000))
    assert job.chunks > 2
    assert service.get(job.id)["status"] == "queued"
    bench.drain()
    shown = service.get(job.id)
    assert shown["object"] == "outcomes"
    assert shown["status"] == "completed"
    assert shown["request_counts"] == {"total": 30_000, "completed": 27_000, "failed": 3_000}
    errors = rows_of(b"".join(service.download(job.id, "errors").read()))
    assert errors[1] | {"message": ""} == {
        "row": "11",
        "customerID": "C000010",
        "field": "left_at",
        "code": "wrong_type",
        "message": "",
    }
    held = tracked(bench).sort("row")
    assert held["row"].to_list() == [row + 1 for row in range(30_000) if row % 10]
    assert held.row(0, named=True) == dict.fromkeys(COLUMNS) | {
        "customer_id": "C000001",
        "left_at": date(2026, 11, 3),
        "received_at": datetime(2026, 11, 23, 14, tzinfo=UTC),
        "row": 2,
    }
    assert {entry.key.split("/")[2] for entry in bench.store.list(layout.OUTCOMES)} == {"month=2026-11"}
    assert bench.metrics.outcomes == Progress(27_000, 3_000)
    assert bench.metrics.rows == Progress(0, 0)


def test_nothing_but_the_files_is_left_in_the_folder(bench: Any, send: Send) -> None:
    job = send(table(5_000))
    bench.drain()
    own = [key.removeprefix(paths.folder(job.id)) for key in bench.held() if key.startswith(paths.folder(job.id))]
    assert own == ["errors.csv", "input.csv", "job.json", "plan.json"]
    assert not list(bench.repository.active())


def test_no_release_is_needed(bench: Any, send: Send, service: Any) -> None:
    bench.store.delete([entry.key for entry in bench.store.list("models/")])
    job = send(HEADER + b"A,2026-11-03,\n")
    bench.drain()
    assert service.get(job.id)["status"] == "completed"


class Failing:
    """A store of which one call fails, the `number`th of those that change something or look for it."""

    def __init__(self, store: Any, number: int) -> None:
        self._store, self._left = store, number
        self.failed = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in ("put", "get", "delete", "list", "head", "write", "fetch", "concatenate", "read"):
            return method

        def call(*arguments: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                self.failed = True
                if name in ("put", "concatenate"):  # done, but nobody hears of it
                    method(*arguments, **options)
                raise StoreUnavailable("the store", "a test")
            return method(*arguments, **options)

        return call


def failing_everywhere(bench: Any, make: Callable[[], Any]) -> Iterator[Any]:
    """Yield what `make` makes while one call of the store after the other fails, until none is left that could."""
    number = 0
    failed = True
    while failed:
        number += 1
        made = make()
        store = Failing(bench.store, number)
        bench.repository.store = bench.steps._store = bench.steps._spans._store = bench.sweeper._store = store
        yield made
        failed = store.failed
        bench.repository.store = bench.steps._store = bench.steps._spans._store = bench.sweeper._store = bench.store


def work(bench: Any) -> None:
    """Do what waits, again where the store is away, and let the sweep find what was lost."""
    for _ in range(20):
        while bench.queue.steps:
            step = bench.queue.steps[0]
            try:
                bench.take(step)
            except StoreUnavailable:
                continue
            bench.queue.steps.remove(step)
        bench.clock.pass_by(minutes=10)
        try:
            bench.sweeper.sweep()
        except StoreUnavailable:
            continue
        if not bench.queue.steps and not list(bench.store.list(paths.ACTIVE)):
            return
    raise AssertionError("the job does not end")


def test_every_accepted_row_is_there_once_whatever_call_of_the_store_fails(bench: Any, send: Send) -> None:
    data = HEADER + b"A,2026-11-03,\nB,,soon\n" + b"C,,2026-11-04\n" * 4
    for job in failing_everywhere(bench, lambda: send(data)):
        work(bench)
        assert Job.from_bytes(bench.store.get(paths.record(job.id)).data).status == "completed"
        assert sorted(tracked(bench)["customer_id"]) == ["A", "C", "C", "C", "C"]
        bench.store.delete([entry.key for entry in bench.store.list(layout.OUTCOMES)])


@pytest.mark.parametrize("steps", range(4))
def test_what_is_cancelled_leaves_nothing(bench: Any, send: Send, service: Any, steps: int) -> None:
    job = send(table(20_000))
    for _ in range(steps):
        bench.take()
    service.cancel(job.id)
    work(bench)
    assert bench.status(job) == "cancelled"
    assert tracked(bench).is_empty()


def test_outcomes_that_are_finalizing_can_no_longer_be_cancelled(
    bench: Any, send: Send, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = send(table(100))
    plain = bench.store.concatenate

    def concatenate(key: str, *arguments: Any, **options: Any) -> None:
        with pytest.raises(JobConflict, match="cannot be cancelled"):
            service.cancel(job.id)
        plain(key, *arguments, **options)

    monkeypatch.setattr(bench.store, "concatenate", concatenate)
    bench.drain()
    assert bench.status(job) == "completed"
    assert len(tracked(bench)) == 90


def test_what_fails_in_the_end_leaves_nothing(bench: Any, send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    job = send(table(20_000))
    plain = bench.store.concatenate

    def concatenate(key: str, *arguments: Any, **options: Any) -> None:
        if key.endswith("000001.parquet"):
            raise ValueError("a test")
        plain(key, *arguments, **options)

    monkeypatch.setattr(bench.store, "concatenate", concatenate)
    bench.drain()
    assert bench.status(job) == "failed"
    assert tracked(bench).is_empty()


def test_a_key_stands_for_one_request_of_each_kind(bench: Any, send: Send, many_customers: Any) -> None:
    first = send(table(100), key="k")
    assert send(table(100), key="k").id == first.id
    with pytest.raises(IdempotencyConflict):
        send(table(101), key="k")
    assert bench.submit(many_customers(10), key="k").kind == "job"
    bench.drain()
    assert send(table(100), key="k").id == first.id
    assert len(tracked(bench)) == 90


def test_what_expires_is_forgotten_but_its_outcomes_stay(bench: Any, send: Send, service: Any) -> None:
    job = send(table(100))
    bench.drain()
    bench.clock.pass_by(days=8)
    bench.sweeper.sweep()
    with pytest.raises(UnknownJob, match="GET /outcomes"):
        service.get(job.id)
    assert len(tracked(bench)) == 90


def test_jobs_and_outcomes_do_not_see_each_other(bench: Any, send: Send, service: Any, many_customers: Any) -> None:
    job, outcomes = bench.submit(many_customers(10)), send(table(10))
    assert [shown["id"] for shown in bench.job_service.page(10, None)["data"]] == [job.id]
    assert [shown["id"] for shown in service.page(10, None)["data"]] == [outcomes.id]
    for other, job_id in ((service, job.id), (bench.job_service, outcomes.id)):
        for call in (other.get, other.cancel, other.delete):
            with pytest.raises(UnknownJob):
                call(job_id)
        with pytest.raises(UnknownJob):
            other.download(job_id, "errors")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"customerID\nA\n", "table of outcomes"),
        (b"left_at\n2026-11-03\n", "table of outcomes"),
        (b"customerID,left_at,Left At\n", "table of outcomes"),
        (HEADER + b'"open', "never closed"),
        (HEADER + b"A,soon,\n" * 1_000, "None of the first 1,000 rows"),
        (b"%PDF-1.4", "PDF"),
        (HEADER + b"\xff\xfe\x00\n", "UTF-8"),
    ],
)
def test_a_file_that_is_none_is_refused_and_leaves_nothing(bench: Any, send: Send, data: bytes, words: str) -> None:
    with pytest.raises(InvalidUpload, match=words):
        send(data)
    assert bench.held() == []


def test_hostile_rows_spoil_no_other(bench: Any, send: Send, service: Any, rows_of: Any) -> None:
    rows = [
        b"=cmd(),2026-11-03,",
        b"A,2026-11-03",
        b"B,2026-11-03,,,",
        b'"C\n,""",2026-11-03,',
        b"\x00,2026-11-03,",
        b"D,99999999999999999999999-01-01,",
        b"E," + b"9" * 5_000 + b",",
        "＝,2026-11-03,".encode(),
        b" , ,2026-11-03",
        b"F,,2026-11-03",
    ]
    job = send(HEADER + b"\n".join(rows))
    bench.drain()
    shown = service.get(job.id)
    assert shown["request_counts"] == {"total": 10, "completed": 3, "failed": 7}
    assert tracked(bench)["customer_id"].to_list() == ["=cmd()", "＝", "F"]
    errors = rows_of(b"".join(service.download(job.id, "errors").read()))
    assert [int(error["row"]) for error in errors] == [2, 3, 4, 5, 6, 7, 9]
    assert max(map(len, (error["message"] for error in errors))) < 200


def test_tables_with_types_of_their_own_are_read_like_text(bench: Any, send: Send, service: Any) -> None:
    noon = datetime(2026, 11, 3, 12, tzinfo=UTC)
    table = pl.DataFrame(
        {
            "customerID": [1, 2, 3],
            "left_at": [date(2026, 11, 3), None, None],
            "stayed_until": pl.Series([None, noon, noon], dtype=pl.Datetime("us", "UTC")),
            "accepted": [None, True, False],
            "campaign": [None, "spring", "spring"],
            "cost": [None, 12.5, 0.0],
        }
    )
    parquet = io.BytesIO()
    table.write_parquet(parquet)
    job = send(parquet.getvalue())
    bench.drain()
    assert service.get(job.id)["request_counts"]["completed"] == 3
    assert tracked(bench).select("customer_id", "left_at", "stayed_until", "accepted", "cost").rows() == [
        ("1", date(2026, 11, 3), None, None, None),
        ("2", None, date(2026, 11, 3), True, 12.5),
        ("3", None, date(2026, 11, 3), False, 0.0),
    ]


def test_a_date_of_excel_is_a_date(bench: Any, send: Send) -> None:
    """Excel keeps it as a number, and shows it as a day by the cell's style."""
    names = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in ("customerID", "left_at"))
    cells = '<c><v>7</v></c><c s="1"><v>46329</v></c>'
    styles = '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
    relation = f'<Relationship Id="r9" Type="{_STYLES}" Target="styles.xml"/>'
    sheets = {"November": sheet(f"<row>{names}</row><row>{cells}</row>")}
    sheet_of_styles = f'<styleSheet xmlns="{_MAIN}">{styles}</styleSheet>'
    send(archive(sheets, relations=relation, styles=sheet_of_styles))
    bench.drain()
    assert tracked(bench).select("customer_id", "left_at").rows() == [("7", date(2026, 11, 3))]
