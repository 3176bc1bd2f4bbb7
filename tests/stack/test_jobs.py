"""Jobs on the real stack: killed at random, submitted in crowds, fed with broken files."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import pytest
import requests
from tests.broken_files import MUTATIONS

from churn_trainer.data import sample

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

HEAD, *ROWS = sample.csv_bytes().splitlines()
NAMES = HEAD.split(b",")
REQUIRED = (b"gender", b"SeniorCitizen", b"tenure", b"Contract", b"MonthlyCharges")
CLIENTS = 16
LARGE = 65_000_000


def table(rows: int, name: int = 0) -> bytes:
    own = [b"%d-" % name + ROWS[number % len(ROWS)] for number in range(rows)]
    return b"\n".join([HEAD, *own]) + b"\n"


def submit(stack, data: bytes, **headers: str) -> requests.Response:
    return requests.post(f"{stack.site}/jobs", data=data, headers={"Content-Type": "text/csv"} | headers, timeout=120)


def finished(stack, job_id: str, eventually) -> dict:
    eventually(lambda: requests.get(f"{stack.site}/jobs/{job_id}", timeout=30).json()["finished_at"], seconds=300)
    return requests.get(f"{stack.site}/jobs/{job_id}", timeout=30).json()


def restarts(stack) -> dict[str, tuple[int, str]]:
    return {name: (one["RestartCount"], one["State"]["StartedAt"]) for name, one in stack.containers().items()}


@pytest.mark.slow
def test_chaos_loses_no_job_and_no_row(stack):
    assert "2 rounds: no job and no row was lost" in stack.make("chaos", "RUNNING=1", "ROUNDS=2", "SEED=3")


@pytest.mark.slow
def test_a_hundred_jobs_of_sixteen_clients_are_all_completed(stack, eventually):
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda number: submit(stack, table(1_000, number)), range(100)))
    assert {answer.status_code for answer in answers} == {202}
    ids = {answer.json()["id"] for answer in answers}
    assert len(ids) == 100
    for job_id in ids:
        job = finished(stack, job_id, eventually)
        assert (job["status"], job["request_counts"]["completed"]) == ("completed", 1_000)


def test_twenty_clients_with_one_key_make_one_job(stack):
    with ThreadPoolExecutor(20) as pool:
        keyed = {"Idempotency-Key": f"crowd-{random.random()}"}
        answers = list(pool.map(lambda _: submit(stack, table(300), **keyed), range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.mark.slow
def test_two_hundred_broken_files_break_nothing(stack, eventually):
    before = restarts(stack)
    accepted = []
    for mutate in MUTATIONS:
        for seed in range(20):
            answer = submit(stack, mutate(random.Random(seed), table(40)))
            assert answer.status_code in (202, 413, 415, 422), (mutate.__name__, seed, answer.text)
            if answer.status_code == 202:
                accepted.append(answer.json()["id"])
            else:
                assert answer.json()["error"]
    for job_id in accepted:
        job = finished(stack, job_id, eventually)
        counts = job["request_counts"]
        assert job["status"] == "completed", job
        assert counts["completed"] + counts["failed"] == counts["total"]
    assert restarts(stack) == before


def shifted() -> list[bytes]:
    """The sample with every column one to the left: each row has fifteen faults. The first is whole, or the upload
    would be refused at once."""
    return [HEAD, ROWS[0], *(row.partition(b",")[2] + b"," for row in ROWS)]


def required_alone() -> list[bytes]:
    """The sample with no field but those that must be given: each row is averaged over real customers."""
    return [b",".join(cells(row)[place] for place in map(NAMES.index, REQUIRED)) for row in (HEAD, *ROWS)]


def absent_at_random() -> list[bytes]:
    """The sample with half of the other fields absent, other ones in each row."""
    chance = random.Random(1)
    return [HEAD, *(b",".join(map(blank, NAMES, cells(row), repeat(chance))) for row in ROWS)]


def cells(row: bytes) -> list[bytes]:
    return row.split(b",")


def blank(name: bytes, cell: bytes, chance: random.Random) -> bytes:
    return cell if name in REQUIRED or chance.random() < 0.5 else b""


def large(head: bytes, *rows: bytes) -> bytes:
    """These rows over and over, in 65 MB."""
    once = b"\n".join([*rows, b""])
    return head + b"\n" + once * (LARGE // len(once))


@pytest.mark.slow
def test_a_large_file_whose_columns_are_shifted_is_completed_without_a_kill(stack, eventually):
    """65 MB of rows with fifteen faults each, in the 384 MiB that the worker's container has. The first is whole, or
    the upload would be refused at once."""
    head, first, *rest = shifted()
    answer = submit(stack, b"\n".join([head, first, *rest * 71]))
    assert answer.status_code == 202, answer.text
    job = finished(stack, answer.json()["id"], eventually)
    failed = 71 * len(ROWS)
    counts = {"total": failed + 1, "completed": 1, "failed": failed}
    assert (job["status"], job["request_counts"]) == ("completed", counts)
    # Where control groups of the second kind keep the count, and those of the first.
    events = "/sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control"
    count = stack.compose("exec", "-T", "worker", "sh", "-c", f"cat {events} 2>/dev/null | grep '^oom_kill '")
    assert count.split() == ["oom_kill", "0"]
    part = requests.get(f"{stack.site}{job['links']['errors']}", headers={"Range": "bytes=-200"}, timeout=30)
    assert part.status_code == 206
    assert part.text.splitlines()[-1].startswith(f"{failed + 1},")


@pytest.mark.parametrize(
    "worst", [shifted, *(pytest.param(each, marks=pytest.mark.slow) for each in (required_alone, absent_at_random))]
)
def test_a_job_of_one_row_beside_the_worst_file_is_done_within_ten_seconds(
    stack, eventually, worst: Callable[[], list[bytes]]
):
    """As often as there is one: each chunk of the large file takes the worker as long as any can."""
    answer = submit(stack, large(*worst()))
    assert answer.status_code == 202, answer.text
    path = f"{stack.site}/jobs/{answer.json()['id']}"
    eventually(lambda: requests.get(path, timeout=30).json()["status"] == "in_progress", seconds=60)
    seconds = []
    try:
        for number in range(12):
            began = time.monotonic()
            assert finished(stack, submit(stack, table(1, number)).json()["id"], eventually)["status"] == "completed"
            seconds.append(time.monotonic() - began)
            if requests.get(path, timeout=30).json()["status"] != "in_progress":
                break
    finally:
        requests.post(f"{path}/cancel", timeout=30)
    assert len(seconds) > 3
    assert max(seconds) < 10, seconds
    assert finished(stack, answer.json()["id"], eventually)["status"] in ("completed", "cancelled")
