"""Metrics of the release in shadow, as a worker last looked at it."""

import time
from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from churn.experiments import computed
from churn.experiments.shadow import in_shadow
from churn.store.interface import ObjectStore
from churn_api.metrics.stored import StoredCollector


class ShadowCollector(StoredCollector):
    """A gauge while a release is in shadow."""

    # A worker looks once an hour by itself, and each look here costs two requests to the store.
    seconds = 300.0

    def __init__(self, store: ObjectStore, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(store, clock)
        self._sides: float | None = None

    def _read(self) -> None:
        named = in_shadow(self._store)
        figures = computed.load(self._store, named.experiment).figures if named else None
        told = figures["disagreement"] if figures else None
        self._sides = told["sides"] if told else None

    def collect(self) -> Iterator[Metric]:
        """The share of customers who change sides; none while nothing is in shadow, or nobody was scored."""
        if self._sides is not None:
            words = "Share of the customers of the last 31 days who would leave by one release and not by the other."
            yield GaugeMetricFamily("churn_shadow_disagreement", words, value=self._sides)
