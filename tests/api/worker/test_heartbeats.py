"""Signs of life, in a real Redis."""

import time

import redis

from churn_api.worker import heartbeats as life_module
from churn_api.worker.heartbeats import PREFIX, Heartbeats, lives


def test_a_worker_lives_until_it_stops(empty_redis):
    client = redis.Redis.from_url(empty_redis)
    life = Heartbeats(empty_redis)
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
    Heartbeats(empty_redis).show()
    client = redis.Redis.from_url(empty_redis)
    (key,) = client.keys(f"{PREFIX}*")
    assert life_module.EVERY_SECONDS * 2 < client.ttl(key) < 60


def test_a_sign_of_life_fails_nobody_while_redis_is_away(tmp_path):
    Heartbeats(f"unix://{tmp_path}/nobody.sock").show()
