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


@contextmanager
def alone(busy: Exception, name: str = "conversion", wait: float = 15.0) -> Iterator[None]:
    """Let no other process of this machine run a block of this name: two children would not fit beside the API.

    Raises `busy` if another one still does after so many seconds.
    """
    with Path(tempfile.gettempdir(), f"churn-{name}-{os.getuid()}.lock").open("w") as lock:
        end = time.monotonic() + wait
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
    # A second more until it is killed for certain: what killed it first says that it was the processor's time.
    resource.setrlimit(resource.RLIMIT_CPU, (processor_seconds, processor_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # elsewhere the limit also counts memory that is only reserved
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    signal.alarm(seconds)
    os.nice(10)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
