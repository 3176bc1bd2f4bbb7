"""gunicorn's own messages."""

from gunicorn.config import Config
from gunicorn.glogging import Logger

from churn.logs import JsonFormatter


class ServerLog(Logger):
    """Writes them as JSON lines like all others, and no access log: that is the API's."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter("api"))
