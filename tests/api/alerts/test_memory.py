"""What looking at a million customers takes: less than is left to a worker's process in its container."""

import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from churn.alerts import layout
from churn.store.interface import ObjectStore
from churn.store.opening import open_store
from churn.tracking.layout import PREDICTIONS, month_of
from churn_api.alerts.record import Record, load
from churn_api.jobs import ids

CUSTOMERS, CHUNK = 1_000_000, 50_000
# Of the 384 MiB of a worker's container its parent process and the release that scores take a hundred.
MOST_MIB = 270
BEGIN = datetime(2026, 6, 1, tzinfo=UTC)

# Evaluates as of the moment that it is given, and prints the most memory that it ever held, in KiB.
PROGRAM = """
import sys
from datetime import datetime
from churn.store.opening import open_store
from churn.schema import built_in
from churn_api.alerts.evaluation import Evaluation
from churn_api.jobs.repository import JobRepository
from churn_api.tracking.turn import turn

class Releases:
    def get(self, version):
        return type("Release", (), {"schema": built_in("telco")})

store, moment = open_store(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
repository = JobRepository(store, lambda: moment)
Evaluation(repository, Releases(), lambda: turn(store), (), lambda counts: None).evaluate()
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
"""


def scored(store: ObjectStore, moment: datetime) -> None:
    """Leave what a job does that has scored all customers."""
    job_id, rng = ids.new_id(moment), np.random.default_rng(moment.day)
    prefix = f"{PREDICTIONS}{month_of(moment)}{job_id}-"
    for start in range(0, CUSTOMERS, CHUNK):
        table = pl.DataFrame(
            {
                "customer_id": [f"{number:07d}-ROW" for number in range(start, start + CHUNK)],
                "scored_at": pl.Series([moment], dtype=pl.Datetime("us", "UTC")).new_from_index(0, CHUNK),
                "probability": rng.random(CHUNK),
                **{f"field.{number}": rng.integers(0, 4, CHUNK).astype(float) for number in range(18)},
                "field.MonthlyCharges": rng.random(CHUNK) * 100,
            }
        )
        target = io.BytesIO()
        table.write_parquet(target, compression="zstd", compression_level=1, statistics=False)
        store.put(f"{prefix}{start:07d}.parquet", target.getvalue(), content_type="")
    told = {"moment": moment.isoformat(), "filename": None, "model_version": "1", "prefix": prefix}
    store.put(layout.due(job_id), json.dumps(told).encode(), content_type="application/json")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody says how much a process has held")
def test_a_million_customers_fit_into_a_worker(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/store"
    store = open_store(url)
    store.ensure_bucket()
    # As the worker's container has them.
    allocation = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "33554432"}
    for week in range(2):
        moment = BEGIN + timedelta(weeks=week)
        scored(store, moment)
        command = [sys.executable, "-c", PROGRAM, url, moment.isoformat()]
        environment = os.environ | allocation | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        held = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        assert int(held) / 1024 < MOST_MIB
    record: Record = load(store)
    assert (record.followed, record.digests[0].counts.alerted) == (CUSTOMERS, 20)
    assert record.digests[0].counts.budget > 100_000
