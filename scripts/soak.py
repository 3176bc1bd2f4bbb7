"""Load a production-shaped stack for a while, watch its memory, then kill each of its services. `make soak` calls this.

The stack is a separate one, with keys, and with MinIO in place of S3; it is taken down at the end. Hostile clients from
other addresses and with their own key, send requests all the time. The exit code is 0 if no honest request failed, no
hostile one got an answer that is not allowed, the services stayed inside a gigabyte, and every killed one came back.
"""

import argparse
import json
import os
import random
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression
from threading import Event, Lock, Thread
from typing import Any

import requests

from churn_trainer.data import sample
from scripts import hostile
from scripts.stack import ROOT, Stack, override, own_environment, started

SERVING = ("web", "api", "worker", "cache", "queue")
GIGABYTE_MIB = 1024
UNITS = {"B": 1 / 2**20, "KiB": 1 / 1024, "MiB": 1, "GiB": 1024}
SAMPLE_SECONDS, BACK_SECONDS = 15.0, 120.0
CUSTOMER = {"gender": "Female", "SeniorCitizen": 0, "tenure": 24, "Contract": "One year", "MonthlyCharges": 65.5}
JOB_ROWS = 20_000
# Addresses reserved for documentation (RFC 5737): the one of honest clients, and the start of the hostile clients'.
HONEST, HOSTILE = "198.51.100.7", "203.0.113."
# The services' logs, which are kept if something failed.
LOG = ROOT / ".run" / "soak.log"
# How many clients of each hostile kind there are at a time.
HOSTILE_AT_A_TIME = 2


@dataclass
class Tally:
    """The results of the load.

    `seconds` are durations of honest requests by kind, `faults` are sentences, `memory` is MiB by service at moments of
    the monotonic clock, and `hostile` counts hostile requests.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    memory: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    hostile: int = 0
    start: float = field(default_factory=time.monotonic)
    lock: Lock = field(default_factory=Lock)

    def add(self, kind: str, seconds: float, fault: str | None) -> None:
        """Count an honest request; `fault` is None if it was answered as it should be."""
        with self.lock:
            self.seconds.setdefault(kind, []).append(seconds)
            if fault:
                self.faults.append(f"{self.moment()} {kind}: {fault}")

    def add_hostile(self, fault: str | None) -> None:
        """Count a hostile request; `fault` is None if its answer is allowed."""
        with self.lock:
            self.hostile += 1
            if fault:
                self.faults.append(f"{self.moment()} hostile: {fault}")

    def moment(self) -> str:
        """The time since the load began, in words."""
        return f"after {time.monotonic() - self.start:.0f} s"


@dataclass(frozen=True)
class KeyedStack(Stack):
    """A stack of production's shape, with the API keys of its honest and of its hostile clients."""

    key: str
    hostile_key: str = ""

    def healthy_since(self, container: str) -> str | None:
        """When the container was started last; None while it is not healthy."""
        form = "{{.State.Health.Status}} {{.State.StartedAt}}"
        status, at = self.run("docker", "inspect", "--format", form, container).stdout.split()
        return at if status == "healthy" else None

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """The site's answer to an honest client; `options` are those of `requests.request`."""
        headers = {"X-API-Key": self.key, "X-Forwarded-For": HONEST} | options.pop("headers", {})
        return requests.request(method, self.site + path, headers=headers, timeout=60, **options)

    def memory(self) -> dict[str, float]:
        """The memory of each serving service in MiB, by `docker stats`."""
        names = {self.container(service): service for service in SERVING}
        command = ("docker", "stats", "--no-stream", "--no-trunc", "--format", "{{json .}}", *names)
        rows = [json.loads(line) for line in self.run(*command).stdout.splitlines()]
        return {names[row["ID"]]: mebibytes(row["MemUsage"].split(" / ")[0]) for row in rows}


def main() -> int:
    """Load the stack, kill its services, and print the results; returns 1 if one of them is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    options = parser.parse_args()
    print("starting", flush=True)
    with tempfile.TemporaryDirectory() as folder, started(own_stack(Path(folder))) as stack:
        fine = report(load(stack, options.minutes * 60))
        if not fine:
            LOG.parent.mkdir(exist_ok=True)
            LOG.write_text(stack.compose("logs", "--no-color", "--timestamps", *SERVING))
            print(f"What the services said is in {LOG.relative_to(ROOT)}.", flush=True)
        return 0 if all([fine, *(recovers(stack, service) for service in SERVING)]) else 1


def own_stack(folder: Path) -> KeyedStack:
    """A stack of this program's own, which is not started yet; its Compose file is written into `folder`."""
    key, hostile_key = secrets.token_hex(24), secrets.token_hex(24)
    production = {name: {"environment": {"CHURN_ENV": "production"}} for name in ("api", "worker", "trainer")}
    settings = {
        "CHURN_API_KEYS": f"{key},{hostile_key}",
        # Docker's own networks, so that the site tells callers apart by the addresses that this program gives them.
        "CHURN_TRUSTED_PROXIES": "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16",
    }
    environment = own_environment("soak", settings | override(folder, production))
    return KeyedStack(ROOT, environment, key, hostile_key)


def load(stack: KeyedStack, seconds: float) -> Tally:
    """Send every kind of request at its own pace for so many seconds, all in parallel."""
    tally, over = Tally(), Event()
    table = b"".join(sample.csv_bytes().splitlines(keepends=True)[: JOB_ROWS + 1])
    batch = {"customers": [CUSTOMER | {"tenure": number % 100} for number in range(200)]}
    kinds: list[tuple[str, float, Callable[[int], str | None]]] = [
        *(("predict", 0.05, lambda turn: predict(stack, turn)) for _ in range(4)),
        ("partial", 0.5, lambda turn: expect(stack, 200, "/predict", json=CUSTOMER | {"MonthlyCharges": turn % 200})),
        ("invalid", 1.0, lambda turn: expect(stack, 422, "/predict", json={"tenure": turn})),
        ("batch", 2.0, lambda _: expect(stack, 200, "/batch_predict", json=batch)),
        ("site", 2.0, lambda _: expect(stack, 200, "/", method="GET")),
        ("job", 30.0, lambda _: run_job(stack, table)),
    ]
    threads = [
        *(Thread(target=keep_asking, args=(tally, over, *kind)) for kind in kinds),
        *(
            Thread(target=keep_attacking, args=(tally, over, kind, _hostile_target(stack, number)))
            for number, kind in enumerate(hostile.KINDS * HOSTILE_AT_A_TIME)
        ),
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            tally.memory.append((time.monotonic(), stack.memory()))
            time.sleep(min(SAMPLE_SECONDS, max(0.0, end - time.monotonic())))
    finally:
        over.set()
    for thread in threads:
        thread.join()
    return tally


def keep_asking(tally: Tally, over: Event, kind: str, pause: float, ask: Callable[[int], str | None]) -> None:
    """Send honest requests, with `pause` seconds between them, until `over` is set.

    `ask` gets the number of the request and returns its fault, if any.
    """
    turn = 0
    while not over.wait(pause):
        turn, start = turn + 1, time.perf_counter()
        try:
            fault = ask(turn)
        except requests.RequestException as error:
            fault = type(error).__name__
        tally.add(kind, time.perf_counter() - start, fault)


def _hostile_target(stack: KeyedStack, number: int) -> hostile.Target:
    return hostile.Target(stack.site, {"X-API-Key": stack.hostile_key, "X-Forwarded-For": f"{HOSTILE}{number + 1}"})


def keep_attacking(tally: Tally, over: Event, kind: hostile.Kind, target: hostile.Target) -> None:
    """Send hostile requests of a kind, at its pace, until `over` is set."""
    rng = random.Random(kind.name)  # noqa: S311  # no secret
    while not over.wait(kind.pause):
        tally.add_hostile(hostile.fault(kind, kind.ask(target, rng)))


def predict(stack: KeyedStack, turn: int) -> str | None:
    """Predict a customer that depends on `turn`; returns the fault, if any."""
    whole = CUSTOMER | {"InternetService": "No", "PhoneService": "Yes", "MultipleLines": "No", "Partner": "No"}
    whole |= {"Dependents": "No", "PaperlessBilling": "Yes", "PaymentMethod": "Mailed check", "tenure": turn % 100}
    return expect(stack, 200, "/predict", json=whole | {"MonthlyCharges": 20 + turn % 5000 / 100})


def expect(stack: KeyedStack, status: int, path: str, method: str = "POST", **options: Any) -> str | None:
    """Send a request; returns the fault if it is not answered with this status."""
    answer = stack.ask(method, path, **options)
    return None if answer.status_code == status else f"{answer.status_code} {answer.text[:200]}"


def run_job(stack: KeyedStack, table: bytes) -> str | None:
    """Submit a table and wait for the job's end; returns the fault, if any."""
    deadline = time.monotonic() + BACK_SECONDS
    accepted = stack.ask("POST", "/jobs", data=table, headers={"Content-Type": "text/csv"})
    if accepted.status_code != 202:
        return f"{accepted.status_code} {accepted.text[:200]}"
    while (job := stack.ask("GET", f"/jobs/{accepted.json()['id']}").json())["finished_at"] is None:
        if time.monotonic() > deadline:
            return f"not finished after {BACK_SECONDS:.0f} s"
        time.sleep(0.5)
    return None if job["status"] == "completed" else str(job["error"] or job["status"])


def report(tally: Tally) -> bool:
    """Print the results; returns whether they are as they should be."""
    for kind, seconds in sorted(tally.seconds.items()):
        ordered = sorted(seconds)
        half, most = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
        print(f"{kind:8} {len(ordered):7} asked, p50 {1000 * half:7.1f} ms, p99 {1000 * most:7.1f} ms")
    # In the first third, pools, caches and allocators still grow.
    steady = tally.memory[len(tally.memory) // 3 :]
    for service in SERVING:
        times, mebibytes_used = [at for at, _ in steady], [memory[service] for _, memory in steady]
        slope = linear_regression(times, mebibytes_used).slope * 3600 if len(times) > 2 else float("nan")
        print(f"{service:8} {max(mebibytes_used):7.1f} MiB at most, {slope:+7.1f} MiB an hour")
    together = max(sum(memory.values()) for _, memory in tally.memory)
    print(f"together {together:.0f} MiB at most, {len(tally.faults)} requests failed; {tally.hostile} hostile ones")
    for fault in tally.faults[:20]:
        print(f"  {fault}")
    return together <= GIGABYTE_MIB and not tally.faults


def recovers(stack: KeyedStack, service: str) -> bool:
    """Kill a service's main process and print how long its recovery took; returns whether it took under two minutes."""
    container = stack.container(service)
    before = stack.healthy_since(container)
    os.kill(int(stack.run("docker", "inspect", "--format", "{{.State.Pid}}", container).stdout), signal.SIGKILL)
    start = time.monotonic()
    table = b"".join(sample.csv_bytes().splitlines(keepends=True)[:101])
    awaited: dict[str, Callable[[], bool]] = {
        "predictions": lambda: predict(stack, int(start)) is None,
        "container": lambda: stack.healthy_since(container) not in (before, None),
        "health": lambda: stack.ask("GET", "/health").json()["status"] == "healthy",
        "jobs": lambda: run_job(stack, table) is None,
    }
    after: dict[str, float] = {}
    while len(after) < len(awaited) and time.monotonic() - start < BACK_SECONDS:
        for part, is_back in awaited.items():
            if part not in after and _succeeds(is_back):
                after[part] = time.monotonic() - start
        time.sleep(0.2)
    recoveries = [f"{part} {f'{after[part]:.1f} s' if part in after else 'not back'}" for part in awaited]
    print(f"{service}: killed; back after: {', '.join(recoveries)}", flush=True)
    return len(after) == len(awaited)


def _succeeds(is_back: Callable[[], bool]) -> bool:
    try:
        return is_back()
    except (requests.RequestException, ValueError, KeyError):
        return False


def mebibytes(text: str) -> float:
    """The MiB of a size as Docker writes it, such as 4.5MiB."""
    number = text.rstrip("BKMGi")
    return float(number) * UNITS[text[len(number) :]]


if __name__ == "__main__":
    sys.exit(main())
