"""Measuring throughput and latency with wrk."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from benchmarks.serving.servers import Server

SCRIPT = Path(__file__).with_name("load.lua")


class Run(NamedTuple):
    """The figures of a run.

    `rate` is requests a second, `cpu_ms` is the server's processor time for a request, and `least_share` is the idlest
    process's share of the work, 0 to 1.
    """

    requests: int
    rate: float
    failed: int
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_ms: float
    least_share: float


def require_wrk() -> None:
    """Exits with a hint if wrk is not installed."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not here; Debian has it: apt-get install wrk")


def load(server: Server, bodies: Path | None, path: str, *, connections: int, seconds: int) -> Run:
    """POST the lines of `bodies` to `path` for some seconds; without bodies, GET the path."""
    before = server.cpu_seconds()
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT), server.url]
    output = subprocess.run(
        [*command, "--", str(bodies or "GET"), path], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    after = server.cpu_seconds()
    result = json.loads(output.partition("RESULT ")[2])
    used = [end - start for start, end in zip(before, after, strict=True)]
    return Run(
        requests=result["requests"],
        rate=result["requests"] / result["seconds"],
        failed=result["failed"],
        mean_ms=result["mean_ms"],
        p50_ms=result["p50_ms"],
        p95_ms=result["p95_ms"],
        p99_ms=result["p99_ms"],
        cpu_ms=1000 * sum(used) / max(1, result["requests"]),
        least_share=min(used) / sum(used) if sum(used) else 0.0,
    )
