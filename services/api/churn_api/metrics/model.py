"""Metrics of the release in service and of the cache, as the process that answers the scrape sees them."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from churn_api.cache.cache import Cache
from churn_api.releases.watcher import Releases


class ServingCollector(Collector):
    """Gauges whose values are read at each scrape, so that a process that has ended leaves no old value behind."""

    def __init__(self, releases: Releases, cache: Cache) -> None:
        self._releases = releases
        self._cache = cache

    def collect(self) -> Iterator[Metric]:
        """The gauges with their current values; none while there is no release."""
        if not self._releases.ready:
            return
        serving = self._releases.serving
        manifest = serving.manifest
        info = GaugeMetricFamily("churn_model_info", "The release in service.", labels=("version", "model_name"))
        info.add_metric([manifest.version, manifest.model_name], 1)
        yield info
        yield GaugeMetricFamily(
            "churn_model_trained_timestamp_seconds",
            "When the release in service was trained.",
            value=manifest.timestamp.timestamp(),
        )
        yield self._cache_up()

    def _cache_up(self) -> Metric:
        shared = self._cache.shared
        answers = float(shared is not None and shared.up)
        return GaugeMetricFamily("churn_cache_up", "1 while Redis answers, 0 while it is not asked.", value=answers)
