"""What a process may use that works on data which may be hostile, or too large."""

import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path


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
