"""What gunicorn says for itself."""

import json
from pathlib import Path

import pytest
from gunicorn.config import Config

from churn_api.http.server_log import ServerLog


@pytest.fixture
def log(tmp_path: Path) -> ServerLog:
    config = Config()
    config.set("errorlog", str(tmp_path / "log"))
    return ServerLog(config)


def lines(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


@pytest.mark.parametrize("kind", [BlockingIOError, TimeoutError])
def test_a_client_that_takes_too_long_is_one_quiet_line(log: ServerLog, tmp_path: Path, kind: type[Exception]) -> None:
    try:
        raise kind
    except kind:
        log.exception("Socket error processing request.")
    [line] = lines(tmp_path)
    assert line["level"] == "INFO"
    assert "took too long" in line["message"]
    assert "Traceback" not in str(line)


def test_every_other_failure_tells_the_way_to_it(log: ServerLog, tmp_path: Path) -> None:
    try:
        raise OSError("no buffer space")
    except OSError:
        log.exception("Socket error of %s", "a request")
    [line] = lines(tmp_path)
    assert (line["level"], line["message"]) == ("ERROR", "Socket error of a request")
    assert "OSError: no buffer space" in str(line)
