"""The memory of a process, in a module that loads nothing: whoever measures himself holds no more for it."""

from pathlib import Path


def resident_mib(pid: int) -> float:
    """The memory in MiB that a process holds now."""
    return _mib(pid, "VmRSS")


def peak_mib(pid: int) -> float:
    """The most memory in MiB that a process has held; what getrusage tells begins with its parent's."""
    return _mib(pid, "VmHWM")


def _mib(pid: int, name: str) -> float:
    return int(Path(f"/proc/{pid}/status").read_text().partition(f"{name}:")[2].split()[0]) / 2**10
