"""`python -m churn_trainer watch`: waits for requests for a training, and has each done by a child process.

A child's memory goes back when it ends, so this one imports nothing of the product: it takes some 15 MiB.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

# Between two looks for a request, each of which is a child process and a list of the store.
_EVERY_SECONDS = 300.0

# The health check wants to see that this process lives, also while a child trains.
HEARTBEAT = Path(tempfile.gettempdir()) / "retrainer-heartbeat"
_BEAT_SECONDS = 5.0

# A child that was told to stop gives its request back.
_STOP_SECONDS = 20.0


class _Stopped(Exception):
    """The process was told to stop."""


def main(arguments: Sequence[str]) -> int:
    """Look for requests until the process is told to stop; returns 0."""
    parser = argparse.ArgumentParser(prog="churn_trainer watch", description="Wait for requests for a training.")
    parser.add_argument("--every", type=float, default=_EVERY_SECONDS, help="seconds between two looks (300)")
    every = parser.parse_args(arguments).every
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        while True:
            _look()
            _wait(every)
    except _Stopped:
        return 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _Stopped


def _look() -> None:
    with subprocess.Popen([sys.executable, "-m", "churn_trainer", "retrain"]) as child:
        try:
            while child.poll() is None:
                _wait(_BEAT_SECONDS, child)
        except _Stopped:
            child.terminate()
            try:
                child.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
            raise
    if child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        sys.stdout.write(f"The training was ended by {name}, as where memory runs out. It is tried three times.\n")
        sys.stdout.flush()


def _wait(seconds: float, child: "subprocess.Popen[bytes] | None" = None) -> None:
    """Wait for so long, or until the child ends, and show that this process lives."""
    end = time.monotonic() + seconds
    while (rest := end - time.monotonic()) > 0:
        HEARTBEAT.touch()
        if child is None:
            time.sleep(min(rest, _BEAT_SECONDS))
        else:
            try:
                child.wait(min(rest, _BEAT_SECONDS))
                return
            except subprocess.TimeoutExpired:
                continue
