"""How much memory this process and its container have used at most, in bytes."""

import os
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_STATUS = Path("/proc/self/status")
_MAPS = Path("/proc/self/maps")
# The files of the peak and of the limit in version 2 and in version 1 of control groups.
_GROUPS = (
    (Path("/sys/fs/cgroup/memory.peak"), Path("/sys/fs/cgroup/memory.max")),
    (Path("/sys/fs/cgroup/memory/memory.max_usage_in_bytes"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")),
)
# Version 1 says that there is no limit by a number that no machine has.
_NO_LIMIT = 1 << 60
_CLEAR = Path("/proc/self/clear_refs")
# Writing this to clear_refs sets the kernel's highest resident size back to the current one.
_RESET_PEAK = "5"

_highest = 0


def peak() -> int:
    """The highest resident size since the process started, in bytes."""
    # Linux counts in KiB, macOS in bytes.
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return max(resident, _highest)


def peak_of(work: Callable[[], T]) -> tuple[T, int]:
    """Call `work`; returns its result, and by how many bytes resident memory rose, 0 where the system does not say."""
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
    """The container's peak in bytes by its control group; None without a limit, as that group is the whole machine."""
    for peak_file, limit_file in _GROUPS:
        if peak_file.is_file() and limit_file.is_file():
            limit = limit_file.read_text().strip()
            return int(peak_file.read_text()) if limit.isdigit() and int(limit) < _NO_LIMIT else None
    return None


def give_back_files() -> None:
    """Let the kernel drop the libraries' files from its cache, except for the pages in use.

    The kernel reads ahead, so it caches about three times what an import touches and charges it to the container: some
    150 MiB, which other services on a small machine can use better.
    """
    if sys.platform != "linux":
        return
    for path in {*_mapped_files(), *_compiled_modules()}:
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:  # replaced since, or not a real file: then nothing of it is cached
            continue
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def _mapped_files() -> Iterator[str]:
    lines = _MAPS.read_text().splitlines() if _MAPS.exists() else []
    return (line.split(maxsplit=5)[5] for line in lines if ".so" in line)


def _compiled_modules() -> Iterator[str]:
    specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
    return (spec.cached for spec in specs if spec is not None and spec.cached)
