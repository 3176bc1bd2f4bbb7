"""Score a file of customers by the analyst's script, in process, and through the stack; interleaved, as ratios."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.jobs.model import fit_pipeline, release_scorecard
from benchmarks.jobs.stack import ScoringStack, running
from benchmarks.jobs.table import write_table
from churn.store.opening import open_store

RESULTS = Path(__file__).resolve().parents[1] / "results" / "jobs.json"
HERE = Path(__file__).parent

# Libraries that would use several threads get one; the scripts keep themselves to one core.
ALONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1")

ANALYST_CPU = "analyst, CPU"

Seconds = dict[str, list[float]]


def timed(script: str, *arguments: str) -> tuple[float, float]:
    """Run a script; returns its seconds by the clock, and of processor time, the fairer one on a busy machine."""
    command = [sys.executable, str(HERE / f"{script}.py"), *arguments]
    done = subprocess.run(command, env=os.environ | ALONE, check=True, stdout=subprocess.PIPE, text=True)
    clock, processor = map(float, done.stdout.split())
    return clock, processor


def measure(folder: Path, table: Path, rounds: int, stack: ScoringStack | None) -> Seconds:
    """Measure every way once in each round, so that a disturbance affects all of them; returns seconds by way."""
    model, url = folder / "model.pkl", f"file://{folder}/store"
    store = open_store(url)
    store.ensure_bucket()
    fit_pipeline(model)
    version = release_scorecard(store)
    seconds: Seconds = {"analyst": [], "in process": [], ANALYST_CPU: [], "in process, CPU": []}
    for _ in range(rounds):
        for name, taken in (
            ("analyst", timed("analyst", str(model), str(table), str(folder / "analyst.csv"))),
            ("in process", timed("in_process", url, version, str(table), str(folder / "product.csv"))),
        ):
            seconds[name].append(taken[0])
            seconds[f"{name}, CPU"].append(taken[1])
        if stack is not None:
            _through_stack(stack, table, seconds)
    return seconds


def _through_stack(stack: ScoringStack, table: Path, seconds: Seconds) -> None:
    for workers in (1, 2):
        stack.workers(workers)
        times = stack.score(table)
        seconds.setdefault(f"stack, workers: {workers}", []).append(times.whole)
        seconds.setdefault(f"of which upload ({workers})", []).append(times.upload)


def report(rows: int, seconds: Seconds, peaks: dict[str, float]) -> None:
    """Print and write medians, and ratios to the analyst's script in the same round; `peaks` are MiB by service."""
    ratios = {
        name: statistics.median(
            own / other
            for own, other in zip(seconds[ANALYST_CPU if name.endswith("CPU") else "analyst"], taken, strict=False)
        )
        for name, taken in seconds.items()
    }
    for name, taken in seconds.items():
        print(
            f"{name:20} {statistics.median(taken):7.2f} s  {rows / statistics.median(taken):>11,.0f} rows/s  "
            f"x {ratios[name]:.2f}"
        )
    for service, peak in peaks.items():
        print(f"peak memory of {service}: {peak:.0f} MiB")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"rows": rows, "seconds": seconds, "ratios": ratios, "peak_mib": peaks}, indent=1))


def main() -> None:
    """Make a table, measure, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-stack", action="store_true", help="measure in process only")
    options = parser.parse_args()
    with ExitStack() as context:
        folder = Path(context.enter_context(tempfile.TemporaryDirectory(prefix="churn-bench-")))
        stack = None if options.no_stack else context.enter_context(running())
        table = folder / "table.csv"
        write_table(table, options.rows)
        seconds = measure(folder, table, options.rounds, stack)
        peaks = stack.peaks(table) if stack else {}
        report(options.rows, seconds, peaks)


if __name__ == "__main__":
    main()
