"""Measure what a request and a job's row cost on this machine; writes deploy/measured.json. `make measure` calls this.

Processor time is that of the processes themselves (user and system), which a busy machine increases by some percent.
The time that other programs took is recorded beside it. Requests to S3 are counted by an S3 server in this process,
commands to Redis by Redis.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

import redis

from churn.schema import built_in
from churn_trainer.data import sample
from scripts.counting_s3 import CountingS3
from scripts.processes import busy_seconds, cpu_seconds, free_port, redis_server, started, stopped

TELCO = built_in("telco")

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "deploy" / "measured.json"
REQUESTS, CLIENTS, BATCH = 4_000, 4, 1_000
ROWS, ROUNDS, JOBS = 1_000_000, 3, 3
QUIET_SECONDS = 10
MEDIANS = ("seconds", "plan_seconds", "chunks", "chunks_seconds", "finish_seconds", "others_cores")
Environment = dict[str, str]


def main() -> int:
    """Measure everything and write it into deploy/measured.json."""
    load = round(os.getloadavg()[0], 2)
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="measure-") as folder:
        queue = stack.enter_context(redis_server(Path(folder) / "queue")).url
        environment = os.environ | {
            "CHURN_QUEUE_URL": queue,
            "CHURN_API_WORKERS": "1",
            "CHURN_KEY_RATE_LIMIT": "0",
            "CHURN_LOG_LEVEL": "WARNING",
            "TMPDIR": folder,
        }
        local = environment | {"CHURN_STORE_URL": (Path(folder) / "store").as_uri()}
        found = {
            "release": release(local, Path(folder) / "store"),
            "api": serving(local),
            "jobs": jobs(local, Path(folder), queue),
        }
        counted = stack.enter_context(CountingS3())
        found |= {"requests": requests_made(environment | counted.environment, counted, queue)}
    head = {
        "measured": datetime.now(UTC).date().isoformat(),
        "command": "make measure",
        "load_average": load,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }
    kept = json.loads(OUTPUT.read_text()) if OUTPUT.exists() else {}
    OUTPUT.write_text(json.dumps(kept | head | found, indent=2) + "\n")
    print(OUTPUT.read_text())
    return 0


def release(environment: Environment, store: Path) -> dict[str, Any]:
    """Train once on the trainer's sample; returns the size of the release and the seconds of processor time."""
    before = os.times()
    train(environment)
    after = os.times()
    sizes = [path.stat().st_size for path in (store / "models" / "releases").rglob("*") if path.is_file()]
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return {"bytes": sum(sizes), "objects": len(sizes), "train_cpu_seconds": round(spent, 1)}


def train(environment: Environment) -> None:
    """Train as quickly as possible; the release is as large as any."""
    sample_only = {"CHURN_DATA_SOURCE": "sample", "CHURN_DATA_DIR": environment["TMPDIR"]}
    short = {"CHURN_CV_FOLDS": "2", "CHURN_CV_REPEATS": "1"}
    command = [sys.executable, "-m", "churn_trainer", "train"]
    subprocess.run(command, env=environment | sample_only | short, stdout=subprocess.DEVNULL, check=True)


@contextmanager
def api(environment: Environment) -> Iterator[tuple[int, int]]:
    """Run the API under gunicorn; yields its process id and port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "services/api/gunicorn.conf.py")]
    with started([*command, "--bind", f"127.0.0.1:{port}"], environment) as process:
        wait(lambda: ask(port, "GET", "/health/ready")[0] == 200)
        yield process.pid, port


def ask(port: int, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> tuple[int, bytes]:
    """The status and the body of an answer; status 0 while nothing listens on the port."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except ConnectionError:
        return 0, b""
    finally:
        connection.close()


def wait(done: Callable[[], bool], seconds: float = 120) -> None:
    """Return once `done` is true; exit if it is not within `seconds`."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise SystemExit(f"Nothing happened within {seconds:.0f} s.")
        time.sleep(0.05)


def customer(number: int) -> dict[str, Any]:
    """A complete customer, a different one for each number below 10⁶."""
    whole = {name: field.example for name, field in TELCO.fields.items()}
    return whole | {"MonthlyCharges": 20 + number % 10_000 / 100, "tenure": number // 10_000}


def serving(environment: Environment) -> dict[str, float]:
    """Seconds of processor time for one answer of each kind."""
    with api(environment) as (pid, port):
        kinds = {
            "predict_cpu_seconds": [("/predict", json.dumps(customer(n)).encode()) for n in range(REQUESTS)],
            "predict_without_reasons_cpu_seconds": [
                ("/predict?reasons=none", json.dumps(customer(REQUESTS + n)).encode()) for n in range(REQUESTS)
            ],
            "liveness_cpu_seconds": [("/health/live", b"")] * REQUESTS,
        }
        found = {name: spent(pid, port, requests) / REQUESTS for name, requests in kinds.items()}
        batch = json.dumps([customer(2 * REQUESTS + n) for n in range(BATCH)]).encode()
        found["batch_row_cpu_seconds"] = spent(pid, port, [("/batch_predict", batch)] * 20) / 20 / BATCH
    return {name: float(f"{value:.3g}") for name, value in found.items()}


def spent(pid: int, port: int, requests: list[tuple[str, bytes]]) -> float:
    """The API's processor time, in seconds, for these (path, body) requests over persistent connections."""
    send(port, requests[: len(requests) // 10])
    before = cpu_seconds(pid)
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda part: send(port, part), [requests[client::CLIENTS] for client in range(CLIENTS)]))
    return cpu_seconds(pid) - before


def send(port: int, requests: list[tuple[str, bytes]]) -> None:
    """Send the (path, body) requests over one connection; exit unless each is answered with 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    for path, body in requests:
        connection.request("POST" if body else "GET", path, body or None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}: {content[:300]!r}")
    connection.close()


def jobs(environment: Environment, folder: Path, queue: str) -> dict[str, Any]:
    """The medians of jobs of ROWS rows, with one and with two workers in turn, in ROUNDS rounds of JOBS jobs."""
    csv = table(ROWS)
    runs: dict[str, list[dict[str, Any]]] = {"1": [], "2": []}
    with api(environment) as (pid, port):
        attendants = {"api": pid, "queue": int(redis.Redis.from_url(queue).info("server")["process_id"])}
        for count in (1, 2) * ROUNDS:
            with working(environment, folder, count) as workers:
                # A worker's first job also loads the release, so it is not measured.
                finished(port, csv[: len(csv) // 20])
                found = [job(attendants | workers, port, csv, folder / "store" / "jobs") for _ in range(JOBS)]
            runs[str(count)].extend(found)
    result_bytes = runs["1"][0]["result_bytes"]
    head = {"rows": ROWS, "bytes": len(csv), "result_bytes": result_bytes, "cores": os.cpu_count()}
    return head | {"runs": ROUNDS * JOBS, "workers": {count: medians(many) for count, many in runs.items()}}


def medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of each figure, and the seconds of the quickest and of the slowest run."""
    seconds = [run["seconds"] for run in runs]
    plain = {name: round(median(run[name] for run in runs), 4) for name in MEDIANS}
    taken = {name: round(median(run["cpu_seconds"][name] for run in runs), 3) for name in runs[0]["cpu_seconds"]}
    return plain | {"cpu_seconds": taken, "quickest": round(min(seconds), 4), "slowest": round(max(seconds), 4)}


@contextmanager
def working(environment: Environment, folder: Path, count: int) -> Iterator[dict[str, int]]:
    """Start workers and wait until they are ready; yields their process ids by name."""
    command = [sys.executable, "-m", "celery", "--quiet", "--app", "churn_api.worker.app", "worker"]
    with ExitStack() as stack:
        workers = {}
        for number in range(count):
            heart = Path(tempfile.mkdtemp(dir=folder))
            named = [*command, "--hostname", f"worker-{number}@here"]
            process = stack.enter_context(started(named, environment | {"TMPDIR": str(heart)}))
            workers[f"worker-{number}"] = process.pid
            wait((heart / "worker-heartbeat").exists)
        yield workers


def table(rows: int) -> bytes:
    """A CSV file of this many rows, which repeats the trainer's sample."""
    header, *lines = sample.csv_bytes().splitlines(keepends=True)
    return header + b"".join((lines * (rows // len(lines) + 1))[:rows])


def job(processes: dict[str, int], port: int, csv: bytes, store: Path) -> dict[str, Any]:
    """Run a job; returns its seconds, those of its steps, and the processor time of each process and of others."""
    before, busy = {name: cpu_seconds(pid) for name, pid in processes.items()}, busy_seconds()
    own = time.process_time()
    record = finished(port, csv, store)
    spent = {name: cpu_seconds(pid) - before[name] for name, pid in processes.items()}
    busy, own = busy_seconds() - busy, time.process_time() - own
    found = steps(record)
    taken = {"worker": 0.0, "api": 0.0, "queue": 0.0}
    for name, seconds in spent.items():
        taken[name.partition("-")[0]] += seconds
    others = max(0.0, busy - own - sum(taken.values())) / found["seconds"]
    result_bytes = (store / record["id"] / "results.csv").stat().st_size
    return found | {"cpu_seconds": taken, "others_cores": others, "result_bytes": result_bytes}


def finished(port: int, csv: bytes, store: Path | None = None) -> dict[str, Any]:
    """Submit a job and wait for its end; returns its record, with the times of its files in `store` as `seen`."""
    submitted = time.time()
    status, answer = ask(port, "POST", "/jobs", csv, "text/csv")
    if status != 202:
        raise SystemExit(f"/jobs answered {status}: {answer[:300]!r}")
    record: dict[str, Any] = json.loads(answer)
    seen: dict[str, float] = {}
    while record["status"] not in ("completed", "failed"):
        for _ in range(20):
            look(seen, store / record["id"] if store else None)
            time.sleep(0.005)
        record = json.loads(ask(port, "GET", f"/jobs/{record['id']}")[1])
    if record["status"] == "failed":
        raise SystemExit(f"The job failed: {record['error']}")
    return record | {"seen": seen, "submitted": submitted}


def look(seen: dict[str, float], folder: Path | None) -> None:
    """Add the times of the job's plan and of its finished chunks, whose files are in `folder`, to `seen`."""
    if folder:
        for path in (folder / "plan.json", *folder.glob("done/*")):
            with suppress(FileNotFoundError):
                seen.setdefault(path.name, path.stat().st_mtime)


def steps(record: dict[str, Any]) -> dict[str, float]:
    """Seconds from submission to the end, and of each step; planning includes the upload."""
    seen, begun = record["seen"], record["submitted"]
    ended = datetime.fromisoformat(record["finished_at"]).timestamp()
    planned = seen.pop("plan.json")
    chunked = max(seen.values())
    return {
        "seconds": ended - begun,
        "plan_seconds": planned - begun,
        "chunks": len(seen),
        "chunks_seconds": chunked - planned,
        "finish_seconds": ended - chunked,
    }


def until_quiet(store: CountingS3) -> None:
    """Wait until all is done that follows a job, such as the look whom to alert on: nothing is written any more."""
    wait(lambda: not store.during(lambda: time.sleep(QUIET_SECONDS)).get("PUT"))


def requests_made(environment: Environment, store: CountingS3, queue: str) -> dict[str, Any]:
    """The requests to S3, and to the queue's Redis, of 500 predictions, of half a minute without work and of a job."""
    csv = table(20_000)
    train(environment)
    client = redis.Redis.from_url(queue)
    command = [sys.executable, "-m", "celery", "--quiet", "--app", "churn_api.worker.app", "worker"]
    small = environment | {"CHURN_JOB_CHUNK_MB": "0.5"}
    with api(small) as (_, port):
        served = store.during(lambda: send(port, [("/predict", json.dumps(customer(n)).encode()) for n in range(500)]))
        with started(command, small) as worker:
            finished(port, csv)
            until_quiet(store)
            idle = store.during(lambda: time.sleep(30))
            client.config_resetstat()
            asked = store.during(lambda: finished(port, csv))
            commands = {name[8:]: int(figures["calls"]) for name, figures in client.info("commandstats").items()}
            stopped([worker])
    return {
        "predict": {"s3": served},
        "api_process_and_idle_worker_30_seconds": {"s3": idle},
        "job": {"chunks": -(-len(csv) // (512 << 10)), "s3": asked, "redis": sum(commands.values())},
    }


if __name__ == "__main__":
    sys.exit(main())
