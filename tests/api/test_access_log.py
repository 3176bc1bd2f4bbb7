"""Lines of the access log: at once, or many together."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from churn_api import access_log
from churn_api.access_log import AccessLog


class Records(logging.Handler):
    """Keeps the encoded lines of each record, and the messages of those that have none."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[list[dict[str, object]]] = []
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if "encoded" not in record.__dict__:
            self.messages.append(record.getMessage())
            return
        self.held.append([json.loads(line) for line in record.__dict__["encoded"].splitlines()])


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> Iterator[Records]:
    handler = Records()
    monkeypatch.setattr(access_log.log, "handlers", [handler])
    monkeypatch.setattr(access_log.log, "propagate", False)
    monkeypatch.setattr(access_log.log, "level", logging.INFO)
    access_log.log.manager._clear_cache()  # type: ignore[attr-defined]  # as setLevel does
    yield handler
    access_log.log.manager._clear_cache()  # type: ignore[attr-defined]


def test_a_line_is_written_at_once_where_nothing_runs_in_the_background(records: Records) -> None:
    log = AccessLog()
    for number in range(2):
        log.add({"status": 200, "request_id": str(number)})
    [[first], [second]] = records.held
    assert (first["message"], first["level"], first["service"], first["status"]) == ("request", "INFO", "api", 200)
    assert [first["request_id"], second["request_id"]] == ["0", "1"]


def test_lines_are_written_together_and_none_is_lost(
    records: Records, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., None]
) -> None:
    monkeypatch.setattr(access_log, "PAUSE_SECONDS", 0.05)
    log = AccessLog()
    log.watch()
    for number in range(1_000):
        log.add({"request_id": str(number)})
    eventually(lambda: sum(map(len, records.held)) == 1_000)
    assert len(records.held) < 500
    assert [line["request_id"] for lines in records.held for line in lines] == [str(number) for number in range(1_000)]


def test_a_log_that_takes_no_more_does_not_fill_the_memory(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "MOST_WAITING", 10)
    monkeypatch.setattr(AccessLog, "_watch", lambda _: None)
    log = AccessLog()
    log.watch()
    for number in range(25):
        log.add({"request_id": str(number)})
    log.flush()
    [lines] = records.held
    assert [line["request_id"] for line in lines] == [str(number) for number in range(10)]
    assert records.messages == ["15 lines of the access log were left out: the log took no more."]
    log.add({"request_id": "next"})
    log.flush()
    assert [len(lines) for lines in records.held] == [10, 1]
    assert len(records.messages) == 1


ENDING = """
import logging
from churn_api.access_log import AccessLog

logging.basicConfig(level=logging.INFO, format="%(encoded)s")
log = AccessLog()
log.watch()
log.add({"request_id": "last"})
"""


def test_a_process_that_ends_writes_what_is_left(root: Path) -> None:
    environment = os.environ | {"PYTHONPATH": f"{root}/shared{os.pathsep}{root}/services/api"}
    command = [sys.executable, "-c", ENDING]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stderr)["request_id"] == "last"
