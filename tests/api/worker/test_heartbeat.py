"""A worker's heartbeat: a file and a sign in Redis, while the worker has its queue."""

from types import SimpleNamespace

import pytest
import redis
from kombu.asynchronous.timer import Timer

from churn_api.celery_queue import create_celery
from churn_api.metrics.workers import living
from churn_api.worker import heartbeat


def consumer(url: str) -> SimpleNamespace:
    """As much of a worker's consumer as the heartbeat uses; its event loop is the test."""
    return SimpleNamespace(app=create_celery(url), timer=Timer())


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "FILE", tmp_path / "worker-heartbeat")
    return heartbeat.FILE


def test_it_beats_until_the_worker_loses_its_queue_or_ends(empty_redis, file, monkeypatch, eventually):
    monkeypatch.setattr(heartbeat, "EVERY_SECONDS", 0.02)
    client, parent = redis.Redis.from_url(empty_redis), consumer(empty_redis)
    step = heartbeat.Heartbeat(parent)
    step.start(parent)

    def beats() -> bool:
        for _, entry in zip(range(3), parent.timer, strict=False):
            if entry[1] is not None:
                parent.timer.apply_entry(entry[1])
        return file.exists() and len(list(living(client))) == 1

    assert beats()
    file.unlink()
    client.flushall()
    assert eventually(beats)
    step.stop(parent)
    assert list(living(client)) == []
    file.unlink()
    assert not beats()


def test_it_beats_in_a_file_alone_while_redis_hangs(start_redis, file):
    url = start_redis()
    with redis.Redis.from_url(url) as client:
        client.client_pause(3_000)
    parent = consumer(url)
    heartbeat.Heartbeat(parent).start(parent)
    assert file.exists()
