"""Child processes that read what may be hostile, or too large: one at a time, with little memory and time."""

import fcntl
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

# There is one such process at a time on a machine, as two would not fit beside the API. A second one waits this long.
_WAIT_SECONDS = 15.0
_LOCK = Path(tempfile.gettempdir()) / f"churn-conversion-{os.getuid()}.lock"


@contextmanager
def alone(busy: Exception) -> Iterator[None]:
    """Let no other process of this machine run the same block. Raises `busy` if another one does for too long."""
    with _LOCK.open("w") as lock:
        end = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise busy from None
                time.sleep(0.05)
        yield


@contextmanager
def confined(module: str, *arguments: str, source: int | IO[bytes]) -> Iterator["subprocess.Popen[bytes]"]:
    """A child that runs a module over `source`; it is killed at the end of the block, whatever it has done by then.

    It gets none of this process's variables, which include credentials. The module has to call `confine` first.
    """
    command = [sys.executable, "-m", module, *arguments]
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "POLARS_MAX_THREADS": "1"}
    with subprocess.Popen(  # noqa: S603
        command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as child:
        try:
            yield child
        finally:
            child.kill()
            if child.stdin is not None:
                with suppress(BrokenPipeError):  # what it never read says nothing; its status does
                    child.stdin.close()


def confine(memory_bytes: int, processor_seconds: int, seconds: int) -> None:
    """Limit this process's memory and time, lower its priority, and let the kernel kill it first if memory runs out.

    Processor time is limited, and time by the clock, because threads that get no memory may wait for ever.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (processor_seconds, processor_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # elsewhere the limit also counts memory that is only reserved
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    signal.alarm(seconds)
    os.nice(10)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
