"""Memory and disk of a container, from files of both kinds of control group."""

import shutil

import pytest

from churn_api.metrics.cgroup import look

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


@pytest.fixture
def control_group(tmp_path):
    def make(files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        return tmp_path

    return make


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
