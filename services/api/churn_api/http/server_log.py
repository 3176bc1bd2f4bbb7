"""gunicorn's own messages."""

import sys
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from churn.logs import JsonFormatter


class ServerLog(Logger):
    """Writes gunicorn's messages as lines of JSON, and no access log, because the API writes that itself."""

    def setup(self, cfg: Config) -> None:
        """Set up gunicorn's handlers with the formatter of all other logs."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter("api"))

    def exception(self, msg: object, *args: Any, **kwargs: Any) -> None:
        """Log an exception with its traceback; a client's timeout becomes a line without one."""
        if isinstance(sys.exception(), BlockingIOError | TimeoutError):
            self.info("A client took too long to send a request or to take its answer; the connection was closed.")
        else:
            super().exception(msg, *args, **kwargs)
