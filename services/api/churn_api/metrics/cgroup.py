"""How much memory and disk a container has left, as its control group and its file system account for it."""

import shutil
from pathlib import Path
from typing import NamedTuple

CGROUP = Path("/sys/fs/cgroup")
# A control group without a limit says "max" in version 2, and a number of this size in version 1.
_UNLIMITED = 1 << 60


class Machine(NamedTuple):
    """All in bytes. Memory is None where no control group tells; its limit is None where there is none."""

    memory: int | None
    memory_limit: int | None
    disk_free: int
    disk_size: int


class _Files(NamedTuple):
    """Where a version of control groups keeps what; `reclaimable` is a line of `stat`."""

    used: str
    limit: str
    stat: str
    reclaimable: str


_VERSIONS = (
    _Files("memory.current", "memory.max", "memory.stat", "inactive_file"),
    _Files("memory/memory.usage_in_bytes", "memory/memory.limit_in_bytes", "memory/memory.stat", "total_inactive_file"),
)


def look(cgroup: Path = CGROUP, folder: Path = Path("/")) -> Machine:
    """What this process's container uses now. The disk is the one under its root: the engine's own."""
    memory, limit = _memory(cgroup)
    disk = shutil.disk_usage(folder)
    return Machine(memory, limit, disk.free, disk.total)


def _memory(cgroup: Path) -> tuple[int | None, int | None]:
    """Memory that the kernel cannot take back by dropping files it has read, and its limit."""
    for files in _VERSIONS:
        try:
            used = int((cgroup / files.used).read_text())
            limit = (cgroup / files.limit).read_text().strip()
            stat = dict(line.split() for line in (cgroup / files.stat).read_text().splitlines())
        except OSError:
            continue
        known = None if limit == "max" or int(limit) >= _UNLIMITED else int(limit)
        return used - int(stat.get(files.reclaimable, 0)), known
    return None, None
