"""The servers that are measured, and the memory and processor time of their processes."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import requests

from scripts.processes import RedisServer, cpu_seconds, free_port, redis_server

ROOT = Path(__file__).resolve().parents[2]
WORKERS, THREADS = 2, 4


class Server(NamedTuple):
    """A server and its main process; `ready_seconds` is the time from its start to its first answer."""

    url: str
    pid: int
    ready_seconds: float

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def cpu_seconds(self) -> list[float]:
        """The processor time of each worker, user and system, in seconds."""
        return [cpu_seconds(pid) for pid in self.workers()]

    def memory_mib(self) -> list[float]:
        """The resident memory of each worker in MiB."""
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.workers()]
        return [count * os.sysconf("SC_PAGE_SIZE") / 2**20 for count in pages]


@contextmanager
def cache() -> Iterator[RedisServer]:
    """A Redis that forgets what was used least, within the memory of the product's cache."""
    limits = ("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru")
    with tempfile.TemporaryDirectory(prefix="redis-") as folder, redis_server(Path(folder), *limits) as server:
        yield server


@contextmanager
def product(folder: Path, store: str, *, workers: int = WORKERS, **settings: str) -> Iterator[Server]:
    """Run the API as its image does, over the store at a URL; `settings` are further variables."""
    port = free_port()
    command = ["-m", "gunicorn", "--config", f"{ROOT}/services/api/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}"]
    environment = {
        "CHURN_STORE_URL": store,
        "CHURN_API_WORKERS": str(workers),
        "CHURN_MAX_BATCH_ROWS": "1000",
        "PROMETHEUS_MULTIPROC_DIR": str(folder / f"metrics-{port}"),
    }
    with running([sys.executable, *command], port, environment | settings, "/health/ready", folder) as server:
        while len(server.cpu_seconds()) < workers:  # the first to be ready answers
            time.sleep(0.02)
        yield server


@contextmanager
def floor(folder: Path) -> Iterator[Server]:
    """Run benchmarks.serving.floor under gunicorn with as many workers and threads as the product."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--reuse-port", "--keep-alive", "30"]
    command += ["--workers", str(WORKERS), "--threads", str(THREADS), "--bind", f"127.0.0.1:{port}"]
    command += ["--no-control-socket", "benchmarks.serving.floor:create_app()"]
    with running(command, port, {}, "/", folder) as server:
        yield server


@contextmanager
def alternative(folder: Path, python: Path, pipeline: Path) -> Iterator[Server]:
    """Run benchmarks.serving.alternative under uvicorn with as many workers as the product."""
    port = free_port()
    command = [str(python), "-m", "uvicorn", "--factory", "benchmarks.serving.alternative:create_app"]
    command += ["--workers", str(WORKERS), "--port", str(port), "--log-level", "warning", "--no-access-log"]
    with running(command, port, {"PIPELINE": str(pipeline)}, "/docs", folder) as server:
        yield server


@contextmanager
def running(command: list[str], port: int, environment: dict[str, str], path: str, folder: Path) -> Iterator[Server]:
    """Run a server and wait until it answers at `path`; its output goes to a file in `folder`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CHURN_")}
    inherited |= {"PYTHONPATH": os.pathsep.join([str(ROOT), f"{ROOT}/shared", f"{ROOT}/services/api"])}
    started = time.perf_counter()
    with (folder / f"log-{port}").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=inherited | environment, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        wait(url + path, process)
        yield Server(url, process.pid, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(timeout=60)


def wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Return once the server answers with 200 or 404; exits if its process ends before."""
    while process.poll() is None:
        try:
            if requests.get(url, timeout=5).status_code in (200, 404):
                return
        except requests.RequestException:
            pass
        time.sleep(0.02)
    raise SystemExit(f"{process.args} ended before it answered")
