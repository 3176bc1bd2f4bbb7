"""Processes of a measurement: their time on the processor with that of their children, and their end."""

import os
import subprocess
import sys
import time

import redis

from scripts.processes import busy_seconds, cpu_seconds, free_port, redis_server, started, stopped

BUSY = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
WITH_CHILD = (
    "import subprocess, sys, time\n"
    f"child = subprocess.Popen([sys.executable, '-c', {BUSY + 'input()'!r}], stdin=subprocess.PIPE)\n"
    "time.sleep(60)"
)


def test_time_on_the_processor_counts_children_that_still_run():
    with started([sys.executable, "-c", WITH_CHILD], dict(os.environ)) as process:
        for _ in range(200):
            if cpu_seconds(process.pid) >= 0.3:
                break
            subprocess.run(["sleep", "0.1"], check=True)
        assert cpu_seconds(process.pid) >= 0.3


def test_a_process_ends_with_its_block_and_may_have_ended_before():
    with started(["sleep", "60"], dict(os.environ)) as process:
        pass
    assert process.poll() is not None
    stopped([process])


def test_a_free_port_is_one():
    assert 1024 < free_port() < 65536


def test_redis_answers_until_the_end_of_its_block(tmp_path_factory):
    folder = tmp_path_factory.mktemp("r") / "redis"
    with redis_server(folder, "--maxmemory", "1mb") as server:
        assert redis.Redis.from_url(server.url).config_get("maxmemory") == {"maxmemory": "1048576"}
    assert server.process.poll() is not None


def test_the_machine_was_busy_for_at_least_as_long_as_this_process_between_two_looks():
    before, own = busy_seconds(), time.process_time()
    while time.process_time() - own < 0.3:
        pass
    # The kernel counts in ticks of a hundredth, on each processor.
    assert busy_seconds() - before >= 0.25
