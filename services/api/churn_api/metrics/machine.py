"""Metrics of what the service depends on: dependencies, the queue, and memory and disk of the API and the workers."""

import socket
from collections.abc import Iterator

import redis
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from churn_api.celery_queue import lists, waiting
from churn_api.health.dependencies import OFF, OK, Dependencies
from churn_api.metrics.cgroup import Machine, look
from churn_api.metrics.workers import living
from churn_api.redis_client import redis_client

_TIMEOUT = 0.5


class MachineCollector(Collector):
    """Gauges whose values are read at each scrape; values that cannot be read are left out."""

    def __init__(self, checks: Dependencies, queue_url: str, cache_url: str | None) -> None:
        self._checks = checks
        self._queue = redis_client(queue_url, _TIMEOUT)
        self._redis = {"queue": self._queue} | ({"cache": redis_client(cache_url, _TIMEOUT)} if cache_url else {})

    def collect(self) -> Iterator[Metric]:
        """The gauges with their current values."""
        up = GaugeMetricFamily("churn_dependency_up", "1 while the API reaches it, else 0.", labels=("dependency",))
        for dependency, state in self._checks.report().items():
            if dependency != "model" and state != OFF:
                up.add_metric([dependency], float(state == OK))
        yield up
        yield from self._memory_of_redis()
        machines = [("api", socket.gethostname(), look())]
        try:
            machines += [("worker", host, machine) for host, machine in living(self._queue)]
            yield GaugeMetricFamily("churn_workers", "Workers that live.", value=len(machines) - 1)
            yield GaugeMetricFamily(
                "churn_queue_tasks", "Steps of jobs that wait.", value=waiting(self._queue, lists())
            )
        except redis.RedisError:
            pass  # churn_dependency_up tells
        yield from _of_machines(machines)

    def _memory_of_redis(self) -> Iterator[Metric]:
        used = GaugeMetricFamily("churn_redis_memory_bytes", "What Redis holds.", labels=("redis",))
        limit = GaugeMetricFamily("churn_redis_memory_limit_bytes", "What Redis may hold.", labels=("redis",))
        for name, client in self._redis.items():
            try:
                held = client.info("memory")
            except redis.RedisError:
                continue  # churn_dependency_up tells
            used.add_metric([name], held["used_memory"])
            if held["maxmemory"]:
                limit.add_metric([name], held["maxmemory"])
        yield used
        yield limit


def _of_machines(machines: list[tuple[str, str, Machine]]) -> Iterator[Metric]:
    """The same four figures of every container."""
    names = ("service", "host")
    words = {
        "memory": ("churn_memory_bytes", "Memory in use that cannot be dropped."),
        "memory_limit": ("churn_memory_limit_bytes", "Memory that may be used."),
        "disk_free": ("churn_disk_free_bytes", "What is free of the disk under the container."),
        "disk_size": ("churn_disk_size_bytes", "The size of the disk under the container."),
    }
    for figure, (name, documentation) in words.items():
        family = GaugeMetricFamily(name, documentation, labels=names)
        for service, host, machine in machines:
            value = getattr(machine, figure)
            if value is not None:
                family.add_metric([service, host], value)
        yield family
