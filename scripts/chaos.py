"""Kill the parts of a real stack at random while jobs are in flight, and check that no job and no row is lost.

    make chaos ROUNDS=30 SEED=7

Each round submits jobs, kills and restarts containers and wipes the queue, all determined by the seed, while one in ten
of the store's answers to writes is lost. Then every accepted job must complete, its files must be the same bytes as
those of an undisturbed job with the same input, and every input row must be in exactly one of them. With --running, the
stack of COMPOSE_PROJECT_NAME is used as it is, and no answer is lost.
"""

import argparse
import csv
import hashlib
import io
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import requests

from churn_trainer.data import sample
from scripts.stack import ROOT, Stack, override, own_environment, started

LOST_SHARE = 0.1
VICTIMS = ("worker", "api", "queue", "cache", "minio")
ROWS = (1_000, 20_000, 60_000)
JOBS_A_ROUND = 4

# Seconds of disturbance in a round, and seconds that its jobs may take once everything is up again.
DISTURBED, PATIENCE = 15.0, 300.0


class Files(NamedTuple):
    """The SHA-256 of a job's results and of its errors."""

    results: str
    errors: str


@dataclass(frozen=True)
class Target(Stack):
    """The stack that is disturbed, and what was done to it in this round."""

    killed: list[str] = field(default_factory=list)

    def kill(self, service: str, down: float) -> None:
        """Kill a service's containers and start them again after `down` seconds."""
        self.killed.append(service)
        self.compose("kill", service, check=False)
        time.sleep(down)
        self.compose("start", service)

    def wipe_queue(self) -> None:
        """Delete everything in the queue's Redis."""
        self.killed.append("queue's data")
        self.compose("exec", "-T", "queue", "redis-cli", "flushall", check=False)

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request until its answer is not one from 500 on, which killed parts cause; exits after PATIENCE."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                answer = requests.request(method, self.api + path, timeout=60, **options)
                if answer.status_code < 500:
                    return answer
            except requests.RequestException:
                pass
            time.sleep(0.3)
        raise SystemExit(f"{method} {path} got no answer within {PATIENCE:.0f} s")

    def submit(self, data: bytes, key: str) -> str:
        """Submit a job and return its id; the idempotency key keeps a lost answer from making a second job."""
        headers = {"Content-Type": "text/csv", "Idempotency-Key": key}
        answer = self.ask("POST", "/jobs", data=data, headers=headers)
        if answer.status_code != 202:
            raise SystemExit(f"A job was refused: {answer.status_code} {answer.text}")
        return str(answer.json()["id"])

    def finished(self, job_id: str) -> dict[str, Any]:
        """The record of a job once it has finished; exits after PATIENCE seconds."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            job: dict[str, Any] = self.ask("GET", f"/jobs/{job_id}").json()
            if job["finished_at"]:
                return job
            time.sleep(0.3)
        raise SystemExit(f"{job_id} is not finished after {PATIENCE:.0f} s: {job}")


def customers(count: int) -> bytes:
    """A CSV file of `count` customers, some with faults or absent fields; the same bytes for the same count."""
    head, *rows = sample.csv_bytes().splitlines()
    lines = [head]
    for number in range(count):
        row = b"%07d-CHAOS," % number + rows[number % len(rows)].partition(b",")[2]
        if number % 97 == 0:
            row += b",one cell too many"
        elif number % 89 == 0:
            row = row.replace(b"Yes", b"Perhaps", 1)
        elif number % 991 == 0:
            row = row.replace(b",Yes,", b",,", 1)
        lines.append(row)
    return b"\n".join(lines) + b"\n"


def files_of(stack: Target, job: dict[str, Any], rows: int) -> Files:
    """The checksums of a completed job's files; exits unless every row is in exactly one of them."""
    if job["status"] != "completed":
        raise SystemExit(f"A job did not complete: {job}")
    texts = [stack.ask("GET", job["links"][kind]).content for kind in ("results", "errors")]
    accepted, refused = ([int(row["row"]) for row in csv.DictReader(io.StringIO(text.decode()))] for text in texts)
    if sorted(accepted + list(set(refused))) != list(range(1, rows + 1)):
        raise SystemExit(f"Rows of {job['id']} are lost or there twice.")
    counts = job["request_counts"]
    if (counts["total"], counts["completed"], counts["failed"]) != (rows, len(accepted), len(set(refused))):
        raise SystemExit(f"The counts of {job['id']} are not those of its files: {counts}")
    return Files(*(hashlib.sha256(text).hexdigest() for text in texts))


def disturb(stack: Target, chance: random.Random, wipe: bool) -> None:
    """Kill services at random for DISTURBED seconds, and wipe the queue once if `wipe` is set."""
    end = time.monotonic() + DISTURBED
    wipe_at = time.monotonic() + chance.uniform(0, DISTURBED / 2)
    while time.monotonic() < end:
        time.sleep(chance.uniform(0, 1.5))
        if wipe and time.monotonic() >= wipe_at:
            stack.wipe_queue()
            wipe = False
        stack.kill(chance.choice(VICTIMS), chance.uniform(0, 1.5))
    if wipe:
        stack.wipe_queue()


def one_round(stack: Target, number: int, chance: random.Random, wanted: dict[int, Files], key: str) -> None:
    """Submit jobs, disturb the stack, and compare the jobs' files with the `wanted` ones by number of rows."""
    stack.killed.clear()
    start = time.monotonic()
    jobs = []
    for place in range(JOBS_A_ROUND):
        rows = chance.choice(ROWS)
        if place == JOBS_A_ROUND // 2:
            stack.kill(chance.choice(VICTIMS), chance.uniform(0, 0.5))
        jobs.append((stack.submit(customers(rows), f"{key}-{number}-{place}"), rows))
    disturb(stack, chance, wipe=number % 3 == 1)
    for job_id, rows in jobs:
        if files_of(stack, stack.finished(job_id), rows) != wanted[rows]:
            raise SystemExit(f"The files of {job_id} differ from those of an undisturbed job.")
    for job_id, _ in jobs:
        stack.ask("DELETE", f"/jobs/{job_id}")
    print(
        f"round {number}: killed {', '.join(stack.killed)}; {len(jobs)} jobs of "
        f"{sum(rows for _, rows in jobs):,} rows completed, the same bytes as undisturbed, every row in exactly one "
        f"file; {time.monotonic() - start:.0f} s",
        flush=True,
    )


def lossy_store(seed: int) -> dict[str, Any]:
    """The changes to services that put a proxy, which loses answers, between the store and the API and workers."""
    proxy = {
        # The API's image, but built here too: Compose would look for it in a registry before it builds the API's.
        "build": {"context": str(ROOT), "dockerfile": "services/api/Dockerfile"},
        "entrypoint": ["python", "/lossy_proxy.py", "9000", "minio:9000", "--share", str(LOST_SHARE)],
        "command": ["--seed", str(seed)],
        "volumes": [f"{ROOT / 'scripts' / 'lossy_proxy.py'}:/lossy_proxy.py:ro,z"],
        "networks": ["store"],
        "healthcheck": {"test": ["CMD", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9000"], "interval": "1s"},
        "restart": "unless-stopped",
    }
    behind = {
        "environment": {"AWS_ENDPOINT_URL_S3": "http://lossy:9000"},
        "depends_on": {"lossy": {"condition": "service_healthy"}},
    }
    return {"lossy": proxy, "api": behind, "worker": behind}


def own_stack(folder: Path, seed: int) -> Target:
    """A stack of this program's own, which is not started yet; its Compose file is written into `folder`."""
    settings = {"CHURN_JOB_CHUNK_MB": "1", "CHURN_DATA_SOURCE": "sample", "CHURN_CV_REPEATS": "1"}
    return Target(ROOT, own_environment("chaos", settings | override(folder, lossy_store(seed))))


def running_stack() -> Target:
    """The stack that the shell's COMPOSE_PROJECT_NAME and CHURN_API_PORT name."""
    return Target(ROOT, {"CHURN_API_PORT": "5000", **os.environ})


def run(stack: Target, rounds: int, seed: int) -> None:
    """Run undisturbed jobs for comparison, then the rounds; exits at the first job or row that is lost."""
    chance, key = random.Random(seed), f"chaos-{seed}-{time.time_ns()}"  # noqa: S311
    wanted = {}
    for rows in ROWS:
        job_id = stack.submit(customers(rows), f"{key}-undisturbed-{rows}")
        wanted[rows] = files_of(stack, stack.finished(job_id), rows)
    print(f"seed {seed}: {len(ROWS)} jobs undisturbed", flush=True)
    for number in range(1, rounds + 1):
        one_round(stack, number, chance, wanted, key)
    print(f"{rounds} rounds: no job and no row was lost")


def main() -> int:
    """Run the rounds on a stack of this program's own, or on the running one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--running", action="store_true", help="use the stack that runs")
    options = parser.parse_args()
    if options.running:
        run(running_stack(), options.rounds, options.seed)
    else:
        with tempfile.TemporaryDirectory() as folder, started(own_stack(Path(folder), options.seed)) as stack:
            run(stack, options.rounds, options.seed)
            print(f"of the store's answers to writes {stack.compose('logs', 'lossy').count('lost')} were lost")
    return 0


if __name__ == "__main__":
    sys.exit(main())
