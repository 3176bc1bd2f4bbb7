"""Metrics of what became of the predictions of the release in service, and of what follows, as last computed."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric

from churn.store.interface import ObjectStore
from churn.tracking import computed
from churn_api.metrics.stored import StoredCollector

FIGURES = ("churn_rate", "roc_auc", "log_loss", "brier", "calibration", "lift")


class RealisedCollector(StoredCollector):
    """Gauges of the last answer."""

    def __init__(self, store: ObjectStore, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(store, clock)
        self._figures: dict[str, float] = {}
        self._is_due: float | None = None
        self._has_failed = 0.0

    def _read(self) -> None:
        held = computed.load(self._store, computed.DEFAULT_DAYS)
        releases = held.answer["releases"] if held else []
        serving: dict[str, Any] = next((release for release in releases if release["in_service"]), {})
        self._figures = {name: figure["value"] for name in FIGURES if (figure := serving.get(name))}
        retraining: dict[str, Any] = held.answer["retraining"] if held else {}
        self._is_due = float(retraining["due"]) if retraining else None
        self._has_failed = float(retraining.get("failed") is not None)

    def collect(self) -> Iterator[Metric]:
        """A gauge for each figure that there is, and for whether a training is due, or the last one failed."""
        family = GaugeMetricFamily(
            "churn_realised",
            f"What became of predictions that matured in {computed.DEFAULT_DAYS} days, of the release in service.",
            labels=("figure",),
        )
        for name, value in self._figures.items():
            family.add_metric([name], value)
        yield family
        if self._is_due is not None:
            due = "Whether a training is due (1) by what became of predictions, and has not been asked for yet."
            yield GaugeMetricFamily("churn_retraining_due", due, value=self._is_due)
            failed = "Whether the newest request for a training has failed (1): nobody tries it again."
            yield GaugeMetricFamily("churn_training_failed", failed, value=self._has_failed)
