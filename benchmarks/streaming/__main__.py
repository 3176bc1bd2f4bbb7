"""A member of the service that reads streams, between topics of librdkafka's mock broker: rate, processor time, memory.

    python -m benchmarks.streaming

The broker and the member are processes of their own on this machine, and so is what fills the topic beforehand. The
figures are of one member, without reasons and with three for each customer; of the last ones fewer are read.
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Producer

from benchmarks.jobs.model import release_scorecard
from benchmarks.streaming import metrics
from benchmarks.streaming.customers import customers
from churn import release
from churn.store.opening import open_store
from scripts.broker import CUSTOMERS, TOPICS
from scripts.memory import peak_mib
from scripts.processes import cpu_seconds, free_port

RECORDS, WITH_REASONS = 100_000, 20_000

_PARTITIONS = 4

# The mock keeps five megabytes of a partition.
_FILLING = {"compression.type": "zstd", "linger.ms": 100, "queue.buffering.max.messages": 1_000_000, "log_level": 3}

# Seconds without a further result after which a run has failed.
_PATIENCE = 60.0


class Figures(NamedTuple):
    """What one run took, from the first scrape that saw a result on."""

    rows_per_second: float
    cpu_microseconds: float
    peak_mib: float
    lost: float


def main() -> int:
    """Measure, and print what came out; 1 if tracked predictions were lost or memory was above 200 MiB."""
    if sys.argv[1:2] == ["broker"]:
        return _broker(int(sys.argv[2]), sys.argv[3])
    with tempfile.TemporaryDirectory(prefix="churn-streaming-") as folder:
        url = f"file://{folder}/store"
        store = open_store(url)
        store.ensure_bucket()
        release.promote(store, release_scorecard(store), None)
        runs = {"no reasons": _run(url, folder, RECORDS, ""), "3 reasons": _run(url, folder, WITH_REASONS, "3")}
    for name, figures in runs.items():
        print(
            f"{name}: {figures.rows_per_second:,.0f} customers/s, {figures.cpu_microseconds:.0f} µs of a core each, "
            f"peak {figures.peak_mib:.0f} MiB, {figures.lost:.0f} not tracked"
        )
    return int(any(figures.lost or figures.peak_mib > 200 for figures in runs.values()))


def _run(store_url: str, folder: str, records: int, reasons: str) -> Figures:
    command = [sys.executable, "-m", "benchmarks.streaming", "broker", str(records), reasons]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as broker:
        if broker.stdout is None or broker.stdin is None:
            raise RuntimeError("The process was started without pipes.")
        address, port = broker.stdout.readline().strip(), free_port()
        environment = os.environ | {
            "CHURN_STORE_URL": store_url,
            "CHURN_STREAM_URL": f"kafka://{address}",
            "CHURN_STREAM_METRICS_PORT": str(port),
            "TMPDIR": folder,
            "OPENBLAS_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
        }
        with (
            Path(folder, "log").open("wb") as log,
            subprocess.Popen([sys.executable, "-m", "churn_api.streaming"], env=environment, stderr=log) as member,
        ):
            try:
                return _measured(member, f"127.0.0.1:{port}", records)
            finally:
                member.terminate()
                member.wait(40)
                broker.stdin.close()


def _measured(member: "subprocess.Popen[bytes]", address: str, records: int) -> Figures:
    seen: list[tuple[float, float, float]] = []
    while not seen or seen[-1][0] < records:
        time.sleep(0.1)
        if member.poll() is not None:
            raise RuntimeError(f"The member has ended with {member.returncode}.")
        done = _predicted(address)
        if seen and done == seen[-1][0] and time.perf_counter() - seen[-1][1] > _PATIENCE:
            raise RuntimeError(f"Nothing has come since {done:,.0f} results.")
        if done and (not seen or done > seen[-1][0]):
            seen.append((done, time.perf_counter(), cpu_seconds(member.pid)))
    rows, seconds, cpu = (last - first for first, last in zip(seen[0], seen[-1], strict=True))
    lost = metrics.value(address, metrics.LOST)
    return Figures(rows / seconds, 1e6 * cpu / rows, peak_mib(member.pid), lost)


def _predicted(address: str) -> float:
    """How many customers the member has predicted, 0 while it does not answer yet."""
    with suppress(OSError):
        return metrics.value(address, metrics.PREDICTED)
    return 0.0


def _broker(records: int, reasons: str) -> int:
    """Be the broker, with so many customers in its topic; ends when nobody is interested any more."""
    cluster = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 3})
    (found,) = cluster.list_topics(timeout=10).brokers.values()
    address = f"{found.host}:{found.port}"
    producer = Producer(_FILLING | {"bootstrap.servers": address})
    for topic in TOPICS:
        producer.list_topics(topic, timeout=10)
    headers: list[tuple[str, str | bytes | None]] = [("reasons", reasons)] if reasons else []
    for number, customer in enumerate(itertools.islice(customers(), records)):
        key, value = customer["customerID"].encode(), json.dumps(customer).encode()
        producer.produce(CUSTOMERS, value, key, number % _PARTITIONS, headers=headers)
        producer.poll(0)
    producer.flush(60)
    print(address, flush=True)
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
