"""Memory, disk and signs of life, against files of both kinds of control group and a real Redis."""

import shutil
import time

import pytest
import redis

from churn_api import lives as life_module
from churn_api.lives import PREFIX, Life, lives
from churn_api.machine import look
from churn_api.machine_metrics import MachineCollector
from churn_api.queue import NAME

VERSION_1 = {
    "memory/memory.usage_in_bytes": "200000000\n",
    "memory/memory.limit_in_bytes": "335544320\n",
    "memory/memory.stat": "cache 60000000\ninactive_file 7\ntotal_inactive_file 50000000\n",
}
VERSION_2 = {
    "memory.current": "200000000\n",
    "memory.max": "335544320\n",
    "memory.stat": "anon 140000000\ninactive_file 50000000\n",
}


class FakeChecks:
    """Dependencies in a state of one's choice."""

    def __init__(self, **states: str) -> None:
        self._states = states

    def report(self) -> dict[str, str]:
        return self._states


@pytest.fixture
def control_group(tmp_path):
    def make(files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        return tmp_path

    return make


def samples(collector) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in collector.collect()
        for sample in family.samples
    }


@pytest.mark.parametrize("files", [VERSION_1, VERSION_2], ids=["version 1", "version 2"])
def test_memory_is_what_cannot_be_dropped_and_its_limit(control_group, files):
    machine = look(control_group(files))
    assert (machine.memory, machine.memory_limit) == (150_000_000, 335_544_320)


@pytest.mark.parametrize(
    "files",
    [VERSION_1 | {"memory/memory.limit_in_bytes": "9223372036854771712\n"}, VERSION_2 | {"memory.max": "max\n"}],
    ids=["version 1", "version 2"],
)
def test_a_container_without_a_limit_has_none(control_group, files):
    machine = look(control_group(files))
    assert (machine.memory, machine.memory_limit) == (150_000_000, None)


def test_a_machine_without_control_groups_still_tells_of_its_disk(tmp_path):
    machine = look(tmp_path, tmp_path)
    assert machine.memory is None
    assert machine.disk_size == shutil.disk_usage(tmp_path).total
    assert 0 < machine.disk_free <= machine.disk_size


def test_a_worker_lives_until_it_stops(empty_redis):
    client = redis.Redis.from_url(empty_redis)
    life = Life(empty_redis)
    life.begin()
    deadline = time.monotonic() + 5
    while not list(lives(client)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    ((_, machine),) = lives(client)
    assert machine.disk_size > 0
    life.end()
    while list(lives(client)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_worker_that_was_killed_is_forgotten(empty_redis):
    Life(empty_redis).show()
    client = redis.Redis.from_url(empty_redis)
    (key,) = client.keys(f"{PREFIX}*")
    assert life_module.EVERY_SECONDS * 2 < client.ttl(key) < 60


def test_a_sign_of_life_fails_nobody_while_redis_is_away(tmp_path):
    Life(f"unix://{tmp_path}/nobody.sock").show()


def test_a_scrape_tells_of_dependencies_queue_workers_and_memory(empty_redis):
    client = redis.Redis.from_url(empty_redis)
    client.rpush(NAME, "one", "two")
    Life(empty_redis).show()
    checks = FakeChecks(model="ok", cache="off", queue="ok", store="failing")
    found = samples(MachineCollector(checks, empty_redis, empty_redis))
    assert found["churn_dependency_up", "queue"] == 1
    assert found["churn_dependency_up", "store"] == 0
    assert ("churn_dependency_up", "cache") not in found
    assert found[("churn_queue_tasks",)] == 2
    assert found[("churn_workers",)] == 1
    assert found["churn_redis_memory_bytes", "queue"] > 0
    services = {key[1] for key in found if key[0] == "churn_disk_free_bytes"}
    assert services == {"api", "worker"}


def test_a_scrape_leaves_out_what_a_lost_redis_would_have_told(tmp_path):
    lost = f"unix://{tmp_path}/nobody.sock"
    found = samples(MachineCollector(FakeChecks(queue="failing"), lost, lost))
    assert found["churn_dependency_up", "queue"] == 0
    assert {key[0] for key in found} & {"churn_queue_tasks", "churn_workers", "churn_redis_memory_bytes"} == set()
