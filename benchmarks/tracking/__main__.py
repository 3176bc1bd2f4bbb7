"""A year of weekly scores of 100,000 customers: bytes stored, and how long joining and judging them takes.

    python -m benchmarks.tracking

The predictions are of the built-in customers, made up, in a folder of their own; the join runs in a process of its own,
whose peak memory is what is printed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from churn.schema import built_in
from churn.store.opening import open_store
from churn.tracking import layout, outcomes, predictions
from scripts.memory import peak_mib

CUSTOMERS, WEEKS = 100_000, 52
END = date(2026, 11, 20)

DAYS = 400

_WINDOW = 1
# Of a job, which leaves a file for each.
_CHUNKS = 2
# Of processor time, since the clock is that of a busy machine too.
_LIMITS = {"join_cpu_seconds": 5.0}


def main() -> int:
    """Make the tables, and print what came out; 1 if that is above the limits."""
    if len(sys.argv) > 1:
        print(json.dumps(_judged(sys.argv[1])))
        return 0
    with tempfile.TemporaryDirectory(prefix="churn-tracking-") as folder:
        stored = _made(f"file://{folder}")
        print(f"{CUSTOMERS * WEEKS:,} predictions: {stored / 2**20:.0f} MiB stored")
        command = [sys.executable, "-m", "benchmarks.tracking", f"file://{folder}"]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(", ".join(f"{name} {value:.1f}" for name, value in result.items()))
    return int(any(result[name] > limit for name, limit in _LIMITS.items()))


def _judged(url: str) -> dict[str, float]:
    """Imported here, so that the parent's memory is not the child's."""
    from churn.tracking.join import join
    from churn.tracking.known import known
    from churn.tracking.quality import quality
    from churn.tracking.scanning import TableReader

    store, started = open_store(url), time.process_time()
    reader = TableReader(store)
    told, _ = known(reader)
    join(reader, told, lambda _: _WINDOW, END, DAYS)
    joined, peak = time.process_time() - started, peak_mib(os.getpid())
    quality(store, datetime(END.year, END.month, END.day, tzinfo=UTC), DAYS)
    whole = time.process_time() - started - joined
    return {"join_cpu_seconds": joined, "join_peak_mib": peak, "cpu_seconds": whole, "peak_mib": peak_mib(os.getpid())}


def _made(url: str) -> int:
    """Write the tables; returns their bytes."""
    store, rng, schema = open_store(url), np.random.default_rng(1), built_in("telco")
    ids = pl.Series([f"{number:06}-{number * 7919 % 99991:05}" for number in range(CUSTOMERS)])
    fields = [
        rng.integers(0, len(schema.categories[name].names), CUSTOMERS)
        if name in schema.categories
        else rng.integers(0, 100, CUSTOMERS).astype(np.float64)
        for name in schema.fields
    ]
    log_odds = rng.normal(-2.5, 1.5, CUSTOMERS)
    for week in range(WEEKS):
        moment = datetime(END.year, END.month, END.day, 3, tzinfo=UTC) - timedelta(weeks=WEEKS - week)
        probability = 1 / (1 + np.exp(-log_odds - rng.normal(0, 0.1, CUSTOMERS)))
        moments = pl.Series([moment]).new_from_index(0, CUSTOMERS)
        none = np.zeros(CUSTOMERS, np.uint8)
        frame = predictions.frame(schema, "20251101_000000", "job", ids, moments, probability, none, fields)
        for number in range(_CHUNKS):
            part = frame.slice(number * CUSTOMERS // _CHUNKS, CUSTOMERS // _CHUNKS)
            key = f"{layout.PREDICTIONS}{layout.month_of(moment)}job_{week:02}-{number:06}.parquet"
            store.put(key, predictions.to_bytes(part, schema.hash), content_type="application/octet-stream")
    store.put(f"{layout.OUTCOMES}month=2026-11/x.parquet", _outcomes(ids, rng), content_type="application/octet-stream")
    return sum(entry.size for entry in store.list(layout.PREDICTIONS))


def _outcomes(ids: pl.Series, rng: np.random.Generator) -> bytes:
    """One row for each customer."""
    gone = rng.random(CUSTOMERS) < 0.5
    days = [END - timedelta(days=int(ago)) for ago in rng.integers(0, 365, CUSTOMERS)]
    table = pl.DataFrame(
        {
            "customer_id": ids,
            "left_at": [day if left else None for day, left in zip(days, gone, strict=True)],
            "stayed_until": [None if left else END for left in gone],
            "campaign": None,
            "arm": None,
            "accepted": None,
            "cost": None,
            "received_at": datetime(2026, 11, 19, tzinfo=UTC),
            "row": np.arange(CUSTOMERS, dtype=np.uint32),
        },
        schema=outcomes.COLUMNS,
    )
    return outcomes.to_bytes(table)


if __name__ == "__main__":
    sys.exit(main())
