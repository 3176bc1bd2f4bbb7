"""Jobs without processes: a store, a clock that stands still, a queue that is a list, and the steps over them."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from tests.telco import TELCO

from churn.schema import Schema
from churn.store.directory import DirectoryStore
from churn.store.interface import Entry
from churn_api.jobs import answers, ids
from churn_api.jobs.job import Job, Progress
from churn_api.jobs.job_metrics import ChunkStats
from churn_api.jobs.options import DEFAULTS, JobOptions
from churn_api.jobs.queue import Step
from churn_api.jobs.recovery import Sweeper
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.repository import JobRepository
from churn_api.jobs.service import JobService
from churn_api.jobs.steps import Steps
from churn_api.jobs.submission import Limits, Submissions
from churn_trainer.data import sample

SAMPLE = sample.csv_bytes()
HEADER = SAMPLE[: SAMPLE.index(b"\n") + 1]

# The least that a chunk can have: jobs of a few thousand rows have several.
CHUNK_BYTES = 200_000


class Clock:
    """The time of a test, which passes when the test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


class DatedStore(DirectoryStore):
    """A folder whose objects are dated by the test's clock, each a microsecond after the one before it."""

    def __init__(self, folder: DirectoryStore, clock: Clock) -> None:
        super().__init__(folder._root)
        self._clock, self._ticks = clock, count(1)
        self._dates: dict[str, datetime] = {}

    def put(self, key: str, *arguments: Any, **options: Any) -> str:
        etag = super().put(key, *arguments, **options)
        self._dates[key] = self._clock() + timedelta(microseconds=next(self._ticks))
        return etag

    def head(self, key: str) -> Entry:
        return self._dated(super().head(key))

    def list(self, prefix: str, **options: Any) -> Iterator[Entry]:
        return map(self._dated, super().list(prefix, **options))

    def _dated(self, entry: Entry) -> Entry:
        return entry._replace(modified=self._dates.get(entry.key, entry.modified))


class ListQueue:
    """Steps in a list, taken by the test; may be away. An announcement waits once, as it does in Redis."""

    def __init__(self) -> None:
        self.steps: list[tuple[Step, str, int | None]] = []
        self.away = False
        self.smaller = False

    def send(self, step: Step, job_id: str, number: int | None = None, _: int = 0) -> bool:
        if not self.away and not (step == "notify" and (step, job_id, number) in self.steps):
            self.steps.append((step, job_id, number))
        return not self.away

    def smaller_waits(self, _: int) -> bool:
        return self.smaller

    def is_idle(self) -> bool:
        return not self.steps and not self.away


class ListMeter:
    """What was counted."""

    def __init__(self) -> None:
        self.jobs: list[str] = []
        self.rows = self.outcomes = Progress(0, 0)
        self.tallies: list[ChunkStats] = []
        self.active = 0

    def count_job(self, status: str, seconds: float | None = None) -> None:
        assert (seconds is not None) == (status in ("completed", "failed", "cancelled"))
        self.jobs.append(status)

    def count_chunk(self, progress: Progress, tally: ChunkStats) -> None:
        self.rows = Progress(self.rows.completed + progress.completed, self.rows.failed + progress.failed)
        self.tallies.append(tally)

    def count_outcomes(self, progress: Progress) -> None:
        self.outcomes = Progress(self.outcomes.completed + progress.completed, self.outcomes.failed + progress.failed)

    def set_active(self, jobs: int) -> None:
        self.active = jobs


class Bench:
    """Everything that jobs consist of, in one place and under the test's control."""

    def __init__(self, folder: DirectoryStore, version: str) -> None:
        self.version = version
        self.clock, self.queue, self.metrics = Clock(), ListQueue(), ListMeter()
        self.store = DatedStore(folder, self.clock)
        self.repository = JobRepository(self.store, self.clock)
        self.limits = Limits(upload_mb=10, ttl_days=7, chunk_bytes=CHUNK_BYTES)
        self.submissions = Submissions(self.repository, self.queue, self.metrics, self.limits)
        self.job_service = JobService(self.repository, self.queue, self.metrics, ids.JOB, answers.describe_job)
        self.steps = Steps(self.repository, self.queue, ReleaseCache(self.store), self.metrics)
        self.sweeper = Sweeper(self.repository, self.queue, self.metrics, timedelta(0))

    def submit(
        self,
        data: bytes,
        *,
        key: str | None = None,
        filename: str | None = None,
        options: JobOptions = DEFAULTS,
        schema: Schema = TELCO,
    ) -> Job:
        """Hand in a file for the version in service, whose customers are the schema's."""
        blocks = (data[start : start + 50_000] for start in range(0, len(data), 50_000))
        return self.submissions.accept(blocks, filename, key, self.version, schema, options=options).job

    def take(self, step: tuple[Step, str, int | None] | None = None) -> None:
        """Do one step, the next one unless it is named."""
        name, job_id, number = step or self.queue.steps.pop(0)
        match name:
            case "start":
                self.steps.start(job_id)
            case "chunk":
                assert number is not None
                self.steps.chunk(job_id, number)
            case "finish":
                self.steps.finish(job_id)
            case "settle":
                self.steps.settle(job_id)

    def drain(self) -> None:
        while self.queue.steps:
            self.take()

    def status(self, job: Job) -> str:
        return self.repository.load(job.id).status

    def file(self, job: Job, kind: Any, *, raw: bool = False) -> bytes:
        return b"".join(self.job_service.download(job.id, kind, raw=raw).read())

    def held(self) -> list[str]:
        """What the store holds of jobs, but for the sweep's own mark."""
        return [entry.key for entry in self.store.list("jobs/") if not entry.key.endswith("sweep.json")]


@pytest.fixture
def bench(store: DirectoryStore, publish: Callable[..., str]) -> Bench:
    return Bench(store, publish(store))


@pytest.fixture(scope="session")
def customers_csv() -> bytes:
    """A table of 7,043 synthetic customers, with their labels."""
    return SAMPLE


@pytest.fixture(scope="session")
def header_line() -> bytes:
    return HEADER


@pytest.fixture(scope="session")
def rows_of() -> Callable[[bytes], list[dict[str, str]]]:
    """A function that reads a CSV of results or errors."""

    def read(data: bytes) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(data.decode(), newline="")))

    return read


@pytest.fixture(scope="session")
def many_customers() -> Callable[[int], bytes]:
    """A function that makes a table of so many customers with ids of their own, in several chunks if they are many."""

    def make(count: int) -> bytes:
        rows = SAMPLE[len(HEADER) :].splitlines()
        return HEADER + b"".join(_renamed(rows[number % len(rows)], number) for number in range(count))

    return make


def _renamed(row: bytes, number: int) -> bytes:
    return b"%07d-ROW," % number + row.partition(b",")[2] + b"\n"
