"""The worker's heartbeat, by which its container counts as healthy and the metrics count the worker."""

import tempfile
from pathlib import Path
from typing import Any

from celery import bootsteps

from churn_api.metrics.workers import SignOfLife

# The container's health check looks at the age of this file.
FILE = Path(tempfile.gettempdir()) / "worker-heartbeat"
EVERY_SECONDS = 5.0


class Heartbeat(bootsteps.StartStopStep):
    """A step of Celery's consumer that touches the file and writes the heartbeat to Redis every few seconds.

    Celery stops it when the worker loses its connection to the queue, and before the worker ends.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._sign = SignOfLife(parent.app.conf.broker_url)
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        """Send the first heartbeat, and the others by the consumer's timer."""
        self._beat()
        self._timer = parent.timer.call_repeatedly(EVERY_SECONDS, self._beat, priority=10)

    def stop(self, parent: Any) -> None:  # noqa: ARG002
        """Stop the timer and withdraw the heartbeat; harmless if it was not started."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._sign.withdraw()

    def _beat(self) -> None:
        FILE.touch()
        self._sign.show()
