"""Signs of life: each worker leaves one in the queue's Redis, which every scrape of the API reads.

Workers have no port of their own to be scraped at; Redis forgets those that have stopped.
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
# A worker that has shown none for so long counts as gone.
TTL_SECONDS = 35
_TIMEOUT = 1.0


class SignOfLife:
    """A worker's own sign, with what its machine has left. A Redis that is away fails nobody: its alert tells of it."""

    def __init__(self, url: str) -> None:
        self._redis = redis_client(url, _TIMEOUT)
        self._key = f"{PREFIX}{socket.gethostname()}:{os.getpid()}"

    def show(self) -> None:
        with suppress(redis.RedisError):
            self._redis.set(self._key, json.dumps(look()), ex=TTL_SECONDS)

    def withdraw(self) -> None:
        with suppress(redis.RedisError):
            self._redis.delete(self._key)


def living(client: "redis.Redis[bytes]") -> Iterator[tuple[str, Machine]]:
    """The host of each living worker, and its machine. Raises redis.RedisError."""
    keys = sorted(client.scan_iter(match=f"{PREFIX}*", count=1000))
    for key, value in zip(keys, client.mget(keys), strict=True) if keys else []:
        if value is not None:
            host = key.decode().removeprefix(PREFIX).rpartition(":")[0]
            yield host, Machine(*json.loads(value))
