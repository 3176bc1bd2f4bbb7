"""Metrics of the customers at risk, as the last run has summed them up."""

import time
from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from churn.store.interface import ObjectStore
from churn_api.metrics.stored import StoredCollector
from churn_api.overview.scoring_runs import last_run


class AtRiskCollector(StoredCollector):
    """Gauges of the last run."""

    # Runs are hours apart at least, and each look costs two requests to the store.
    seconds = 300.0

    def __init__(self, store: ObjectStore, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(store, clock)
        self._customers: dict[str, int] = {}

    def _read(self) -> None:
        run = last_run(self._store)
        self._customers = {band.band: band.customers for band in run.bands} if run else {}

    def collect(self) -> Iterator[Metric]:
        """A gauge for each risk band; none before anything was scored."""
        family = GaugeMetricFamily(
            "churn_at_risk_customers", "Customers of the last run that was scored, by risk band.", labels=("band",)
        )
        for band, customers in self._customers.items():
            family.add_metric([band], customers)
        yield family
