"""What a member counts beside predictions, and the port on which Prometheus finds all of it."""

from collections.abc import Iterator
from threading import Thread
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from churn_api.metrics.registry import Metrics

RESULTS = ("predicted", "refused", "tombstone", "outcome")
"""What becomes of a record: a prediction, a refusal (of an outcome, too), nothing to score, or an outcome taken in."""

# Seconds; from a handful of customers to a batch with all reasons of a model that is slow to explain.
_DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
# From when a record was written until the broker has its result.
_DELAYS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0)


class StreamMetrics(Collector):
    """The metrics of one member."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        records = Counter("churn_stream_records", "Records by what became of them.", ("result",), registry=registry)
        self.records = {result: records.labels(result) for result in RESULTS}
        self.lag = Gauge("churn_stream_lag", "Records that wait in the partitions of this member.", registry=registry)
        self.lag_seconds = Gauge(
            "churn_stream_lag_seconds", "How far behind this member is, in seconds.", registry=registry
        )
        self.batch_seconds = Histogram(
            "churn_stream_batch_seconds",
            "From a batch's records to the broker's receipt of their results.",
            buckets=_DURATIONS,
            registry=registry,
        )
        self.delay_seconds = Histogram(
            "churn_stream_delay_seconds",
            "From when the oldest record of a batch was written to the broker's receipt of its result.",
            buckets=_DELAYS,
            registry=registry,
        )
        self.consuming = Gauge(
            "churn_stream_consuming", "1 while this member consumes, 0 while something keeps it.", registry=registry
        )
        self.retries = Counter(
            "churn_stream_retries",
            "Batches of results that the broker, and outcomes that the store did not take.",
            ("kind",),
            registry=registry,
        )
        for kind in ("publish", "outcomes"):
            self.retries.labels(kind)

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        return iter(list(self._registry.collect()))


def serve(metrics: Metrics, port: int) -> tuple[Any, Thread]:
    """Show the metrics of this process on a port of all its addresses, in a thread."""
    return start_http_server(port, registry=metrics.scraped())
