"""`python -m churn_trainer watch`: waits in little memory, and has each look done by a child."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.trainer.conftest import environment

from churn_trainer import command_line, watch

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")

# What the watching service may take while it waits.
_MOST_MIB = 40


@pytest.fixture
def watching(settings, tmp_path):
    """A function that starts the command in an empty store with these arguments; it is stopped at the end."""
    (tmp_path / "tmp").mkdir()
    given = os.environ | environment(settings) | {"TMPDIR": str(tmp_path / "tmp")}
    started = []

    def start(*arguments):
        command = [sys.executable, "-m", "churn_trainer", "watch", *arguments]
        started.append(subprocess.Popen(command, env=given, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def tree(process):
    """The process and all that it has started, by their ids."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(each for child in children for each in tree(int(child)))]


def resident_mib(processes):
    """What these processes have in memory together, pages that they share counted once."""
    lines = [line for each in processes for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


@linux
def test_it_waits_in_little_memory(watching):
    process = watching()
    assert "Nothing to do" in process.stdout.readline()
    end = time.monotonic() + 30
    while len(tree(process.pid)) > 1:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert 1 < resident_mib(tree(process.pid)) <= _MOST_MIB


def test_it_looks_again_and_again_until_it_is_told_to_stop(watching, tmp_path):
    process = watching("--every", "0.2")
    for _ in range(2):
        assert "Nothing to do" in process.stdout.readline()
    assert (tmp_path / "tmp" / watch.HEARTBEAT.name).stat().st_mtime > time.time() - 30
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_a_child_is_told_to_stop_with_it(monkeypatch, tmp_path):
    ended = tmp_path / "ended"
    script = (
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
        f"try: time.sleep(60)\nexcept KeyboardInterrupt: pathlib.Path({str(ended)!r}).touch()"
    )
    real = subprocess.Popen
    monkeypatch.setattr(watch.subprocess, "Popen", lambda _: real([sys.executable, "-c", script]))
    beats = iter(range(100))

    def wait(seconds, child=None):
        if next(beats) == 20:
            raise watch._Stopped
        time.sleep(0.1)

    monkeypatch.setattr(watch, "_wait", wait)
    with pytest.raises(watch._Stopped):
        watch._look()
    assert ended.exists()


def test_a_child_that_was_killed_is_told_of(monkeypatch, capsys):
    real = subprocess.Popen
    killed = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
    monkeypatch.setattr(watch.subprocess, "Popen", lambda _: real(killed))
    watch._look()
    assert (
        "The training was ended by SIGKILL, as where memory runs out. It is tried three times."
        in capsys.readouterr().out
    )


def test_whoever_begins_the_commands_without_the_entry_point_waits_too(monkeypatch):
    given = []
    monkeypatch.setattr(watch, "main", lambda arguments: given.append(arguments) or 0)
    assert command_line.main(["watch", "--every", "5"]) == 0
    assert given == [["--every", "5"]]
