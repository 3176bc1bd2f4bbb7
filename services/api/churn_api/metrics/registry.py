"""The Prometheus metrics: right over all processes, with labels from closed sets only."""

import os
from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    exposition,
    multiprocess,
    values,
)
from prometheus_client.registry import Collector

from churn.errors import FieldError
from churn.model.predictor import Prediction
from churn.schema import Schema
from churn_api.metrics.merge import Merged

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# Seconds; from a cached answer to a full batch behind a slow store.
DURATIONS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
PROBABILITIES = tuple(step / 10 for step in range(1, 11))


class ProbabilityHistogram(Histogram):
    """A histogram that takes a whole batch at once: one write per bucket and not one per customer."""

    def observe_many(self, amounts: Sequence[float]) -> None:
        """Count probabilities, each from 0 to 1."""
        counts = np.bincount(np.searchsorted(self._upper_bounds, amounts), minlength=len(self._upper_bounds))
        self._sum.inc(float(np.sum(amounts)))
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(int(count))


class Metrics:
    """This process's part of the metrics, and the text over all processes.

    With PROMETHEUS_MULTIPROC_DIR set, values live in files of that folder that are named by `row`: a new process goes
    on where a dead one with the same row left off, so that nothing is lost and no file is added.
    """

    def __init__(self, row: int = 0) -> None:
        self._folder = shared_folder()
        if self._folder:
            values.ValueClass = values.MultiProcessValue(lambda: row)  # type: ignore[no-untyped-call]
        disable_created_metrics()  # type: ignore[no-untyped-call]  # several processes have no one moment of creation
        self._registry = CollectorRegistry()
        self._collectors: list[Collector] = []
        self._define()
        self._single = {answer: self.predictions.labels("single", answer) for answer in ("No", "Yes")}
        for answer in ("No", "Yes"):
            self.predictions.labels("batch", answer)  # so that it is there from the start
        self.cache = {result: self.cache_requests.labels(result) for result in ("hit", "miss", "error", "bypass")}
        # A few dozen combinations of known labels; held, a child costs half of what looking it up does.
        self._request_child = lru_cache(1024)(self.requests.labels)
        self._duration_child = lru_cache(128)(self.durations.labels)

    def _define(self) -> None:
        registry = self._registry
        self.requests = Counter(
            "churn_http_requests", "HTTP requests answered.", ("method", "route", "status"), registry=registry
        )
        self.durations = Histogram(
            "churn_http_request_duration_seconds",
            "Time from the request's head to the answer's, in seconds.",
            ("route",),
            buckets=DURATIONS,
            registry=registry,
        )
        self.predictions = Counter(
            "churn_predictions", "Customers scored.", ("source", "prediction"), registry=registry
        )
        self.probability = ProbabilityHistogram(
            "churn_prediction_probability", "Churn probabilities answered.", buckets=PROBABILITIES, registry=registry
        )
        self.validation_errors = Counter(
            "churn_validation_errors", "Faults found in customers.", ("field", "code"), registry=registry
        )
        self.cache_requests = Counter(
            "churn_cache_requests",
            "Predictions by what the cache did: bypass where neither this process knew nor Redis was asked.",
            ("result",),
            registry=registry,
        )
        self.tracking_lost = Counter(
            "churn_tracking_lost",
            "Predictions that the store did not take, so that they are not kept.",
            registry=registry,
        )
        self.release_refused = Counter(
            "churn_release_refused", "Releases that a process refused to serve.", registry=registry
        )

    def add(self, collector: Collector) -> None:
        """Let `collector` contribute, at each scrape, what is no count of this process."""
        self._collectors.append(collector)

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request; `route` is its path as declared, `seconds` from its head to the answer's."""
        self._request_child(method if method in METHODS else "other", route, str(status)).inc()
        self._duration_child(route).observe(seconds)

    def count_faults(self, schema: Schema, faults: Iterable[FieldError]) -> None:
        """Count the faults of customers; a name that is no field of theirs counts as "other"."""
        known = schema.fault_names
        labels = Tally((fault.field if fault.field in known else "other", fault.code) for fault in faults)
        for (field, code), count in labels.items():
            self.validation_errors.labels(field, code).inc(count)

    def count_prediction(self, prediction: Prediction) -> None:
        """Count the prediction of a single customer."""
        self._single[prediction.prediction].inc()
        self.probability.observe(prediction.churn_probability)

    def count_batch(self, predictions: Sequence[tuple[str, float]], source: str = "batch") -> None:
        """Count predictions of a batch or a stream, each an answer and its probability, all at once."""
        leaving = sum(prediction == "Yes" for prediction, _ in predictions)
        self.predictions.labels(source, "Yes").inc(leaving)
        self.predictions.labels(source, "No").inc(len(predictions) - leaving)
        self.probability.observe_many([probability for _, probability in predictions])

    def text(self, accept: str) -> tuple[bytes, str]:
        """The metrics of all processes and their media type, as the Accept header wants them."""
        encode, content_type = exposition.choose_encoder(accept)
        return encode(self.scraped()), content_type

    def scraped(self) -> CollectorRegistry:
        """A registry of the metrics of all processes, and of what was added."""
        own: Collector = self._registry
        if self._folder:
            own = multiprocess.MultiProcessCollector(None, str(self._folder))  # type: ignore[no-untyped-call]
        registry = CollectorRegistry()
        registry.register(Merged([own, *self._collectors]))
        return registry


def shared_folder() -> Path | None:
    """The folder that the service's processes share, if there are several; gunicorn's settings make it."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder) if folder else None
