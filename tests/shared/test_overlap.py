"""Calls beside each other: in order, no more at a time than asked for, and none lost from sight."""

from collections.abc import Callable, Iterator
from functools import partial
from threading import Event, Lock

import pytest

from churn.overlap import overlapped


def test_results_come_in_the_order_of_the_calls() -> None:
    calls: list[Callable[[], int]] = [partial(int, number) for number in range(50)]
    assert list(overlapped(calls, 4)) == list(range(50))
    assert list(overlapped([])) == []


@pytest.mark.parametrize("at_once", [1, 3])
def test_no_more_calls_are_under_way_than_asked_for_and_the_next_is_drawn_meanwhile(at_once: int) -> None:
    lock, running, most, drawn = Lock(), 0, 0, 0
    gate = Event()

    def call() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        assert gate.wait(10)
        with lock:
            running -= 1

    def calls() -> Iterator[Callable[[], None]]:
        nonlocal drawn
        for drawn in range(1, 10):
            # Only what is drawn while all that may run is under way lets it end.
            if drawn == at_once + 1:
                gate.set()
            yield call

    assert len(list(overlapped(calls(), at_once))) == 9
    assert most <= at_once


def test_a_result_is_used_while_the_next_call_is_under_way() -> None:
    used = Event()

    def second() -> bool:
        return used.wait(10)

    results = overlapped([lambda: True, second])
    assert next(results)
    used.set()
    assert next(results)


def test_what_a_call_raises_is_raised_in_its_place_after_those_under_way() -> None:
    ended = Event()

    def failing() -> int:
        raise OSError("the network")

    def long() -> int:
        ended.set()
        return 3

    results = overlapped([lambda: 1, failing, long, long], 2)
    assert next(results) == 1
    with pytest.raises(OSError, match="the network"):
        list(results)
    assert ended.is_set()
