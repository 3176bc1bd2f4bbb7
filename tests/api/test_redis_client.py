"""The one way to Redis: either spelling of a socket, a short wait, and no second try."""

import time

import pytest
import redis

from churn_api.redis_client import redis_client


@pytest.mark.parametrize("scheme", ["unix://", "redis+socket://"])
def test_a_socket_may_be_spelt_as_redis_or_as_celery_does(redis_url: str, scheme: str) -> None:
    assert redis_client(redis_url.replace("unix://", scheme), 1.0).ping()


def test_a_redis_that_hangs_is_waited_for_once(start_redis) -> None:
    url = start_redis()
    with redis.Redis.from_url(url) as client:
        client.client_pause(2_000)
    begun = time.monotonic()
    with pytest.raises(redis.TimeoutError):
        redis_client(url, 0.2).ping()
    assert 0.2 <= time.monotonic() - begun < 0.4
