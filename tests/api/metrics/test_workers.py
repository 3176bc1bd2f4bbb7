"""Signs of life, in a real Redis."""

import redis

from churn_api.metrics.workers import PREFIX, SignOfLife, living
from churn_api.worker.heartbeat import EVERY_SECONDS


def test_a_worker_lives_until_it_withdraws_its_sign(empty_redis):
    client = redis.Redis.from_url(empty_redis)
    sign = SignOfLife(empty_redis)
    sign.show()
    ((_, machine),) = living(client)
    assert machine.disk_size > 0
    sign.withdraw()
    assert list(living(client)) == []


def test_a_worker_that_was_killed_is_forgotten(empty_redis):
    SignOfLife(empty_redis).show()
    client = redis.Redis.from_url(empty_redis)
    (key,) = client.keys(f"{PREFIX}*")
    assert EVERY_SECONDS * 2 < client.ttl(key) < 60


def test_a_sign_of_life_fails_nobody_while_redis_is_away(tmp_path):
    sign = SignOfLife(f"unix://{tmp_path}/nobody.sock")
    sign.show()
    sign.withdraw()
