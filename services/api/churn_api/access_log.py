"""The access log: a line for each request, written together with those of the requests around it."""

import atexit
import logging
from collections import deque
from datetime import UTC, datetime
from threading import Lock, Thread
from time import sleep, time
from typing import Any

import msgspec

log = logging.getLogger(__name__)

# Seconds between two writes: no reader of a log notices, and each write serves hundreds of requests.
PAUSE_SECONDS = 0.2

# More lines, of about a kilobyte each, than these never wait: a log that takes no more does not fill the memory.
MOST_WAITING = 20_000

_encode = msgspec.json.Encoder().encode
_HEAD = {"level": "INFO", "service": "api", "logger": log.name, "message": "request"}


class AccessLog:
    """Lines on their way to the handlers of `logging`, which get many of them as one record.

    Until `watch` is called each line is written at once. From then on a thread writes them; a process that ends
    writes what is left, and one that is killed loses the lines of the last PAUSE_SECONDS. While MOST_WAITING lines
    wait, because whoever reads the log does not, further ones are left out, and how many they were is written.
    """

    def __init__(self) -> None:
        self._lines: deque[tuple[float, dict[str, Any]]] = deque()
        self._wanted = log.isEnabledFor(logging.INFO)
        self._left_out = 0
        self._writing = Lock()
        self._watched = False

    def add(self, line: dict[str, Any]) -> None:
        """Have a line written, with the time of now; its values are plain ones, which JSON knows."""
        if self._wanted:
            if len(self._lines) >= MOST_WAITING:
                self._left_out += 1
                return
            self._lines.append((time(), line))
            if not self._watched:
                self.flush()

    def watch(self) -> None:
        """Write in the background from now on."""
        self._watched = True
        atexit.register(self.flush)
        Thread(target=self._watch, name="access log", daemon=True).start()

    def flush(self) -> None:
        """Write what has been added."""
        with self._writing:
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            if lines:
                # The level was asked for once and for all, and a record for nobody's eyes needs no place in the code.
                encoded = b"\n".join(_encoded(*line) for line in lines).decode()
                log.handle(logging.makeLogRecord({"name": log.name, "levelno": logging.INFO, "encoded": encoded}))
            if left_out := self._left_out:
                self._left_out = 0
                log.warning("%d lines of the access log were left out: the log took no more.", left_out)

    def _watch(self) -> None:
        while True:
            sleep(PAUSE_SECONDS)
            self.flush()


def _encoded(moment: float, line: dict[str, Any]) -> bytes:
    return _encode({"time": datetime.fromtimestamp(moment, UTC).isoformat()} | _HEAD | line)
