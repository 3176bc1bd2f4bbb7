"""The jobs' metrics: counted by all workers, on whatever machine, in one hash of the queue's Redis, read at a scrape.

Redis is what every worker and the API share already; a port of each worker's own would have to be found and scraped,
and a shared folder ties them to one machine. Where the hash is lost with the queue, the counters start again from 0,
which is what Prometheus expects of counters.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress

import numpy as np
import redis
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from churn.job_states import STATES
from churn_api.jobs.job import Progress
from churn_api.jobs.job_metrics import ChunkStats
from churn_api.metrics.field_values import add_counts
from churn_api.metrics.registry import PROBABILITIES
from churn_api.redis_client import redis_client

log = logging.getLogger(__name__)

HASH = "churn-job-metrics"

ALERTS = ("listed", "budget", "cooldown", "held_out", "sent", "failed")
"""What becomes of alerts on customers: put into a digest or left out of it; a digest of them delivered, or given up."""

# Seconds to wait for Redis: neither a job's step nor a scrape may be held up by counts.
_TIMEOUT = 2.0

# Seconds from a job's acceptance to its end.
DURATIONS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0)


class RedisJobMetrics:
    """Implements `jobs.job_metrics.JobMetrics` in Redis; while Redis cannot be reached, counts are lost."""

    def __init__(self, url: str) -> None:
        self._redis = redis_client(url, _TIMEOUT)

    def count_job(self, status: str, seconds: float | None = None) -> None:
        """Count a job that entered a state; `seconds` from its acceptance to its end, if it ended."""
        counts: dict[str, float] = {f"jobs:{status}": 1}
        if seconds is not None:
            counts |= {f"duration:{_bucket(DURATIONS, seconds)}": 1, "duration_sum": seconds}
        self._add(counts)

    def count_chunk(self, progress: Progress, tally: ChunkStats) -> None:
        """Count the rows, predictions and faults of a finished chunk."""
        counts: dict[str, float] = {"rows:completed": progress.completed, "rows:failed": progress.failed}
        counts |= {"predictions:Yes": tally.leaving, "predictions:No": progress.completed - tally.leaving}
        places = np.searchsorted(PROBABILITIES, tally.probabilities)
        for place, count in zip(*np.unique(places, return_counts=True), strict=True):
            counts[f"probability:{_bound(PROBABILITIES, int(place))}"] = int(count)
        counts["probability_sum"] = float(tally.probabilities.sum())
        for (field, code), count in tally.faults.items():
            name = f"fault:{field if field in tally.fault_names else 'other'}:{code}"
            counts[name] = counts.get(name, 0) + count
        self._add(counts, tally)

    def count_outcomes(self, progress: Progress) -> None:
        """Count the rows of a finished chunk of outcomes."""
        self._add({"outcomes:completed": progress.completed, "outcomes:failed": progress.failed})

    def count_alerts(self, customers: Mapping[str, int]) -> None:
        """Count customers by what became of the alerts on them, one of ALERTS each."""
        self._add({f"alerts:{result}": count for result, count in customers.items()})

    def set_active(self, jobs: int) -> None:
        """Set the number of jobs that are not finished."""
        with suppress(redis.RedisError):
            self._redis.hset(HASH, "active", jobs)

    def _add(self, counts: Mapping[str, float], tally: ChunkStats | None = None) -> None:
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for name, count in counts.items():
                    if count:
                        pipe.hincrbyfloat(HASH, name, count)
                if tally:
                    add_counts(pipe, tally.release, tally.values)
                pipe.execute()
        except redis.RedisError as error:
            log.warning("Counts of jobs are lost: the queue's Redis is away (%s).", type(error).__name__)


class JobCollector(Collector):
    """The metrics of jobs for a scrape; none while the queue's Redis cannot be reached."""

    def __init__(self, url: str) -> None:
        self._redis = redis_client(url, _TIMEOUT)

    def collect(self) -> Iterator[Metric]:
        """The metrics from the counts that are in Redis now."""
        try:
            held = {name.decode(): float(value) for name, value in self._redis.hgetall(HASH).items()}
        except redis.RedisError:
            return
        yield _counter(
            "churn_jobs", "Jobs, of outcomes too, by the state they entered.", "status", held, "jobs", STATES
        )
        yield _counter(
            "churn_job_rows", "Rows of jobs: scored or refused.", "result", held, "rows", ("completed", "failed")
        )
        yield _counter(
            "churn_outcomes", "Outcomes: taken in or refused.", "result", held, "outcomes", ("completed", "failed")
        )
        yield _counter(
            "churn_alerts", "Customers who came to be at risk, by what became of it.", "result", held, "alerts", ALERTS
        )
        yield GaugeMetricFamily("churn_jobs_active", "Jobs that are not finished.", value=held.get("active", 0))
        yield _histogram("churn_job_duration_seconds", "From acceptance to end.", held, "duration", DURATIONS)
        predictions = CounterMetricFamily("churn_predictions", "Customers scored.", labels=("source", "prediction"))
        for prediction in ("No", "Yes"):
            predictions.add_metric(["job", prediction], held.get(f"predictions:{prediction}", 0))
        yield predictions
        yield _histogram("churn_prediction_probability", "", held, "probability", PROBABILITIES)
        yield _faults(held)


def _counter(
    name: str, words: str, label: str, held: Mapping[str, float], prefix: str, values: tuple[str, ...]
) -> Metric:
    family = CounterMetricFamily(name, words, labels=(label,))
    for value in values:
        family.add_metric([value], held.get(f"{prefix}:{value}", 0))
    return family


def _histogram(name: str, words: str, held: Mapping[str, float], prefix: str, bounds: tuple[float, ...]) -> Metric:
    buckets, sum_so_far = [], 0.0
    for place in range(len(bounds) + 1):
        bound = _bound(bounds, place)
        sum_so_far += held.get(f"{prefix}:{bound}", 0)
        buckets.append((bound, sum_so_far))
    return HistogramMetricFamily(name, words, buckets=buckets, sum_value=held.get(f"{prefix}_sum", 0))


def _faults(held: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily("churn_validation_errors", "Faults found in customers.", labels=("field", "code"))
    for name, value in held.items():
        kind, _, labels = name.partition(":")
        if kind == "fault":
            field, _, code = labels.rpartition(":")  # a field's name may have colons of its own
            family.add_metric([field, code], value)
    return family


def _bucket(bounds: tuple[float, ...], amount: float) -> str:
    return _bound(bounds, int(np.searchsorted(bounds, amount)))


def _bound(bounds: tuple[float, ...], place: int) -> str:
    """A bucket's upper bound as Prometheus writes it."""
    return str(bounds[place]) if place < len(bounds) else "+Inf"
