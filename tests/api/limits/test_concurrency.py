"""How much a caller may ask for, and how many may wait for the store."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from churn_api.errors import TooManyRequests
from churn_api.limits.concurrency import AT_A_TIME, READING_THREADS, THREADS, WAITING, ConcurrencyLimit, Pace
from churn_api.limits.token_bucket import BURST_SECONDS, ROWS, TokenBuckets


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def allowed(rate: TokenBuckets, caller: bytes, requests: int) -> int:
    count = 0
    for _ in range(requests):
        try:
            rate.take(caller)
        except TooManyRequests:
            continue
        count += 1
    return count


def test_a_burst_is_let_through_and_then_the_rate() -> None:
    clock = Clock()
    rate = TokenBuckets(10, clock=clock)
    assert allowed(rate, b"crm and so on", 100) == 10 * BURST_SECONDS
    clock.now += 1
    assert allowed(rate, b"crm and so on", 100) == 10


def test_one_caller_takes_nothing_from_another() -> None:
    rate = TokenBuckets(10, clock=Clock())
    allowed(rate, b"crm and so on", 100)
    assert allowed(rate, b"dashboard and so on", 100) == 10 * BURST_SECONDS


def test_whoever_is_refused_is_told_when_to_come_back() -> None:
    clock = Clock()
    rate = TokenBuckets(0.1, clock=clock)
    rate.take(b"crm and so on")
    with pytest.raises(TooManyRequests) as refused:
        rate.take(b"crm and so on")
    assert refused.value.retry_after == 10
    clock.now += refused.value.retry_after
    rate.take(b"crm and so on")


def test_no_limit_is_no_limit() -> None:
    assert allowed(TokenBuckets(0, clock=Clock()), b"crm and so on", 10_000) == 10_000


def digest(number: int) -> bytes:
    return sha256(str(number).encode()).digest()


def test_keys_are_remembered_in_bounded_memory_and_each_is_limited_alone() -> None:
    clock = Clock()
    rate = TokenBuckets(1, clock=clock)
    for round_ in range(3):
        assert [allowed(rate, digest(number + 1000 * round_), 4) for number in range(1000)] == [2] * 1000
        clock.now += 2
    assert len(rate._rows) == 16 * ROWS


def test_no_wait_is_told_that_is_too_short() -> None:
    clock = Clock()
    rate = TokenBuckets(0.3, clock=clock)
    for _ in range(50):
        try:
            rate.take(b"crm and so on")
        except TooManyRequests as refused:
            clock.now += refused.retry_after
            rate.take(b"crm and so on")


def test_a_limit_is_one_over_all_processes(tmp_path: Path) -> None:
    """Four processes, all of whose requests are one key's."""
    code = (
        "import sys, pathlib; from churn_api.errors import TooManyRequests\n"
        "from churn_api.limits.token_bucket import TokenBuckets\n"
        "rate, count = TokenBuckets(100, pathlib.Path(sys.argv[1])), 0\n"
        "rate._clock = lambda: 1.0\n"
        "for _ in range(2000):\n"
        "    try: rate.take(b'the same key'); count += 1\n"
        "    except TooManyRequests: pass\n"
        "print(count)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "rates")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(4)]
    assert sum(int(process.communicate(timeout=60)[0]) for process in processes) == 100 * BURST_SECONDS


def test_whoever_is_refused_is_told_the_rate_that_was_promised() -> None:
    rate = TokenBuckets(40, clock=Clock())
    allowed(rate, b"crm and so on", 100)
    with pytest.raises(TooManyRequests, match="40 times a second"):
        rate.take(b"crm and so on")


def test_polls_and_bodies_together_leave_threads_that_predict() -> None:
    taken = {pace: AT_A_TIME[pace] + WAITING[pace] for pace in Pace}
    assert sum(taken.values()) < THREADS
    assert taken[Pace.BODIES] < READING_THREADS


def test_a_place_is_given_back() -> None:
    places = ConcurrencyLimit(2)
    places.enter()
    places.enter()
    with pytest.raises(TooManyRequests):
        places.enter()
    places.leave()
    places.enter()


def test_who_waits_gets_the_place_that_is_given_back() -> None:
    places = ConcurrencyLimit(1, waiting=1, patience=10)
    places.enter()
    with ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(places.enter)
        while not places._waiting:
            time.sleep(0.001)
        with pytest.raises(TooManyRequests):
            places.enter()
        places.leave()
        waiter.result(timeout=5)


@pytest.mark.parametrize(("places", "share"), [(1, 1), (2, 1), (3, 2), (4, 3), (6, 4), (30, 20)])
def test_a_caller_has_two_thirds_of_the_places_and_leaves_one_at_least(places: int, share: int) -> None:
    limit = ConcurrencyLimit(places)
    for _ in range(share):
        limit.enter("crm")
    with pytest.raises(TooManyRequests):
        limit.enter("crm")
    for _ in range(places - share):
        limit.enter("dashboard")
    with pytest.raises(TooManyRequests):
        limit.enter("batch")
    limit.leave("crm")
    limit.enter("batch")


def test_without_keys_nobody_is_told_apart() -> None:
    limit = ConcurrencyLimit(3)
    for _ in range(3):
        limit.enter()
    with pytest.raises(TooManyRequests):
        limit.enter()


def test_a_caller_leaves_room_in_the_line_and_is_passed_by_whoever_may_have_the_place() -> None:
    limit = ConcurrencyLimit(3, waiting=3)
    for caller in ("crm", "crm", "dashboard"):
        limit.enter(caller)
    with ThreadPoolExecutor(3) as pool:
        first = [pool.submit(limit.enter, "crm") for _ in range(2)]
        while limit._waiting.total() < 2:
            time.sleep(0.001)
        with pytest.raises(TooManyRequests):
            limit.enter("crm")
        other = pool.submit(limit.enter, "batch")
        while limit._waiting.total() < 3:
            time.sleep(0.001)
        limit.leave("dashboard")
        other.result(timeout=5)
        assert not any(waiter.done() for waiter in first)
        for _ in first:
            limit.leave("crm")
        for waiter in first:
            waiter.result(timeout=5)
    assert limit._taken == {"crm": 2, "batch": 1}
    assert limit._waiting == {}


def test_nobody_waits_for_ever() -> None:
    places = ConcurrencyLimit(1, waiting=1, patience=0.01)
    places.enter()
    with pytest.raises(TooManyRequests):
        places.enter()
