"""Logs: one JSON object a line on stderr and, where a folder is set, in a file that rotates.

Lines never carry a customer's data. Callers must not log any; the messages of exceptions are left out here, because
most of them quote the value that could not be handled.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from concurrent_log_handler import ConcurrentRotatingFileHandler
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from churn.errors import ChurnError, ConfigurationError
from churn.settings import Settings

# The id of the current request or task; "" outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="")

FILE_BYTES = 10_000_000
OLDER_FILES = 5
# At DEBUG these libraries log whole requests, with customers' data and credentials; at INFO they log nothing important.
_TALKATIVE = ("boto3", "botocore", "matplotlib", "s3transfer", "urllib3")
_OWN = "churn-"


class JsonFormatter(BaseJsonFormatter):
    """Formats a record as a line of JSON: time (UTC), level, service, logger, message, request_id and `extra`.

    Of an exception the traceback and the type are kept; its message only if it is the product's own or the operating
    system's. A record that carries lines as `encoded`, with line feeds between them, is written as these.
    """

    def __init__(self, service: str) -> None:
        super().__init__("%(message)s", json_ensure_ascii=False)
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The record's line, or the lines that it carries."""
        encoded: str | None = getattr(record, "encoded", None)
        return super().format(record) if encoded is None else encoded

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Add the fields that every line has; the base class adds the message and `extra`."""
        log_data.update(
            time=datetime.fromtimestamp(record.created, UTC).isoformat(),
            level=record.levelname,
            service=self._service,
            logger=record.name,
        )
        super().add_fields(log_data, record, message_dict)
        log_data.setdefault("request_id", request_id.get() or None)

    def formatException(  # noqa: N802
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """The tracebacks of an exception and its causes, without messages that may quote a customer."""
        return "\n".join(_described(error) for error in _chain(ei[1]))


class _StderrHandler(logging.StreamHandler[TextIO]):
    """Writes to what is stderr at the time."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # an attribute there
        return sys.stderr


def configure(settings: Settings, service: str) -> None:
    """Send every log line of this process to where the settings say; a second call replaces the handlers of the first.

    `service` is the name in each line and of the log file. Raises ConfigurationError if the folder for log files cannot
    be written.
    """
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if str(handler.name).startswith(_OWN)]:
        root.removeHandler(handler)
        handler.close()
    for handler in _handlers(settings, service):
        handler.setFormatter(JsonFormatter(service))
        root.addHandler(handler)
    root.setLevel(settings.log_level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _handlers(settings: Settings, service: str) -> Iterator[logging.Handler]:
    stream = _StderrHandler()
    stream.set_name(f"{_OWN}stderr")
    yield stream
    if settings.log_dir is not None:
        file = _file_handler(settings.log_dir, service)
        file.set_name(f"{_OWN}file")
        yield file


def _file_handler(folder: Path, service: str) -> logging.Handler:
    """A rotating file that several processes can write at once: a lock file beside it keeps their lines whole."""
    path = folder / f"{service}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
    except OSError as error:
        raise ConfigurationError(
            [f"CHURN_LOG_DIR is {str(folder)!r}, which cannot be written ({error.strerror})."]
        ) from error
    return ConcurrentRotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=OLDER_FILES, encoding="utf-8")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and its causes, the first cause first, as Python prints them."""
    if error is not None:
        yield from _chain(error.__cause__ or (None if error.__suppress_context__ else error.__context__))
        yield error


def _described(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    message = f": {error}" if isinstance(error, ChurnError | OSError) else ""
    return "".join(traceback.format_tb(error.__traceback__)) + kind + message
