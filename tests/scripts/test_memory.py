"""The memory of a process: what it holds, and the most that it has held."""

import subprocess
import sys

import pytest

from scripts.memory import peak_mib, resident_mib

# Has held 64 MiB, and given them back.
HELD = "import mmap; m = mmap.mmap(-1, 64 << 20); m.write(bytes([1]) * (64 << 20)); m.close(); print(flush=True)"


def test_the_peak_outlasts_what_is_held():
    command = [sys.executable, "-c", f"{HELD}; input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        peak, resident = peak_mib(process.pid), resident_mib(process.pid)
        process.communicate(b"\n")
    assert peak > resident + 63


def test_of_a_process_that_is_gone_nothing_is_said():
    with subprocess.Popen(["true"]) as process:
        pass
    with pytest.raises(FileNotFoundError):
        peak_mib(process.pid)
