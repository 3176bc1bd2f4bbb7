"""Processes that scripts, tests and benchmarks start, and the processor time that they take."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from scripts.run import redis_binary

TICKS = os.sysconf("SC_CLK_TCK")


class RedisServer(NamedTuple):
    """A Redis server: the URL of its unix socket, and its process."""

    url: str
    process: subprocess.Popen[bytes]


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command during the block; its process is ended with it."""
    process = subprocess.Popen(command, env=environment)
    try:
        yield process
    finally:
        stopped([process])


def stopped(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """Terminate the processes that have not ended yet, and wait for all of them."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


@contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[RedisServer]:
    """A Redis server that keeps its files in `folder` and saves nothing; `options` are those of its command line.

    The folder's path must be short: that of a unix socket may have 107 bytes at most.
    """
    folder.mkdir(exist_ok=True)
    path = folder / "redis.sock"
    command = [str(redis_binary()), "--port", "0", "--unixsocket", str(path), "--dir", str(folder), "--save", ""]
    process = subprocess.Popen([*command, "--logfile", str(folder / "redis.log"), *options])
    try:
        pause = ConstantBackoff(0.05)  # type: ignore[arg-type]  # any number of seconds, whatever its annotation says
        with redis.Redis(unix_socket_path=str(path), retry=Retry(pause, 200)) as client:
            client.ping()
        yield RedisServer(f"unix://{path}", process)
    finally:
        process.kill()  # a server that a benchmark has paused would never act on SIGTERM
        process.wait(timeout=10)


def cpu_seconds(pid: int) -> float:
    """The processor time in seconds, user and system, of a process and those of its descendants that still run."""
    return sum(_own_seconds(process) for process in (pid, *_descendants(pid)))


def busy_seconds() -> float:
    """The processor time in seconds, on all processors, of everything on the machine since it started."""
    # user, nice, system, idle, iowait, irq, softirq and steal; the fields after these are included in user.
    ticks = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / TICKS


def _own_seconds(pid: int) -> float:
    # The program's name in brackets may contain blanks; the fields after it do not.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _descendants(pid: int) -> list[int]:
    children = [int(descendant) for descendant in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [descendant for child in children for descendant in _descendants(child)]
