"""Waiting for other machines in threads while the caller goes on computing."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def overlapped(calls: Iterable[Callable[[], T]], at_once: int = 1) -> Iterator[T]:
    """The results of the calls in their order, with up to `at_once` calls running in threads.

    Meanwhile the next call is drawn from the iterable and the caller uses the result before. A call is drawn only when
    there is room for it, so no more than `at_once` + 1 calls are in memory. An exception of a call is raised in the
    place of its result, after the running calls have ended.
    """
    under_way: deque[Future[T]] = deque()
    with ThreadPoolExecutor(at_once, "overlapped") as threads:
        for call in calls:
            ready = [under_way.popleft().result()] if len(under_way) == at_once else []
            under_way.append(threads.submit(call))
            del call  # it may refer to megabytes while the next one is drawn
            yield from ready
        while under_way:
            yield under_way.popleft().result()
