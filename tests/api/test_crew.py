"""A crew works like any executor, few threads at a time, but for those that wait."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from churn_api.crew import Crew, step_aside


def test_results_and_failures_reach_whoever_asks() -> None:
    crew = Crew(3, working=2)
    assert [crew.submit(pow, 2, each).result(5) for each in range(20)] == [2**each for each in range(20)]
    with pytest.raises(ZeroDivisionError):
        crew.submit(lambda: 1 / 0).result(5)
    assert crew.submit(len, "still at work").result(5) == 13
    crew.shutdown()


class Counted:
    """Work that takes a moment; `most` is how many were at it at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_work = self.most = 0

    def __call__(self) -> None:
        with self._lock:
            self._at_work += 1
            self.most = max(self.most, self._at_work)
        time.sleep(0.01)
        with self._lock:
            self._at_work -= 1


def test_no_more_work_at_a_time_than_may() -> None:
    crew, work = Crew(8, working=3), Counted()
    wait([crew.submit(work) for _ in range(30)], 10)
    assert work.most == 3
    crew.shutdown()


def test_whoever_waits_lets_others_work() -> None:
    crew, arrived = Crew(6, working=2), threading.Event()

    def waiting() -> bool:
        step_aside()
        return arrived.wait(10)

    aside = [crew.submit(waiting) for _ in range(4)]
    assert [crew.submit(int, "7").result(5) for _ in range(10)] == [7] * 10
    arrived.set()
    assert all(each.result(5) for each in aside)
    crew.shutdown()


def test_places_are_neither_lost_nor_gained_by_waiting() -> None:
    crew, work = Crew(8, working=2), Counted()

    def waiting() -> None:
        step_aside()
        step_aside()
        time.sleep(0.005)

    wait([crew.submit(waiting) for _ in range(50)], 10)
    wait([crew.submit(work) for _ in range(50)], 10)
    assert work.most == 2
    crew.shutdown()


def test_what_was_submitted_is_done_before_a_shutdown_ends() -> None:
    crew, done = Crew(4, working=2), []
    tasks = [crew.submit(lambda each=each: done.append(each)) for each in range(100)]
    crew.shutdown()
    assert sorted(done) == list(range(100))
    assert all(task.done() for task in tasks)


def test_outside_of_a_crew_stepping_aside_is_nothing() -> None:
    step_aside()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(step_aside).result(5)
