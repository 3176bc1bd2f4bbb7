"""Logs: one JSON object a line on stderr and, where a folder is set, in a file that rotates.

Lines never carry a customer's data. Whoever logs keeps to that; what an exception says is left out here, because the
sentences of most exceptions quote the value that they could not handle.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from concurrent_log_handler import ConcurrentRotatingFileHandler
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from churn.errors import ChurnError, ConfigurationError
from churn.settings import Settings

# The id of the request or task at hand; "" outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="")

FILE_BYTES = 10_000_000
OLDER_FILES = 5
# At DEBUG these write whole requests, customers' data and credentials among them; at INFO nothing that matters.
_TALKATIVE = ("boto3", "botocore", "matplotlib", "s3transfer", "urllib3")
_OWN = "churn-"


class JsonFormatter(BaseJsonFormatter):
    """A line: time (UTC), level, service, logger, message, request_id, whatever `extra` adds, and the exception's
    place and kind. Its message only where it is the product's own or the operating system's."""

    def __init__(self, service: str) -> None:
        super().__init__("%(message)s", json_ensure_ascii=False)
        self._service = service

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
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
        return "\n".join(_told(error) for error in _chain(ei[1]))


def configure(settings: Settings, service: str) -> None:
    """Send every log line of this process to where the settings say; calling it again replaces what it set up.

    Raises ConfigurationError if the folder for log files cannot be written."""
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
    stream = logging.StreamHandler(sys.stderr)
    stream.set_name(f"{_OWN}stderr")
    yield stream
    if settings.log_dir is not None:
        file = _file_handler(settings.log_dir, service)
        file.set_name(f"{_OWN}file")
        yield file


def _file_handler(folder: Path, service: str) -> logging.Handler:
    """A rotating file that several processes write at once: a lock beside it keeps their lines whole."""
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
    """An exception and what led to it, the first cause first, as Python prints them."""
    if error is not None:
        yield from _chain(error.__cause__ or (None if error.__suppress_context__ else error.__context__))
        yield error


def _told(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    said = f": {error}" if isinstance(error, ChurnError | OSError) else ""
    return "".join(traceback.format_tb(error.__traceback__)) + kind + said
