"""What callers notice when a part of the real stack fails, hangs, fills up or dies; docs/faults.md is the table."""

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import count

import pytest
import requests

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

HEADER = (
    "gender,SeniorCitizen,Partner,Dependents,tenure,PhoneService,MultipleLines,InternetService,OnlineSecurity,"
    "OnlineBackup,DeviceProtection,TechSupport,StreamingTV,StreamingMovies,Contract,PaperlessBilling,PaymentMethod,"
    "MonthlyCharges,TotalCharges\n"
)
ROW = "Female,0,No,No,3,Yes,No,DSL,No,No,No,No,No,No,One year,Yes,Mailed check,50,\n"
MANY = 300_000
CUSTOMER = {"gender": "Female", "SeniorCitizen": 0, "tenure": 24, "Contract": "One year", "MonthlyCharges": 65.5}

charges = count()


@contextmanager
def stopped(stack, service: str) -> Iterator[None]:
    stack.compose("stop", "--timeout", "2", service)
    try:
        yield
    finally:
        stack.compose("start", service)


def hanging(stack, service: str) -> AbstractContextManager[None]:
    return stack.hanging(service)


def health(stack) -> dict[str, object]:
    return requests.get(f"{stack.site}/health", timeout=10).json()


def predict(stack) -> float:
    """Ask for a customer who was never asked for before; the seconds that it took."""
    customer = CUSTOMER | {"MonthlyCharges": 20 + next(charges) / 100}
    start = time.monotonic()
    answer = requests.post(f"{stack.site}/predict", json=customer, timeout=30)
    assert answer.status_code == 200, answer.text
    return time.monotonic() - start


def submit(stack, rows: int = 100) -> requests.Response:
    headers = {"Content-Type": "text/csv"}
    return requests.post(f"{stack.site}/jobs", data=HEADER + ROW * rows, headers=headers, timeout=120)


def job(stack, accepted: requests.Response) -> dict[str, object]:
    assert accepted.status_code == 202, accepted.text
    return requests.get(f"{stack.site}/jobs/{accepted.json()['id']}", timeout=30).json()


def results(stack, accepted: requests.Response) -> int:
    """How many rows a finished job's results have; a row that is missing or there twice fails."""
    link = accepted.json()["links"]["results"]
    lines = requests.get(f"{stack.site}{link}", timeout=120).text.splitlines()[1:]
    assert [int(line.partition(",")[0]) for line in lines] == list(range(1, len(lines) + 1))
    return len(lines)


@pytest.fixture
def recovers(stack, eventually):
    """Whatever a test breaks, the stack is healthy again a minute later."""
    yield
    eventually(lambda: health(stack)["status"] == "healthy", seconds=90)


@pytest.mark.parametrize(
    ("service", "fault"),
    [
        ("cache", hanging),
        pytest.param("cache", stopped, marks=pytest.mark.slow),
        pytest.param("queue", hanging, marks=pytest.mark.slow),
        ("queue", stopped),
        ("minio", hanging),
        pytest.param("minio", stopped, marks=pytest.mark.slow),
    ],
)
def test_predictions_go_on_and_health_names_what_is_away(stack, eventually, recovers, fault, service):
    with fault(stack, service):
        assert max(predict(stack) for _ in range(20)) < 2
        name = "store" if service == "minio" else service
        eventually(lambda: health(stack)["checks"][name] == "failing", seconds=30)
        assert health(stack)["status"] == "degraded"


@pytest.mark.parametrize("fault", [pytest.param(stopped, marks=pytest.mark.slow), hanging])
def test_a_job_handed_in_while_the_queue_is_away_is_finished_later(stack, eventually, recovers, fault):
    with fault(stack, "queue"):
        start = time.monotonic()
        accepted = submit(stack)
        assert time.monotonic() - start < 30
    eventually(lambda: job(stack, accepted)["status"] == "completed", seconds=120)
    assert results(stack, accepted) == 100


def test_with_the_store_down_no_job_is_accepted_and_the_caller_is_told(stack, recovers):
    with stopped(stack, "minio"):
        refused = submit(stack)
        assert refused.status_code == 503
        assert refused.json()["error_type"] == "StoreUnavailable"
        assert int(refused.headers["Retry-After"]) > 0


def test_with_a_store_that_hangs_a_caller_is_told_within_ten_seconds(stack, recovers):
    with hanging(stack, "minio"):
        start = time.monotonic()
        refused = submit(stack)
        assert time.monotonic() - start < 12
        assert (refused.status_code, refused.json()["error_type"]) == (503, "StoreUnavailable")


def test_requests_that_wait_for_the_store_leave_predictions_a_thread(stack, recovers):
    with hanging(stack, "minio"), ThreadPoolExecutor(16) as pool:
        ask = partial(requests.get, f"{stack.site}/jobs", timeout=120)
        waiting = [pool.submit(ask) for _ in range(16)]
        time.sleep(1)
        assert max(predict(stack) for _ in range(20)) < 2
    answers = [one.result() for one in waiting]
    assert {answer.status_code for answer in answers} <= {200, 429, 503}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status_code != 200)


def test_a_cache_at_its_limit_evicts_and_nobody_notices(stack, recovers):
    fill(stack, "cache")
    evicted = int(re.search(r"evicted_keys:(\d+)", redis_cli(stack, "cache", "info", "stats"))[1])
    assert evicted > 0
    assert max(predict(stack) for _ in range(20)) < 2
    redis_cli(stack, "cache", "flushall")


def test_a_queue_at_its_limit_refuses_steps_but_loses_no_job(stack, eventually, recovers):
    fill(stack, "queue")
    try:
        accepted = submit(stack)
        assert accepted.status_code == 202
        predict(stack)
    finally:
        redis_cli(stack, "queue", "del", *(f"junk:{number}" for number in range(1, 65)))
    eventually(lambda: job(stack, accepted)["status"] == "completed", seconds=120)


def redis_cli(stack, service: str, *command: str) -> str:
    return stack.compose("exec", "-T", service, "redis-cli", *command)


def fill(stack, service: str) -> None:
    """Write a megabyte at a time until there is more than either Redis may hold; what it refuses is no matter."""
    one = "head -c 1048576 /dev/zero | redis-cli -x set junk:$i"
    stack.compose("exec", "-T", service, "sh", "-c", f"for i in $(seq 64); do {one}; done", check=False)


@pytest.mark.parametrize("service", ["web", "api", "worker", "cache", "queue"])
def test_a_killed_service_is_back_within_seconds(stack, eventually, recovers, capsys, service):
    main = stack.containers()[service]["State"]["Pid"]
    start = time.monotonic()
    os.kill(main, signal.SIGKILL)
    eventually(lambda: stack.containers()[service]["State"]["Pid"] not in (0, main), seconds=60)
    eventually(lambda: predict(stack) < 5, seconds=60)
    with capsys.disabled():
        sys.stdout.write(f"\n{service}: killed, predictions are answered {time.monotonic() - start:.1f} s later\n")


def submit_and_see_begun(stack) -> requests.Response:
    """A job of which some chunks are done and others are not; another one where all were before that was seen."""
    while True:
        accepted = submit(stack, MANY)
        while (found := job(stack, accepted))["status"] != "completed":
            if 0 < found["request_counts"]["completed"] < MANY:
                return accepted
            time.sleep(0.1)  # less often than the site lets one address ask


@pytest.mark.parametrize("what", [pytest.param("its process", marks=pytest.mark.slow), "the whole worker"])
def test_a_worker_that_is_killed_in_a_chunk_loses_and_repeats_no_row(stack, eventually, recovers, what):
    accepted = submit_and_see_begun(stack)
    main = stack.containers()["worker"]["State"]["Pid"]
    children = [pid for pid in stack.pids("worker") if pid != main]
    # What the kernel does to a process that has used up its control group's memory.
    for pid in children if what == "its process" else [main]:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: job(stack, accepted)["status"] == "completed", seconds=240)
    assert results(stack, accepted) == MANY


@pytest.mark.slow
def test_a_worker_that_is_restarted_in_a_chunk_loses_and_repeats_no_row(stack, eventually, recovers):
    accepted = submit_and_see_begun(stack)
    stack.compose("restart", "worker")
    eventually(lambda: job(stack, accepted)["status"] == "completed", seconds=240)
    assert results(stack, accepted) == MANY


@pytest.mark.parametrize("what", [pytest.param("reload", marks=pytest.mark.slow), "kill"])
def test_what_becomes_of_the_apis_processes_under_load_fails_no_prediction(stack, recovers, what):
    main = stack.containers()["api"]["State"]["Pid"]
    answered = 0
    deadline = time.monotonic() + 12
    moments = iter([time.monotonic() + 2, time.monotonic() + 7, float("inf")])
    moment = next(moments)
    while time.monotonic() < deadline:
        if time.monotonic() > moment:
            if what == "reload":
                os.kill(main, signal.SIGHUP)
            else:
                os.kill(max(pid for pid in stack.pids("api") if pid != main), signal.SIGKILL)
            moment = next(moments)
        predict(stack)
        answered += 1
        time.sleep(0.01)  # less than the site lets one address ask
    assert answered > 100
