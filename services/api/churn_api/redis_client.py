"""How the service connects to its Redis servers, the cache's and the queue's."""

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def redis_client(url: str, timeout: float) -> "redis.Redis[bytes]":
    """A client that fails after `timeout` seconds and does not retry, because its callers can do without an answer.

    It does not connect yet. `url` may name a unix socket as Redis does (unix://) or as Celery does (redis+socket://).
    """
    return redis.Redis.from_url(
        url.replace("redis+socket://", "unix://", 1),
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )
