"""A queue whose disk is full: its Redis can no longer write down what it is told, and refuses it."""

import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask

from churn_api.celery_queue import CeleryQueue, create_celery
from churn_api.settings import ApiSettings
from scripts.run import redis_binary


class Disk:
    """The room that a process has for each of its files."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def fill(self) -> None:
        self._allow(1)

    def empty(self) -> None:
        self._allow(resource.RLIM_INFINITY)

    def _allow(self, size: int) -> None:
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.fixture
def queue(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[tuple[str, Disk]]:
    """The URL of a Redis that persists as the stack's queue does, and its disk."""
    port = free_port()
    options = f"--port {port} --save  --appendonly yes --appendfsync everysec --maxmemory-policy noeviction".split(" ")
    command = [str(redis_binary()), *options, "--dir", str(tmp_path)]
    # As in Python itself, the signal for too large a file stays ignored: the write fails instead.
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, restore_signals=False) as process:
        retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 200)
        with redis.Redis(port=port, retry=retry, retry_on_error=[redis.ConnectionError]) as client:
            client.ping()
        yield f"redis://127.0.0.1:{port}/0", Disk(process.pid)
        process.kill()


def test_steps_are_refused_while_the_disk_is_full_and_taken_again_once_it_has_room(
    queue: tuple[str, Disk], eventually: Callable[..., Any]
) -> None:
    url, disk = queue
    steps = CeleryQueue(create_celery(url), url)
    assert steps.send("start", "job_1")
    disk.fill()
    eventually(lambda: not steps.send("start", "job_2"))
    disk.empty()
    eventually(lambda: steps.send("start", "job_3"))


def test_a_job_is_accepted_though_the_queues_disk_is_full(
    queue: tuple[str, Disk],
    settings: ApiSettings,
    make_app: Callable[[ApiSettings], Flask],
    whole: Any,
    eventually: Callable[..., Any],
) -> None:
    url, disk = queue
    disk.fill()
    steps = CeleryQueue(create_celery(url), url)
    eventually(lambda: not steps.send("start", "job_1"))
    client = make_app(settings.model_copy(update={"queue_url": url})).test_client()
    table = "\n".join(",".join(map(str, line)) for line in (whole, whole.values()))
    accepted = client.post("/jobs", data=table, content_type="text/csv")
    assert (accepted.status_code, accepted.get_json()["status"]) == (202, "queued")
