"""What the processes count together."""

import subprocess
import sys
from pathlib import Path

import pytest

from churn_api.metrics.shared_counters import ROWS, STEP_SECONDS, STEPS, SharedCounters


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_totals_are_those_since_the_service_started(tmp_path: Path) -> None:
    clock = Clock()
    counters = SharedCounters(tmp_path / "board", clock)
    for _ in range(3):
        counters.count_request(0.5, failed=False)
    counters.count_served(1_000)
    clock.now += 3_600
    tally = counters.tally()
    assert (tally.predictions_served, tally.prediction_requests, tally.seconds) == (1_000, 3, 1.5)
    assert tally.uptime_seconds == 3_600


def test_the_error_rate_is_that_of_the_last_five_minutes() -> None:
    clock = Clock()
    counters = SharedCounters(clock=clock)
    counters.count_request(0.1, failed=True)
    clock.now += 150
    for _ in range(3):
        counters.count_request(0.1, failed=False)
    assert counters.tally().error_rate == 0.25
    clock.now += 151
    assert counters.tally().error_rate == 0
    clock.now += 300
    assert counters.tally().error_rate == 0


def test_a_step_is_counted_anew_when_its_turn_comes_round() -> None:
    clock = Clock()
    counters = SharedCounters(clock=clock)
    counters.count_request(0.1, failed=True)
    clock.now += STEP_SECONDS * STEPS
    counters.count_request(0.1, failed=False)
    assert counters.tally().error_rate == 0


def test_nothing_asked_is_no_error() -> None:
    assert SharedCounters().tally().error_rate == 0


IN_A_PROCESS = """
import sys
from pathlib import Path
from churn_api.metrics.shared_counters import SharedCounters
counters = SharedCounters(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    counters.count_request(0.25, failed=True)
counters.count_served(7)
print(counters.row, flush=True)
sys.stdin.read()
"""


def start(root: Path, board: Path, requests: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", IN_A_PROCESS, str(board), str(requests)],
        env={"PYTHONPATH": f"{root}/shared:{root}/services/api"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def row_of(process: "subprocess.Popen[str]") -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def test_processes_have_rows_of_their_own_and_are_summed(root: Path, tmp_path: Path) -> None:
    processes = [start(root, tmp_path / "board", 10) for _ in range(3)]
    rows = {row_of(process) for process in processes}
    for process in processes:
        process.kill()
        process.communicate()
    counters = SharedCounters(tmp_path / "board")
    assert rows == {0, 1, 2}
    assert counters.tally().prediction_requests == 30
    assert counters.tally().predictions_served == 21
    assert counters.tally().error_rate == 1


def test_a_dead_process_row_is_counted_on_in(root: Path, tmp_path: Path) -> None:
    size = 0
    for generation in range(3):
        process = start(root, tmp_path / "board", 5)
        assert row_of(process) == 0
        process.kill()
        process.communicate()
        size = size or (tmp_path / "board").stat().st_size
        assert SharedCounters(tmp_path / f"other-{generation}").row == 0
    assert (tmp_path / "board").stat().st_size == size
    assert SharedCounters(tmp_path / "board").tally().prediction_requests == 15


def test_more_processes_than_rows_are_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*_: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr("churn_api.metrics.shared_counters.fcntl.lockf", taken)
    with pytest.raises(RuntimeError, match=f"More than {ROWS} processes"):
        SharedCounters(tmp_path / "board")
