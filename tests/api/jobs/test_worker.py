"""Jobs by real workers over a real queue, which are killed and wiped; the API in this process, or under gunicorn."""

import csv
import io
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from tests.bank import BANK, bank_predictor, client, clients
from tests.made_up import published

from churn import release
from churn.store.interface import ObjectStore
from churn.store.opening import open_store
from churn.tracking.layout import INCOMING, PREDICTIONS
from churn_api.app import create_app
from churn_api.celery_queue import ANNOUNCEMENTS
from churn_api.jobs import paths
from churn_api.jobs.repository import JobRepository
from churn_api.metrics.workers import living
from churn_api.settings import ApiSettings

Make = Callable[[int], bytes]


class Stack:
    """The API and a number of workers over one store and one queue."""

    def __init__(self, root: Path, folder: Path, queue_url: str) -> None:
        self.folder = folder
        self.queue_url = queue_url
        self.store_url = f"file://{folder}/store"
        self.store: ObjectStore = open_store(self.store_url)
        self.store.ensure_bucket()
        self._root = root
        self._workers: list[subprocess.Popen[bytes]] = []
        self.app: Flask

    def open(self, **more: Any) -> None:
        settings = ApiSettings(store_url=self.store_url, queue_url=self.queue_url, job_chunk_mb=0.25, **more)
        self.app = create_app(settings)

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def start_worker(self, *python: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start a worker as containers do, or with `python` as its program."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CHURN_")}
        environment |= {
            "PYTHONPATH": f"{self._root}/shared{os.pathsep}{self._root}/services/api",
            "TMPDIR": str(self.folder),
            "CHURN_STORE_URL": self.store_url,
            "CHURN_QUEUE_URL": self.queue_url,
            "CHURN_SWEEP_SECONDS": "0.5",
            "OPENBLAS_NUM_THREADS": "1",
        }
        command = [sys.executable, *(python or ("-m", "celery")), "--quiet", "--app", "churn_api.worker.app", "worker"]
        with (self.folder / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [*command, "-n", f"{time.monotonic_ns()}@%h"],
                env=environment | settings,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._workers.append(worker)
        return worker

    def kill_workers(self) -> None:
        """End all workers at once, parents and children, as a power cut does."""
        for worker in self._workers:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        self._workers.clear()

    def submit(self, data: bytes) -> str:
        answer = self.client.post("/jobs", data=data, content_type="text/csv")
        assert answer.status_code == 202, answer.text
        return str(answer.json["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        return self.client.get(f"/jobs/{job_id}").json  # type: ignore[no-any-return]

    def wait(self, job_id: str, *, seconds: float = 60) -> dict[str, Any]:
        """The job, once it is finished; its progress never goes back."""
        end, completed = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            job = self.job(job_id)
            assert job["request_counts"]["completed"] >= completed, job
            completed = job["request_counts"]["completed"]
            if job["finished_at"]:
                return job
            time.sleep(0.05)
        raise AssertionError(f"not finished: {job}\n{(self.folder / 'worker.log').read_text()[-3000:]}")

    def files(self, job_id: str) -> tuple[bytes, bytes]:
        results, errors = (self.client.get(f"/jobs/{job_id}/{kind}", buffered=True) for kind in ("results", "errors"))
        assert (results.status_code, errors.status_code) == (200, 200)
        return results.data, errors.data


@pytest.fixture(scope="module")
def stack(root: Path, start_redis: Callable[..., str], publish: Callable[..., str]) -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="jobs-") as folder:
        stack = Stack(root, Path(folder), start_redis())
        publish(stack.store)
        stack.open()
        yield stack
        stack.kill_workers()


@pytest.fixture(autouse=True)
def worker(stack: Stack) -> None:
    """One worker for each test, the last one's if it lives."""
    stack._workers[:] = [worker for worker in stack._workers if worker.poll() is None]
    if not stack._workers:
        stack.start_worker()


@pytest.fixture(scope="module")
def table(many_customers: Make) -> bytes:
    """20,000 rows in about ten chunks, some of them with faults, some with absent fields."""
    data = many_customers(20_000).replace(b"ROW,Female,0,Yes", b"ROW,Female,0,", 40)
    return data.replace(b"Mailed check", b"Mailed cheque", 100)


@pytest.fixture(scope="module")
def undisturbed(stack: Stack, table: bytes) -> tuple[bytes, bytes]:
    """The files of a job over the table that nobody disturbed."""
    if not stack._workers:
        stack.start_worker()
    job = stack.wait(stack.submit(table))
    assert job["status"] == "completed"
    assert job["request_counts"] == {"total": 20_000, "completed": 19_900, "failed": 100}
    return stack.files(job["id"])


def until(stack: Stack, job_id: str, rows: int) -> None:
    """Wait until so many rows of a job are done."""
    end = time.monotonic() + 30
    while stack.job(job_id)["request_counts"]["completed"] < rows:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_killed_worker_costs_time_and_nothing_else(
    stack: Stack, table: bytes, undisturbed: tuple[bytes, bytes]
) -> None:
    job_id = stack.submit(table)
    for rows in (1, 6_000, 12_000):
        until(stack, job_id, rows)
        stack.kill_workers()
        stack.start_worker()
    assert stack.wait(job_id)["status"] == "completed"
    assert stack.files(job_id) == undisturbed


def test_a_wiped_queue_costs_time_and_nothing_else(
    stack: Stack, table: bytes, undisturbed: tuple[bytes, bytes]
) -> None:
    with redis.Redis.from_url(stack.queue_url) as client:
        job_ids = [stack.submit(table) for _ in range(2)]
        until(stack, job_ids[0], 2_000)
        client.flushall()
    for job_id in job_ids:
        assert stack.wait(job_id)["status"] == "completed"
        assert stack.files(job_id) == undisturbed


@contextmanager
def store_away(stack: Stack) -> Iterator[None]:
    """Nobody finds the store's folder."""
    store, hidden = stack.folder / "store", stack.folder / "hidden"
    store.rename(hidden)
    try:
        yield
    finally:
        hidden.rename(store)


def test_a_store_that_is_away_costs_time_and_nothing_else(
    stack: Stack, table: bytes, undisturbed: tuple[bytes, bytes]
) -> None:
    job_id = stack.submit(table)
    until(stack, job_id, 1)
    with store_away(stack):
        time.sleep(5)
    assert stack.wait(job_id)["status"] == "completed"
    assert stack.files(job_id) == undisturbed


def test_two_workers_share_a_job(stack: Stack, table: bytes, undisturbed: tuple[bytes, bytes]) -> None:
    stack.start_worker()
    job_id = stack.submit(table)
    assert stack.wait(job_id)["status"] == "completed"
    assert stack.files(job_id) == undisturbed


def test_a_swap_to_customers_of_another_table_and_back_loses_no_row_of_jobs_in_flight_on_both(
    stack: Stack, table: bytes, undisturbed: tuple[bytes, bytes]
) -> None:
    service, [shipped] = stack.app.extensions["churn"], release.versions(stack.store)
    chance, text = random.Random(9), io.StringIO()
    rows = csv.DictWriter(text, [BANK.id, *BANK.fields])
    rows.writeheader()
    rows.writerows(client(chance) | {BANK.id: number} for number in range(10_000))
    first = stack.submit(table)
    until(stack, first, 1)
    published(stack.store, clients(), bank_predictor())
    service.refresh()
    others = [stack.submit(text.getvalue().encode())]
    release.promote(stack.store, shipped, release.current(stack.store))
    service.refresh()
    jobs = [first, stack.submit(table)]
    for job_id in (*jobs, *others):
        assert stack.wait(job_id)["status"] == "completed"
    assert [stack.files(job_id) for job_id in jobs] == [undisturbed] * 2
    assert stack.job(others[0])["request_counts"] == {"total": 10_000, "completed": 10_000, "failed": 0}
    results = list(csv.DictReader(io.StringIO(stack.files(others[0])[0].decode())))
    assert [row["customerID"] for row in results] == [str(number) for number in range(10_000)]


# A marked chunk does this to whoever scores it; and no step may take longer than six seconds.
POISON = """
import os, signal, sys, time
from churn_api.jobs.csv import chunk_scorer
from churn_api import celery_queue
from celery.__main__ import main
whole = chunk_scorer.ChunkScorer.__init__
def poisoned(self, predictor, data, *rest):
    if b"POISON" in data:
        {poison}
    whole(self, predictor, data, *rest)
chunk_scorer.ChunkScorer.__init__ = poisoned
celery_queue.TIME_LIMIT = 6
sys.exit(main())
"""


# Each chunk takes a second, as those of many faults do, and a marked one twenty.
SLOW = """
import sys, time
from churn_api.jobs.csv import chunk_scorer
from celery.__main__ import main
whole = chunk_scorer.ChunkScorer.__init__
def slow(self, predictor, data, *rest):
    time.sleep(20 if b"LONG" in data else 1)
    whole(self, predictor, data, *rest)
chunk_scorer.ChunkScorer.__init__ = slow
sys.exit(main())
"""


@pytest.mark.parametrize("how", ["in a span", "while the store is away"])
def test_a_worker_that_is_stopped_ends_soon_and_leaves_the_rest_to_others(
    stack: Stack, many_customers: Make, how: str
) -> None:
    stack.kill_workers()
    stopped = stack.start_worker("-c", SLOW)
    job_id = stack.submit(many_customers(40_000))
    until(stack, job_id, 1)
    with store_away(stack) if how == "while the store is away" else nullcontext():
        time.sleep(2)
        began = time.monotonic()
        stopped.terminate()
        assert stopped.wait(30) == 0
        assert time.monotonic() - began < 8
    stack.start_worker()
    assert stack.wait(job_id)["request_counts"]["completed"] == 40_000


def test_a_job_of_one_row_beside_a_large_one_is_done_within_ten_seconds(stack: Stack, many_customers: Make) -> None:
    stack.kill_workers()
    stack.start_worker("-c", SLOW)
    large = stack.submit(many_customers(40_000))
    until(stack, large, 1)
    began = time.monotonic()
    assert stack.wait(stack.submit(many_customers(1)))["status"] == "completed"
    took = time.monotonic() - began
    assert stack.job(large)["status"] == "in_progress"
    assert took < 10
    assert stack.wait(large, seconds=200)["request_counts"]["completed"] == 40_000
    stack.kill_workers()


def test_a_busy_worker_holds_no_step_that_an_idle_one_could_do(stack: Stack, many_customers: Make) -> None:
    stack.kill_workers()
    seldom = {"CHURN_SWEEP_SECONDS": "600"}  # or the sweep would send it to another one
    stack.start_worker("-c", SLOW, **seldom)
    long = stack.submit(many_customers(3).replace(b"0000001-ROW", b"LONG"))
    end = time.monotonic() + 30
    while not list(stack.store.list(paths.attempts(long))):
        assert time.monotonic() < end
        time.sleep(0.05)
    waiting = [stack.submit(many_customers(1)) for _ in range(3)]
    time.sleep(2)
    stack.start_worker(**seldom)
    for job_id in waiting:
        assert stack.wait(job_id)["status"] == "completed"
    assert stack.job(long)["status"] == "in_progress"
    stack.kill_workers()


@pytest.mark.parametrize("poison", ["os.kill(os.getpid(), signal.SIGKILL)", "time.sleep(600)"], ids=["dies", "hangs"])
def test_a_chunk_that_keeps_killing_its_worker_fails_its_job_alone(
    stack: Stack, many_customers: Make, undisturbed: tuple[bytes, bytes], table: bytes, poison: str
) -> None:
    stack.kill_workers()
    stack.start_worker("-c", POISON.format(poison=poison))
    poisoned = stack.submit(many_customers(100).replace(b"0000007-ROW", b"POISON"))
    sound = stack.submit(table)
    job = stack.wait(poisoned, seconds=120)
    assert (job["status"], job["request_counts"]["completed"]) == ("failed", 0)
    assert "killed its worker 3 times" in job["error"]
    assert stack.wait(sound, seconds=120)["status"] == "completed"
    assert stack.files(sound) == undisturbed
    stack.kill_workers()


def test_a_cancelled_job_ends_soon_and_leaves_no_parts(stack: Stack, many_customers: Make) -> None:
    job_id = stack.submit(many_customers(40_000))
    until(stack, job_id, 1)
    answer = stack.client.post(f"/jobs/{job_id}/cancel")
    assert (answer.status_code, answer.json["status"]) == (202, "cancelling")
    job = stack.wait(job_id, seconds=10)
    assert job["status"] == "cancelled"
    assert job["request_counts"]["completed"] < 40_000
    assert stack.client.delete(f"/jobs/{job_id}").status_code == 204
    time.sleep(0.5)
    assert list(stack.store.list(paths.folder(job_id))) == []


def test_counts_of_jobs_reach_the_apis_scrape(stack: Stack, table: bytes, eventually: Callable[..., Any]) -> None:
    with redis.Redis.from_url(stack.queue_url) as client:
        client.delete("churn-job-metrics")
    stack.wait(stack.submit(table))
    text = eventually(lambda: _with_all_counts(stack))
    for line in (
        'churn_jobs_total{status="completed"} 1.0',
        'churn_job_rows_total{result="completed"} 19900.0',
        'churn_job_rows_total{result="failed"} 100.0',
        'churn_validation_errors_total{code="not_allowed",field="PaymentMethod"} 100.0',
        "churn_prediction_probability_count 19900.0",
        'churn_job_duration_seconds_bucket{le="+Inf"} 1.0',
    ):
        assert line in text
    for family in ("churn_predictions", "churn_prediction_probability", "churn_validation_errors"):
        assert text.count(f"# TYPE {family} ") + text.count(f"# TYPE {family}_total ") == 1


def _with_all_counts(stack: Stack) -> str:
    text = stack.client.get("/metrics").text
    return text if 'churn_jobs_total{status="completed"} 1.0' in text else ""


def test_a_receiver_that_hangs_keeps_no_job_from_being_scored(
    stack: Stack, many_customers: Make, eventually: Callable[..., Any]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:  # takes connections and never answers
        webhook = {"webhook_url": f"http://127.0.0.1:{listener.getsockname()[1]}/", "webhook_allow_private": True}
        stack.kill_workers()
        stack.open(**webhook, webhook_secret="a secret of the operator's")
        stack.start_worker(
            CHURN_WEBHOOK_URL=str(webhook["webhook_url"]),
            CHURN_WEBHOOK_SECRET="a secret of the operator's",
            CHURN_WEBHOOK_ALLOW_PRIVATE="true",
        )
        try:
            for _ in range(8):
                stack.wait(stack.submit(many_customers(1)))
            repository = JobRepository(stack.store)
            tried = [job_id for job_id in map(keys_of, repository.active()) if repository.load(job_id).announced_tries]
            assert tried, "nothing has been announced yet"
            began = time.monotonic()
            stack.wait(stack.submit(many_customers(1)), seconds=10)
            assert time.monotonic() - began < 5
            with redis.Redis.from_url(stack.queue_url) as client:
                assert eventually(lambda: 0 < client.zcard(ANNOUNCEMENTS) <= 9)
        finally:
            stack.kill_workers()
            stack.open()


def keys_of(entry: Any) -> str:
    """The job's id of an entry of the index."""
    return str(entry.key.removeprefix(paths.ACTIVE))


def test_the_worker_shows_life_only_while_it_has_its_queue(
    stack: Stack, start_redis: Callable[..., str], tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    heartbeat = stack.folder / "worker-heartbeat"
    eventually(heartbeat.exists)
    stack.kill_workers()
    heartbeat.unlink()
    stack.start_worker(CHURN_QUEUE_URL="unix:///nowhere.sock")
    time.sleep(3)
    assert not heartbeat.exists()
    stack.kill_workers()


def test_a_worker_is_counted_from_its_start_to_its_end(
    stack: Stack, start_redis: Callable[..., str], eventually: Callable[..., Any]
) -> None:
    url = start_redis()
    worker = stack.start_worker(CHURN_QUEUE_URL=url)
    with redis.Redis.from_url(url) as client:
        assert eventually(lambda: len(list(living(client))) == 1)
        worker.terminate()
        worker.wait(timeout=30)
        assert list(living(client)) == []


def test_what_the_api_answered_is_tidied_by_a_child_of_the_worker(
    stack: Stack, whole: dict[str, Any], eventually: Callable[..., Any]
) -> None:
    service = stack.app.extensions["churn"]
    service.watch()
    answer = stack.client.post("/batch_predict", json=[whole | {"customerID": f"c{number}"} for number in range(9)])
    assert answer.json["failed"] == 0
    service.end()
    with redis.Redis.from_url(stack.queue_url) as client:
        client.delete("churn-first-tidy")
    # Those of the other tests' jobs lie beside them.
    (found,) = eventually(lambda: [entry for entry in stack.store.list(PREDICTIONS) if "/job_" not in entry.key])
    assert pl.read_parquet(stack.store.get(found.key).data)["customer_id"].to_list() == [f"c{n}" for n in range(9)]
    eventually(lambda: not list(stack.store.list(INCOMING)))
