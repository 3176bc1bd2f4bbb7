"""The threads of a process: few work, and whoever is going to wait for the store lets another one work meanwhile.

Threads that compute at the same time only take Python's lock from each other, so few of them answer sooner than many.
Threads that wait do not mind how many they are.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# How many of a process's threads work at a time.
WORKING = 4


class _Task(NamedTuple):
    future: Future[Any]
    work: Callable[[], Any]

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            self.future.set_result(self.work())
        except BaseException as error:  # whoever asks for the result hears of it, as in any executor
            self.future.set_exception(error)


class _Here(threading.local):
    """What this thread holds: a place among those that work, if any."""

    place: threading.Semaphore | None = None


_here = _Here()


class Crew(Executor):
    """An executor of `threads` threads, of which `working` take tasks."""

    def __init__(self, threads: int, working: int = WORKING) -> None:
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._places = threading.Semaphore(working)
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        self._tasks.put(_Task(future, lambda: fn(*args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks once those that have been submitted are done; none is ever cancelled."""
        del cancel_futures
        self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _work(self) -> None:
        while True:
            self._places.acquire()
            _here.place = self._places
            while _here.place is not None:
                task = self._tasks.get()
                if task is None:
                    self._tasks.put(None)  # for the next one
                    self._places.release()
                    return
                task.run()


def step_aside() -> None:
    """Let another thread work in this one's place until this one's task is done. Outside of a crew: nothing."""
    if _here.place is not None:
        _here.place.release()
        _here.place = None
