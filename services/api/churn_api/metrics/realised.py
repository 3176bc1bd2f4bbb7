"""Metrics of what became of the predictions of the release in service, as a worker last computed it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from churn.errors import StoreUnavailable
from churn.store.interface import ObjectStore
from churn.tracking import computed

FIGURES = ("churn_rate", "roc_auc", "log_loss", "brier", "calibration", "lift")

_SECONDS = 60.0


class RealisedCollector(Collector):
    """Gauges from what `refresh` has read: a scrape never waits for the store."""

    def __init__(self, store: ObjectStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._figures: dict[str, float] = {}
        self._due = float("-inf")

    def refresh(self) -> None:
        """Read the last answer, at most once a minute; what was read stays while the store is away."""
        if self._clock() < self._due:
            return
        self._due = self._clock() + _SECONDS
        try:
            held = computed.load(self._store, computed.DEFAULT_DAYS)
        except StoreUnavailable:
            return
        releases = held.answer["releases"] if held else []
        serving: dict[str, Any] = next((release for release in releases if release["in_service"]), {})
        self._figures = {name: figure["value"] for name in FIGURES if (figure := serving.get(name))}

    def collect(self) -> Iterator[Metric]:
        """A gauge for each figure that there is."""
        family = GaugeMetricFamily(
            "churn_realised",
            f"What became of predictions that matured in {computed.DEFAULT_DAYS} days, of the release in service.",
            labels=("figure",),
        )
        for name, value in self._figures.items():
            family.add_metric([name], value)
        yield family
