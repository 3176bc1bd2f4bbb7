"""Memory, time to start, and the time of a scrape after a hundred thousand requests."""

import time
from pathlib import Path
from statistics import median
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.serving.load import load
from benchmarks.serving.servers import product
from benchmarks.serving.stage import Stage

REQUESTS = 100_000


def footprint(stage: Stage, folder: Path) -> dict[str, Any]:
    """Seconds to the first answer, resident MiB of each process before and after load, and the scrape's figures."""
    with product(folder, stage.scorecard) as ours:
        ready, fresh = ours.ready_seconds, ours.memory_mib()
        load(ours, stage.distinct, "/predict", connections=16, seconds=5)
        used = ours.memory_mib()
    print(
        f"Ready {ready:.2f} s after the start (wanted: 3). Resident memory of a process: {max(fresh):.0f} MiB, "
        f"after load {max(used):.0f} MiB (wanted: at most 110)."
    )
    return {"ready_seconds": ready, "fresh_mib": fresh, "used_mib": used, "scrape": _scrape(stage, folder)}


def _scrape(stage: Stage, folder: Path) -> dict[str, Any]:
    with product(folder, stage.scorecard, workers=4) as ours:
        done = 0
        while done < REQUESTS:
            run = load(ours, stage.distinct, "/predict?reasons=none", connections=16, seconds=10)
            done += run.requests
        times = []
        for _ in range(20):
            start = time.perf_counter()
            text = requests.get(f"{ours.url}/metrics", timeout=10).text
            times.append(1000 * (time.perf_counter() - start))
        counted = _total(text)
    print(
        f"A scrape of 4 processes takes {median(times):.1f} ms (wanted: at most 20); "
        f"it counts {counted:,.0f} predictions where {done:,.0f} answers came in (a run cuts off its last ones)."
    )
    return {"milliseconds": times, "counted": counted, "answered": done}


def _total(text: str) -> float:
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "churn_predictions_total"
    )
