"""Processes that a measurement starts: Redis, servers and workers, and their time on the processor."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis

from scripts.run import redis_binary

TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended with its block."""
    process = subprocess.Popen(command, env=environment)
    try:
        yield process
    finally:
        stopped([process])


def stopped(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """End processes that may have ended already, gracefully."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


@contextmanager
def start_redis(folder: Path) -> Iterator[str]:
    """A Redis of its own on a unix socket; yields its URL."""
    folder.mkdir()
    path = folder / "redis.sock"
    command = [str(redis_binary()), "--port", "0", "--unixsocket", str(path), "--save", ""]
    with started([*command, "--dir", str(folder), "--logfile", str(folder / "log")], dict(os.environ)):
        client = redis.Redis(unix_socket_path=str(path))
        for _ in range(200):
            with suppress(redis.ConnectionError):
                client.ping()
                break
            time.sleep(0.05)
        yield f"unix://{path}"


def cpu_seconds(pid: int) -> float:
    """Seconds on the processor, user and system, of a process and all that it started and that still run."""
    return sum(_own_seconds(each) for each in (pid, *_descendants(pid)))


def busy_seconds() -> float:
    """Seconds on any processor, of all processes of the machine since it started."""
    # user, nice, system, idle, iowait, irq, softirq, steal; after these comes what is counted in user already.
    ticks = [int(each) for each in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / TICKS


def _own_seconds(pid: int) -> float:
    # The name in brackets may hold blanks; what follows it does not.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _descendants(pid: int) -> list[int]:
    children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [each for child in children for each in _descendants(child)]
