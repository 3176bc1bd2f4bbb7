"""A million customers by topic through a real stack, at one and at two members, beside plain consumers of its API.

    python -m benchmarks.streaming.stack [--records 1000000] [--rate 2000] [--seconds 60]

The backlog is written before the members start, and its clock starts once each of them has predicted somebody: what the
first one did until then does not count. Then records come evenly, far fewer than can be scored, and the delay is from a
record's timestamp to that of its result. The plain consumers, `benchmarks/streaming/http_consumer.py`, read fewer
records, as they take longer. Everything runs on this machine, also what writes the records and what reads the results.
"""

import argparse
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.streaming import metrics
from benchmarks.streaming.customers import customers
from scripts.broker import CUSTOMERS, PREDICTIONS, PROFILE, Writer, published, reading, scale
from scripts.memory import peak_mib
from scripts.processes import cpu_seconds, free_port
from scripts.stack import ROOT, Stack, override, own_environment, started

# Records of each plain consumer, by the path that it asks.
PLAIN = {"predict": 30_000, "batch_predict": 300_000}

# Records are written many at a time, which compresses them better than these of one customer.
_FILLING = {"compression.type": "lz4", "linger.ms": 50, "queue.buffering.max.messages": 500_000}

# Seconds without a further result after which a run has failed, and between two slices of what comes evenly.
_PATIENCE, _SLICE = 120.0, 0.01


class Container:
    """A container as the host sees it."""

    def __init__(self, stack: Stack, name: str) -> None:
        """`name` is its id."""
        [found] = json.loads(stack.run("docker", "inspect", name).stdout)
        self._pid: int = found["State"]["Pid"]
        networks: dict[str, Any] = found["NetworkSettings"]["Networks"]
        self._address = networks[f"{stack.project}_watch"]["IPAddress"]

    def cpu_seconds(self) -> float:
        """The processor time of its processes."""
        return cpu_seconds(self._pid)

    def peak_mib(self) -> float:
        """The most memory that its main process has held."""
        return peak_mib(self._pid)

    def predicted(self) -> float:
        """How many customers a member has predicted."""
        return metrics.value(f"{self._address}:8001", metrics.PREDICTED)


class Progress(NamedTuple):
    """How far the members are at a moment."""

    moment: float
    predicted: list[float]
    cpu: float

    @classmethod
    def of(cls, members: list[Container]) -> "Progress":
        """That of now."""
        predicted = [member.predicted() for member in members]
        return cls(time.perf_counter(), predicted, sum(member.cpu_seconds() for member in members))


class Measurement:
    """A stack that is measured."""

    def __init__(self, stack: Stack, port: int, records: int, rate: int, seconds: int) -> None:
        """`port` is that of the broker."""
        self._stack, self._records, self._rate, self._seconds = stack, records, rate, seconds
        self._address = f"localhost:{port}"
        self._customers = customers()

    def members(self, count: int) -> None:
        """Measure so many members, which are started anew."""
        scale(self._stack, 0)
        self._fill()
        members = [Container(self._stack, name) for name in scale(self._stack, count)]
        start, end = self._backlog(members)
        taken = [last - first for first, last in zip(start.predicted, end.predicted, strict=True)]
        rate = sum(taken) / (end.moment - start.moment)
        cpu = 1e6 * (end.cpu - start.cpu) / sum(taken)
        shares = " and ".join(f"{each:,.0f}" for each in taken)
        peaks = " and ".join(f"{member.peak_mib():.0f}" for member in members)
        print(
            f"members {count}: {rate:,.0f} customers/s of a backlog of {self._records:,}, {cpu:.0f} µs of a core each, "
            f"{shares} by each; peak {peaks} MiB",
            flush=True,
        )
        delays = self._steady()
        points = statistics.quantiles(delays, n=100)
        print(
            f"members {count}: {self._rate:,} customers/s for {self._seconds} s: {len(delays):,} results after "
            f"{points[49]:.0f} / {points[94]:.0f} / {points[98]:.0f} ms (p50 / p95 / p99), {max(delays):.0f} at most",
            flush=True,
        )

    def plain(self, path: str, records: int) -> None:
        """Measure a consumer that asks this path of the API."""
        code = Path(__file__).with_name("http_consumer.py").read_text()
        api = Container(self._stack, self._stack.container("api"))
        before = api.cpu_seconds()
        run = ("run", "--rm", "--no-deps", "--no-TTY", "stream", "python", "-c", code, path, str(records))
        found = json.loads(self._stack.compose(*run).splitlines()[-1])
        cpu = 1e6 * (api.cpu_seconds() - before) / records
        print(
            f"plain consumer of /{path}: {found['rate']:,.0f} customers/s of {records:,}, {found['cpu']:.0f} µs of a "
            f"core each, and {cpu:.0f} of the API",
            flush=True,
        )

    def _fill(self) -> None:
        writer = Writer(self._address, **_FILLING)
        for key, value in self._next(self._records):
            writer.write(CUSTOMERS, key, value)
        writer.flush()

    def _backlog(self, members: list[Container]) -> tuple[Progress, Progress]:
        """The progress once each member has predicted somebody, and when all is done."""
        start = last = Progress.of(members)
        while sum(last.predicted) < self._records:
            time.sleep(0.2)
            now = Progress.of(members)
            if now.predicted == last.predicted and now.moment - last.moment > _PATIENCE:
                raise SystemExit(f"Nothing has come since {sum(now.predicted):,.0f} results.")
            last = last if now.predicted == last.predicted else now
            start = start if all(start.predicted) else last
        return start, last

    def _steady(self) -> list[float]:
        """Write records evenly; the milliseconds from each to its result."""
        count = self._rate * self._seconds
        writer, records = Writer(self._address), self._next(count)
        with reading(self._address, CUSTOMERS, PREDICTIONS, whole=False) as read:
            start = time.perf_counter()
            for written in range(0, count, size := max(1, int(self._rate * _SLICE))):
                time.sleep(max(start + written / self._rate - time.perf_counter(), 0))
                for key, value in itertools.islice(records, size):
                    writer.write(CUSTOMERS, key, value)
            writer.flush()
            sent: dict[str, int] = {}
            done: dict[str, int] = {}
            while min(len(sent), len(done)) < count:
                if time.perf_counter() - start > self._seconds + _PATIENCE:
                    raise SystemExit(f"{count - len(done):,} of {count:,} records have no result.")
                for message in read(1):
                    if message.topic() == CUSTOMERS:
                        sent[f"{message.partition()}-{message.offset()}"] = message.timestamp()[1]
                    else:
                        done.setdefault((message.key() or b"").decode(), message.timestamp()[1])
        return [done[key] - sent[key] for key in sent]

    def _next(self, count: int) -> Iterator[tuple[str, bytes]]:
        for customer in itertools.islice(self._customers, count):
            yield customer["customerID"], json.dumps(customer).encode()


def main() -> int:
    """Measure what the command line asks for, and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        settings = {"CHURN_DATA_SOURCE": "sample", "CHURN_CV_REPEATS": "1"} | override(Path(folder), published(port))
        stack = Stack(ROOT, own_environment("streaming", settings | PROFILE))
        with started(stack):
            measurement = Measurement(stack, port, options.records, options.rate, options.seconds)
            for count in (1, 2):
                measurement.members(count)
            scale(stack, 0)
            for path, records in PLAIN.items():
                measurement.plain(path, records)
    return 0


if __name__ == "__main__":
    sys.exit(main())
