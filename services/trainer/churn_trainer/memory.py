"""How much memory this process holds and has held, in bytes."""

import os
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_STATUS = Path("/proc/self/status")
_MAPS = Path("/proc/self/maps")
# Where the second and the first version of control groups tell the peak and the limit.
_GROUPS = (
    (Path("/sys/fs/cgroup/memory.peak"), Path("/sys/fs/cgroup/memory.max")),
    (Path("/sys/fs/cgroup/memory/memory.max_usage_in_bytes"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")),
)
# The first version's way to say that there is no limit is a number that no machine has.
_NO_LIMIT = 1 << 60
_CLEAR = Path("/proc/self/clear_refs")
# Writing this to clear_refs sets the kernel's mark of the highest resident size back to the present one.
_RESET_PEAK = "5"

_highest = 0


def peak() -> int:
    """The highest resident size since the process started."""
    # Linux counts in KiB, macOS in bytes.
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return max(held, _highest)


def peak_of(work: Callable[[], T]) -> tuple[T, int]:
    """Do the work; returns its result and how far memory rose above what was held, 0 where this can't be told."""
    before = _reset()
    result = work()
    return result, max(_read("VmHWM") - before, 0)


def _reset() -> int:
    global _highest
    _highest = peak()
    try:
        _CLEAR.write_text(_RESET_PEAK)
    except OSError:
        return _read("VmHWM")
    return _read("VmRSS")


def _read(name: str) -> int:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), 0)


def container_peak() -> int | None:
    """The peak by the control group of the container, None where it has no limit: that is the whole machine's."""
    for peak_file, limit_file in _GROUPS:
        if peak_file.is_file() and limit_file.is_file():
            limit = limit_file.read_text().strip()
            return int(peak_file.read_text()) if limit.isdigit() and int(limit) < _NO_LIMIT else None
    return None


def give_back_files() -> None:
    """Let the kernel forget what it read of the libraries' files, but for the pages in use.

    Reading ahead, it keeps about three times what importing them really touches, and charges the container with it:
    some 150 MiB, which on a small machine is better left to the services beside.
    """
    if sys.platform != "linux":
        return
    for path in {*_mapped_files(), *_compiled_modules()}:
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:  # It may have been replaced since, or be no file at all: then nothing is kept of it.
            continue
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def _mapped_files() -> Iterator[str]:
    lines = _MAPS.read_text().splitlines() if _MAPS.exists() else []
    return (line.split(maxsplit=5)[5] for line in lines if ".so" in line)


def _compiled_modules() -> Iterator[str]:
    specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
    return (spec.cached for spec in specs if spec is not None and spec.cached)
