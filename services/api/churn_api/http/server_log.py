"""gunicorn's own messages."""

import sys
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from churn.logs import JsonFormatter


class ServerLog(Logger):
    """Writes them as JSON lines like all others, and no access log: that is the API's."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter("api"))

    def exception(self, msg: object, *args: Any, **kwargs: Any) -> None:
        """With the way to the failure, but where it is a client's slowness: so the system's time-outs are named."""
        if isinstance(sys.exception(), BlockingIOError | TimeoutError):
            self.info("A client took too long to send a request or to take its answer; the connection was closed.")
        else:
            super().exception(msg, *args, **kwargs)
