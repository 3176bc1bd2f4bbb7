"""Logs: whole JSON lines, by any number of processes, with the request and without customers' data."""

import json
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from churn import logs
from churn.errors import ConfigurationError, StoreUnavailable
from churn.settings import Settings

CUSTOMER = "7590-VHVEG"


pytestmark = pytest.mark.usefixtures("logging_as_before")


def settings(**values: object) -> Settings:
    return Settings(store_url="file:///nowhere", **values)


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_line_is_one_json_object_with_its_time_service_and_request(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(settings(), "api")
    logs.request_id.set("")  # an earlier test's request may have left its own
    token = logs.request_id.set("request-1")
    logging.getLogger("churn_api.app").info("answered\nin %s ms", 12, extra={"route": "/predict", "status": 200})
    logs.request_id.reset(token)
    logging.getLogger("churn_api.app").warning("é")
    captured = capsys.readouterr()
    first, second = lines(captured.err)
    assert captured.out == ""
    assert abs(datetime.fromisoformat(str(first.pop("time"))) - datetime.now(UTC)) < timedelta(seconds=30)
    assert first == {
        "level": "INFO",
        "service": "api",
        "logger": "churn_api.app",
        "message": "answered\nin 12 ms",
        "request_id": "request-1",
        "route": "/predict",
        "status": 200,
    }
    assert (second["level"], second["message"], second["request_id"]) == ("WARNING", "é", None)


def test_an_exception_tells_its_place_and_kind_but_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(settings(), "api")
    try:
        try:
            {}[CUSTOMER]
        except KeyError as error:
            raise ValueError(f"no customer {CUSTOMER}") from error
    except ValueError:
        logging.getLogger("x").exception("the request failed")
    (line,) = lines(capsys.readouterr().err)
    assert CUSTOMER not in str(line)
    assert "test_logs.py" in str(line["exc_info"])
    assert str(line["exc_info"]).index("KeyError") < str(line["exc_info"]).index("ValueError")


def test_the_product_s_and_the_system_s_own_errors_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(settings(), "api")
    try:
        try:
            raise ConnectionRefusedError(111, "Connection refused")
        except OSError as error:
            raise StoreUnavailable("s3://churn", "it does not answer") from error
    except StoreUnavailable:
        logging.getLogger("x").exception("the store failed")
    (line,) = lines(capsys.readouterr().err)
    assert "ConnectionRefusedError: [Errno 111] Connection refused" in str(line["exc_info"])
    assert "StoreUnavailable: The object store at s3://churn" in str(line["exc_info"])


def test_only_lines_of_the_level_asked_for_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(settings(log_level="WARNING"), "api")
    logging.getLogger("x").info("hidden")
    logging.getLogger("x").warning("shown")
    assert [line["message"] for line in lines(capsys.readouterr().err)] == ["shown"]


def test_libraries_that_write_whole_requests_at_debug_stay_silent(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(settings(log_level="DEBUG"), "api")
    logging.getLogger("botocore.endpoint").debug("body: %s", CUSTOMER)
    logging.getLogger("urllib3.connectionpool").debug("body: %s", CUSTOMER)
    logging.getLogger("churn_api").debug("shown")
    assert [line["message"] for line in lines(capsys.readouterr().err)] == ["shown"]


def test_configuring_twice_writes_no_line_twice(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    logs.configure(settings(log_dir=tmp_path), "api")
    logs.configure(settings(log_dir=tmp_path), "worker")
    logging.getLogger("x").info("once")
    assert [line["service"] for line in lines(capsys.readouterr().err)] == ["worker"]
    assert [line["service"] for line in lines((tmp_path / "worker.log").read_text())] == ["worker"]
    assert (tmp_path / "api.log").read_text() == ""


def test_the_file_rotates_and_keeps_five_older_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (logs.FILE_BYTES, logs.OLDER_FILES) == (10_000_000, 5)
    monkeypatch.setattr(logs, "FILE_BYTES", 2_000)
    logs.configure(settings(log_dir=tmp_path / "logs" / "churn"), "api")
    for number in range(200):
        logging.getLogger("x").info("line %s", number)
    files = sorted(path.name for path in (tmp_path / "logs" / "churn").glob("api.log*"))
    assert files == ["api.log", *(f"api.log.{number}" for number in range(1, 6))]
    assert all((tmp_path / "logs" / "churn" / name).stat().st_size < 2_000 + 200 for name in files)
    assert lines((tmp_path / "logs" / "churn" / "api.log").read_text())[-1]["message"] == "line 199"


WRITER = """
import logging, os, sys
from pathlib import Path
from churn import logs
from churn.settings import Settings

logs.FILE_BYTES, logs.OLDER_FILES = 20_000, 1_000
logs.configure(Settings(store_url="file:///nowhere", log_dir=Path(sys.argv[1])), "worker")
print("ready", flush=True)
sys.stdin.readline()
child = os.fork() if sys.argv[2] == "fork" else None
name = f"{sys.argv[2]}-{'child' if child == 0 else 'first'}"
for number in range(400):
    logging.getLogger("x").info("%s %s %s", name, number, "x" * 60)
if child:
    os.waitpid(child, 0)
"""


def start_writer(name: str, folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_processes_share_a_rotating_file_without_losing_or_tearing_a_line(tmp_path: Path, root: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(root / "shared")}
    processes = [start_writer(name, tmp_path, environment) for name in ("one", "two", "fork")]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 3
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=100)
    assert [process.returncode for process in processes] == [0, 0, 0]
    files = list(tmp_path.glob("worker.log*"))
    assert len(files) > 5
    written = [str(line["message"]).split()[:2] for file in files for line in lines(file.read_text())]
    names = ("one-first", "two-first", "fork-first", "fork-child")
    assert sorted(written) == sorted([name, str(number)] for name in names for number in range(400))


def test_a_folder_that_cannot_be_written_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match=r"CHURN_LOG_DIR is .*file.* cannot be written"):
        logs.configure(settings(log_dir=tmp_path / "file"), "api")
