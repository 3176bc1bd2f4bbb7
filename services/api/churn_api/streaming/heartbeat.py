"""The heartbeat of a member, by which its container counts as healthy."""

import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from prometheus_client import Gauge

log = logging.getLogger(__name__)

FILE = Path(tempfile.gettempdir()) / "stream-heartbeat"
"""Touched every few seconds while records are really consumed; the container's health check looks at its age."""

EVERY_SECONDS = 5.0


class Heartbeat:
    """Touches the file while there is no trouble; says each trouble once, and when it is over."""

    def __init__(self, file: Path, consuming: Gauge, clock: Callable[[], float] = time.monotonic) -> None:
        self._file, self._consuming, self._clock = file, consuming, clock
        self._due = float("-inf")
        self._trouble: str | None = "It has just started."
        file.unlink(missing_ok=True)

    def beat(self, trouble: str | None) -> None:
        """Beat, with what keeps the member from consuming, if anything does."""
        if trouble != self._trouble:
            if trouble is None:
                log.info("Records are consumed.")
            else:
                log.warning("Nothing is consumed at present. %s", trouble)
        self._trouble = trouble
        self._consuming.set(trouble is None)
        if trouble is None and self._clock() >= self._due:
            self._file.touch()
            self._due = self._clock() + EVERY_SECONDS
