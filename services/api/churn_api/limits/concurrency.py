"""How much of the service may wait for the store, and how many threads there are."""

from collections import Counter
from enum import Enum
from threading import Condition

from churn_api.errors import TooManyRequests


class Pace(Enum):
    """What a request waits for: an answer of the store, or a body that goes to or comes from a client as well."""

    QUICK = "quick"
    BODIES = "bodies"


# The most threads of a process that answer whole requests, and that read what is still arriving; made as needed.
THREADS, READING_THREADS = 40, 26
# How many requests may work with the store at a time, each upload taking some 20 MB; and how many may wait for their
# turn, a crowd of twenty among them. Of the threads that answer seven are left to predict, of those that read four.
AT_A_TIME = {Pace.QUICK: 4, Pace.BODIES: 3}
WAITING = {Pace.QUICK: 7, Pace.BODIES: 19}
# Seconds that one waits before it is told to come again.
PATIENCE = 10.0


class ConcurrencyLimit:
    """A semaphore with a limited number of waiters, so that slow clients or a hanging store never use up all threads.

    A caller may have at most two thirds of the places, and all but one of the places to wait, so that no caller keeps
    out the others. Without API keys there is only one caller, to whom these shares do not apply.
    """

    def __init__(self, at_a_time: int, waiting: int = 0, patience: float = PATIENCE) -> None:
        self._free = Condition()
        self._at_a_time = at_a_time
        self._most_waiting = waiting
        self._patience = patience
        self._taken: Counter[str | None] = Counter()
        self._waiting: Counter[str | None] = Counter()

    def enter(self, caller: str | None = None) -> None:
        """Take a place, if need be after waiting for one. Raises TooManyRequests when there is none."""
        with self._free:
            if not self._has_place(caller) and not self._wait(caller):
                raise TooManyRequests(
                    "Too many requests about jobs and releases are under way; try again in a few seconds.",
                    retry_after=2,
                )
            self._taken[caller] += 1

    def _has_place(self, caller: str | None) -> bool:
        return _has_room(self._taken, caller, self._at_a_time, self._at_a_time - max(1, self._at_a_time // 3))

    def _wait(self, caller: str | None) -> bool:
        if not _has_room(self._waiting, caller, self._most_waiting, self._most_waiting - 1):
            return False
        self._waiting[caller] += 1
        try:
            return self._free.wait_for(lambda: self._has_place(caller), self._patience)
        finally:
            _give_back(self._waiting, caller)

    def leave(self, caller: str | None = None) -> None:
        """Give a place back, and wake those who wait."""
        with self._free:
            _give_back(self._taken, caller)
            # All of them, because the caller of the longest waiter may have its share already.
            self._free.notify_all()


def _has_room(held: Counter[str | None], caller: str | None, places: int, share: int) -> bool:
    """Whether one of the places is free, and within the caller's share where callers are told apart."""
    return held.total() < places and (caller is None or held[caller] < max(1, share))


def _give_back(held: Counter[str | None], caller: str | None) -> None:
    held[caller] -= 1
    if not held[caller]:
        del held[caller]
