"""The workers' heartbeats in the queue's Redis, which every scrape of the API reads.

Workers have no port that Prometheus could scrape. Redis forgets the heartbeats of workers that have stopped.
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import suppress

import redis

from churn_api.metrics.cgroup import Machine, look
from churn_api.redis_client import redis_client

PREFIX = "churn-life:"
# Seconds without a heartbeat after which a worker counts as gone.
TTL_SECONDS = 35
_TIMEOUT = 1.0


class SignOfLife:
    """A worker's heartbeat, with the state of its machine. Redis's errors are ignored; another alert reports them."""

    def __init__(self, url: str) -> None:
        self._redis = redis_client(url, _TIMEOUT)
        self._key = f"{PREFIX}{socket.gethostname()}:{os.getpid()}"

    def show(self) -> None:
        """Write the heartbeat, which expires after TTL_SECONDS."""
        with suppress(redis.RedisError):
            self._redis.set(self._key, json.dumps(look()), ex=TTL_SECONDS)

    def withdraw(self) -> None:
        """Delete the heartbeat, so that the worker counts as gone at once."""
        with suppress(redis.RedisError):
            self._redis.delete(self._key)


def living(client: "redis.Redis[bytes]") -> Iterator[tuple[str, Machine]]:
    """The host of each worker with a heartbeat, and the state of its machine. Raises redis.RedisError."""
    keys = sorted(client.scan_iter(match=f"{PREFIX}*", count=1000))
    for key, value in zip(keys, client.mget(keys), strict=True) if keys else []:
        if value is not None:
            host = key.decode().removeprefix(PREFIX).rpartition(":")[0]
            yield host, Machine(*json.loads(value))
