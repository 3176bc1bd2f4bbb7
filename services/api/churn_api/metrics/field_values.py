"""How many rows had which values, as drift is told from them, by the bins of the release that answered.

API and workers add to one hash of the queue's Redis for each release, as jobs are counted (see `metrics.jobs`), and a
scrape shows that of the release in service. So the labels are the bins of one release, whatever it declares, and what
another one was asked never counts as this one's. Where Redis cannot be reached, counts are lost.
"""

import logging
from collections.abc import Iterator
from threading import Lock

import numpy as np
import redis
from numpy.typing import NDArray
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from churn.tracking.reference import Counts, Reference, score_name
from churn_api.redis_client import redis_client
from churn_api.releases.watcher import Releases
from churn_api.tracking.buffer import Answered

log = logging.getLogger(__name__)

_KEY = "churn-field-values:"

# Seconds to wait for Redis: neither the watch over releases nor a scrape may be held up by counts.
_TIMEOUT = 2.0

# Seconds after which the counts of a release that answers no more are forgotten: it may come back into service.
_KEPT_SECONDS = 60 * 24 * 3600

_LABELS = ("version", "field", "bin")


def add_counts(pipe: "redis.client.Pipeline[bytes]", version: str, counts: Counts) -> None:
    """Have the pipeline add to the counts of a release, if there are any."""
    key = _KEY + version
    for name, held in counts.items():
        for place in np.flatnonzero(held).tolist():
            pipe.hincrby(key, f"{name}:{place}", int(held[place]))
    if counts:
        pipe.expire(key, _KEPT_SECONDS)


class FieldValues:
    """Counts what a process of the API answers, until `write` adds it to what all have counted."""

    def __init__(self, url: str) -> None:
        self._redis = redis_client(url, _TIMEOUT)
        self._counts: dict[str, dict[str, NDArray[np.int64]]] = {}
        self._lock = Lock()

    def count(self, answered: Answered) -> None:
        """Count n predictions; those of a release that is older than references are not counted."""
        reference = answered.release.reference
        if reference is None:
            return
        schema = answered.release.schema
        columns = zip(schema.fields, answered.customers, strict=True)
        counted = {name: reference.fields[name].count_column(column) for name, column in columns}
        score = score_name(schema)
        counted[score] = reference.fields[score].count_column(answered.probabilities)
        with self._lock:
            held = self._counts.setdefault(answered.release.version, {})
            for name, counts in counted.items():
                held[name] = held[name] + counts if name in held else counts

    def write(self) -> None:
        """Add what was counted since the last time to what all processes have counted."""
        with self._lock:
            taken, self._counts = self._counts, {}
        if not taken:
            return
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for version, counts in taken.items():
                    add_counts(pipe, version, counts)
                pipe.execute()
        except redis.RedisError as error:
            log.warning("Counts of values are lost: the queue's Redis is away (%s).", type(error).__name__)


class FieldValuesCollector(Collector):
    """What the release in service was trained on, and what it has been asked, for a scrape."""

    def __init__(self, url: str, releases: Releases) -> None:
        self._redis = redis_client(url, _TIMEOUT)
        self._releases = releases

    def collect(self) -> Iterator[Metric]:
        """Every bin of the release in service, also those that had no row yet; nothing for one without a reference."""
        if not self._releases.ready:
            return
        release = self._releases.serving.release
        if release.reference is None:
            return
        yield from _references(release.version, release.reference)
        try:
            held = self._redis.hgetall(_KEY + release.version)
        except redis.RedisError:
            return
        values = CounterMetricFamily("churn_field_values", "Rows scored, by what their fields held.", labels=_LABELS)
        for name, field in release.reference.fields.items():
            for place, bin_name in enumerate(field.bins):
                values.add_metric([release.version, name, bin_name], float(held.get(f"{name}:{place}".encode(), 0)))
        yield values


def _references(version: str, reference: Reference) -> Iterator[Metric]:
    shares = GaugeMetricFamily(
        "churn_field_reference_share", "The part of the release's own customers in each bin.", labels=_LABELS
    )
    rows = GaugeMetricFamily(
        "churn_field_reference_rows", "How many customers the shares are of.", labels=("version", "field")
    )
    quantiles = GaugeMetricFamily(
        "churn_field_psi_quantile", "PSI / (1/n + 1/m) that chance seldom passes.", labels=("version", "field")
    )
    for name, field in reference.fields.items():
        rows.add_metric([version, name], field.rows)
        quantiles.add_metric([version, name], field.quantile)
        for bin_name, count in zip(field.bins, field.counts, strict=True):
            shares.add_metric([version, name, bin_name], count / max(field.rows, 1))
    yield from (shares, rows, quantiles)
