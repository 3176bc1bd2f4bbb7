"""The worker's heartbeat, by which its container is called healthy and the metrics count it."""

import tempfile
from pathlib import Path
from typing import Any

from celery import bootsteps

from churn_api.metrics.workers import SignOfLife

# The container's health check looks at its age.
FILE = Path(tempfile.gettempdir()) / "worker-heartbeat"
EVERY_SECONDS = 5.0


class Heartbeat(bootsteps.StartStopStep):
    """Touches a file and shows a sign of life while the worker is connected to its queue: Celery stops this step when
    it is not, and before it ends."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._sign = SignOfLife(parent.app.conf.broker_url)
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        self._beat()
        self._timer = parent.timer.call_repeatedly(EVERY_SECONDS, self._beat, priority=10)

    def stop(self, parent: Any) -> None:  # noqa: ARG002
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._sign.withdraw()

    def _beat(self) -> None:
        FILE.touch()
        self._sign.show()
