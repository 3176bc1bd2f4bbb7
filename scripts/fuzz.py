"""Fuzz a running stack with made-up requests, customers and files, and with hostile requests. `make fuzz` calls this.

Schemathesis, scripts/made_up.py and scripts/hostile.py check each answer; this script checks that neither memory nor
the number of metric series has grown.
"""

import argparse
import re
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from scripts import hostile, made_up

CONFIGURATION = Path(__file__).resolve().parents[1] / "tests" / "guard" / "schemathesis.toml"

# MiB that a warm service may still gain, because its caches fill up to their limits.
MOST_GROWTH_MIB = 48
# Cases of the warm-up, in which every route, status and fault comes up once, so that every metric series exists.
WARM_UP_CASES = 30


class State(NamedTuple):
    """What a run must not increase, with memory by service, and the number of requests so far."""

    memory_mib: dict[str, float]
    series: int
    failures: float
    requests: float


def main() -> int:
    """Warm up, fuzz, and print what was found; returns 1 if anything was."""
    options = arguments()
    fuzz(options.url, WARM_UP_CASES, options.seed + 1, 120)
    made_up.ask(options.url, WARM_UP_CASES, options.seed + 1)
    hostile.ask_all(options.url, options.seed + 1)
    before = look(options.url)
    found, seeds = rounds(options, before)
    made_up.ask(options.url, options.cases, options.seed)
    print(
        f"seed {options.seed}: {options.cases} lists of customers, {options.cases // 5} files made up, all as promised"
    )
    rude = hostile.ask_all(options.url, options.seed)
    print(f"seed {options.seed}: {len(hostile.KINDS)} kinds of hostile requests, {len(rude)} answered as none may be")
    after = look(options.url)
    faults = [*rude, *compare(before, after, options.total)]
    print(f"seeds {seeds}: {after.requests - before.requests:.0f} requests, series {before.series} -> {after.series}, "
          f"answers of 500 {before.failures:.0f} -> {after.failures:.0f}, "
          f"memory in MiB {_rounded(before.memory_mib)} -> {_rounded(after.memory_mib)}")  # fmt: skip
    for fault in faults:
        print(fault, file=sys.stderr)
    return int(found or bool(faults))


def rounds(options: argparse.Namespace, before: State) -> tuple[bool, list[int]]:
    """Fuzz with one seed after another until enough was asked: whether something was found, and the seeds."""
    deadline = time.monotonic() + options.seconds
    found, seeds = False, list[int]()
    asked = before.requests
    while not found and asked - before.requests < options.total and time.monotonic() < deadline:
        seeds.append(options.seed + len(seeds))
        found = bool(fuzz(options.url, options.cases, seeds[-1], deadline - time.monotonic()))
        asked = look(options.url).requests
    return found, seeds


def compare(before: State, after: State, total: int) -> list[str]:
    """What must not be, a sentence each."""
    faults = [
        f"{service} has grown by {held - before.memory_mib.get(service, held):.0f} MiB."
        for service, held in after.memory_mib.items()
        if held - before.memory_mib.get(service, held) > MOST_GROWTH_MIB
    ]
    if after.series > before.series * 1.1 + 10:
        faults.append("There are more metric series than before.")
    if after.failures > before.failures:
        faults.append("There were answers of 500.")
    if after.requests - before.requests < total:
        faults.append(f"Fewer than {total} requests were made.")
    return faults


def _rounded(memory: dict[str, float]) -> dict[str, int]:
    return {service: round(mebibytes) for service, mebibytes in memory.items()}


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:5000")
    parser.add_argument("--cases", type=int, default=1_200, help="cases for each of the API's operations in a round")
    parser.add_argument("--total", type=int, default=20_000, help="requests to make at least, in as many rounds")
    parser.add_argument("--seconds", type=int, default=3_600, help="the longest that it may take")
    parser.add_argument("--seed", type=int, default=1, help="the first round's; each further one has the next")
    return parser.parse_args()


def fuzz(url: str, cases: int, seed: int, seconds: float) -> int:
    """Run Schemathesis; returns its exit code, 0 if it found nothing, or 1 if it took longer than `seconds`."""
    tool = Path(sys.executable).with_name("schemathesis")
    command = [str(tool), "--config-file", str(CONFIGURATION), "run", f"{url}/openapi.json", "--continue-on-failure"]
    command += ["--max-examples", str(cases), "--seed", str(seed)]
    print(f"$ {' '.join(command)}", flush=True)
    try:
        return subprocess.run(command, timeout=seconds).returncode
    except subprocess.TimeoutExpired:
        print(f"It was not done after {seconds:.0f} s.", file=sys.stderr)
        return 1


def look(url: str) -> State:
    """The state of the API at `url`, by its metrics."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:  # noqa: S310 - the operator's own address
        lines = [line for line in answer.read().decode().splitlines() if not line.startswith("#")]
    memory: defaultdict[str, float] = defaultdict(float)
    for line in lines:
        if service := re.match(r'churn_memory_bytes\{.*service="(\w+)"', line):
            memory[service[1]] += _value(line) / 2**20
    asked = {line: _value(line) for line in lines if line.startswith("churn_http_requests_total{")}
    failures = sum(number for line, number in asked.items() if 'status="500"' in line)
    return State(dict(memory), len(lines), failures, sum(asked.values()))


def _value(line: str) -> float:
    return float(line.rpartition(" ")[2])


if __name__ == "__main__":
    sys.exit(main())
