"""What a scrape tells of what the service leans on, with a real Redis."""

import redis

from churn_api.celery_queue import lists
from churn_api.metrics.machine import MachineCollector
from churn_api.metrics.workers import SignOfLife


class FakeChecks:
    """Checks in a state of one's choice."""

    def __init__(self, **states: str) -> None:
        self._states = states

    def report(self) -> dict[str, str]:
        return self._states


def samples(collector) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in collector.collect()
        for sample in family.samples
    }


def test_a_scrape_tells_of_dependencies_queue_workers_and_memory(empty_redis):
    client = redis.Redis.from_url(empty_redis)
    for name in lists():
        client.rpush(name, "one", "two")
    SignOfLife(empty_redis).show()
    checks = FakeChecks(model="ok", cache="off", queue="ok", store="failing")
    found = samples(MachineCollector(checks, empty_redis, empty_redis))
    assert found["churn_dependency_up", "queue"] == 1
    assert found["churn_dependency_up", "store"] == 0
    assert ("churn_dependency_up", "cache") not in found
    assert found[("churn_queue_tasks",)] == 8
    assert found[("churn_workers",)] == 1
    assert found["churn_redis_memory_bytes", "queue"] > 0
    services = {key[1] for key in found if key[0] == "churn_disk_free_bytes"}
    assert services == {"api", "worker"}


def test_a_scrape_leaves_out_what_a_lost_redis_would_have_told(tmp_path):
    lost = f"unix://{tmp_path}/nobody.sock"
    found = samples(MachineCollector(FakeChecks(queue="failing"), lost, lost))
    assert found["churn_dependency_up", "queue"] == 0
    assert {key[0] for key in found} & {"churn_queue_tasks", "churn_workers", "churn_redis_memory_bytes"} == set()
