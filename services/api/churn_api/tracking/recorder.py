"""The thread of an API process that counts and hands over what was answered."""

import atexit
import logging
from collections.abc import Callable
from threading import Event, Lock, Thread

from churn_api.tracking.buffer import Answered, Buffer
from churn_api.tracking.outbox import Outbox

log = logging.getLogger(__name__)

# Seconds between two takings: what comes meanwhile is worked through in a few milliseconds, which no request notices.
PAUSE_SECONDS = 0.5

# Seconds that a process which ends waits for what its thread is doing.
_END_SECONDS = 10.0

Observer = Callable[[Answered], None]


class Recorder:
    """Takes what a buffer holds, lets the observers count all of it, and has an outbox write it, if there is one."""

    def __init__(self, buffer: Buffer, outbox: Outbox | None) -> None:
        self._buffer, self._outbox = buffer, outbox
        self._observers: list[Observer] = []
        self._ended = Event()
        self._working = Lock()

    def observe(self, observer: Observer) -> None:
        """Call `observer` with all that is answered, whether it is tracked or not, some at a time."""
        self._observers.append(observer)

    def watch(self) -> None:
        """Work in the background from now on; a process that ends by itself hands over what is left."""
        self._buffer.open()
        atexit.register(self.end)
        Thread(target=self._watch, name="recorder", daemon=True).start()

    def end(self) -> None:
        """Hand over what is left; whatever the store does not take at once is lost."""
        if self._ended.is_set():
            return
        self._ended.set()
        if self._working.acquire(timeout=_END_SECONDS):
            try:
                self._take()
                if self._outbox:
                    self._outbox.send(everything=True)
                    self._outbox.give_up()
            finally:
                self._working.release()

    def turn(self) -> None:
        """Work through what has come since the last turn."""
        with self._working:
            self._take()
            if self._outbox:
                self._outbox.send()

    def _take(self) -> None:
        taken = self._buffer.take()
        if self._outbox:
            self._outbox.add(taken)
        for answered in taken.answered:
            for observer in self._observers:
                observer(answered)

    def _watch(self) -> None:
        while not self._ended.wait(PAUSE_SECONDS):
            try:
                self.turn()
            except Exception:  # if the thread ended, nothing would be tracked or counted any more
                log.exception("The recorder met what nobody foresaw; it goes on.")
