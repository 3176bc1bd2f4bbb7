"""Doing what waits for others beside what computes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def overlapped(calls: Iterable[Callable[[], T]], at_once: int = 1) -> Iterator[T]:
    """The results of calls in their order, up to `at_once` of which are under way in threads of their own.

    While they are, the next call is drawn, and the result before them is used: a call is made when there is room, so
    that no more than `at_once` and one are held. What a call raises is raised in its place, after those under way have
    ended."""
    under_way: deque[Future[T]] = deque()
    with ThreadPoolExecutor(at_once, "overlapped") as threads:
        for call in calls:
            ready = [under_way.popleft().result()] if len(under_way) == at_once else []
            under_way.append(threads.submit(call))
            del call  # it may hold megabytes while the next is drawn
            yield from ready
        while under_way:
            yield under_way.popleft().result()
