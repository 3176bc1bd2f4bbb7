"""Fuzz a running stack: requests made up from its own description, and what they leave behind. `make fuzz` calls this.

Schemathesis judges each answer; this script sees to it that neither memory nor the number of metric series has grown.
"""

import argparse
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import NamedTuple

CONFIGURATION = Path(__file__).resolve().parents[1] / "tests" / "guard" / "schemathesis.toml"

# Megabytes that a warm API may still gain: caches fill up to their bounds.
MOST_GROWTH_MIB = 48
# Warm-up: every route, status and fault has been met once, and so every series is there.
WARM_UP_CASES = 30


class State(NamedTuple):
    """What a run must not make grow."""

    memory_mib: float
    series: int
    failures: float


def main() -> int:
    options = arguments()
    fuzz(options.url, WARM_UP_CASES, options.seed + 1, 120)
    before = look(options.url)
    found = fuzz(options.url, options.cases, options.seed, options.seconds)
    after = look(options.url)
    print(f"memory {before.memory_mib:.0f} -> {after.memory_mib:.0f} MiB, series {before.series} -> {after.series}, "
          f"answers of 500 {before.failures:.0f} -> {after.failures:.0f}")  # fmt: skip
    grown = after.memory_mib - before.memory_mib > MOST_GROWTH_MIB or after.series > before.series * 1.1 + 10
    if grown:
        print("Something has grown that must not.", file=sys.stderr)
    return int(bool(found) or grown or after.failures > before.failures)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:5000")
    parser.add_argument("--cases", type=int, default=1_200, help="cases for each of the API's operations")
    parser.add_argument("--seconds", type=int, default=3_600, help="the longest that it may take")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def fuzz(url: str, cases: int, seed: int, seconds: int) -> int:
    """Schemathesis's own exit code; 0 means that it found nothing."""
    tool = Path(sys.executable).with_name("schemathesis")
    command = [str(tool), "--config-file", str(CONFIGURATION), "run", f"{url}/openapi.json", "--continue-on-failure"]
    command += ["--max-examples", str(cases), "--seed", str(seed)]
    print(f"$ {' '.join(command)}", flush=True)
    try:
        return subprocess.run(command, timeout=seconds).returncode
    except subprocess.TimeoutExpired:
        print(f"It was not done after {seconds} s.", file=sys.stderr)
        return 1


def look(url: str) -> State:
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:  # noqa: S310 - the operator's own address
        lines = [line for line in answer.read().decode().splitlines() if not line.startswith("#")]
    memory = sum(value(line) for line in lines if re.match(r'churn_memory_bytes\{.*service="api"', line))
    failures = sum(value(line) for line in lines if re.match(r'churn_http_requests_total\{.*status="500"', line))
    return State(memory / 2**20, len(lines), failures)


def value(line: str) -> float:
    return float(line.rpartition(" ")[2])


if __name__ == "__main__":
    sys.exit(main())
