"""How much a caller may ask for, and how many may wait for the store."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from churn_api.errors import TooManyRequests
from churn_api.limits import BURST_SECONDS, CALLERS, Places, Rate


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def allowed(rate: Rate, caller: str, requests: int) -> int:
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
    rate = Rate(10, clock)
    assert allowed(rate, "crm", 100) == 10 * BURST_SECONDS
    clock.now += 1
    assert allowed(rate, "crm", 100) == 10


def test_one_caller_takes_nothing_from_another() -> None:
    rate = Rate(10, Clock())
    allowed(rate, "crm", 100)
    assert allowed(rate, "dashboard", 100) == 10 * BURST_SECONDS


def test_whoever_is_refused_is_told_when_to_come_back() -> None:
    clock = Clock()
    rate = Rate(0.1, clock)
    rate.take("crm")
    with pytest.raises(TooManyRequests) as refused:
        rate.take("crm")
    assert refused.value.retry_after == 10
    clock.now += refused.value.retry_after
    rate.take("crm")


def test_no_limit_is_no_limit() -> None:
    assert allowed(Rate(0, Clock()), "crm", 10_000) == 10_000


def test_callers_are_remembered_in_bounded_memory() -> None:
    rate = Rate(1, Clock())
    for number in range(2 * CALLERS):
        rate.take(f"caller-{number}")
    assert len(rate._buckets) == CALLERS


def test_a_place_is_given_back() -> None:
    places = Places(2)
    places.enter()
    places.enter()
    with pytest.raises(TooManyRequests):
        places.enter()
    places.leave()
    places.enter()


def test_who_waits_gets_the_place_that_is_given_back() -> None:
    places = Places(1, waiting=1, patience=10)
    places.enter()
    with ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(places.enter)
        while not places._waiting:
            time.sleep(0.001)
        with pytest.raises(TooManyRequests):
            places.enter()
        places.leave()
        waiter.result(timeout=5)


def test_nobody_waits_for_ever() -> None:
    places = Places(1, waiting=1, patience=0.01)
    places.enter()
    with pytest.raises(TooManyRequests):
        places.enter()
