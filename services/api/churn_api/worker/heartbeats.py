"""Signs of life: each worker leaves one in the queue's Redis, which every scrape of the API reads.

Workers have no port of their own to be scraped at; Redis forgets those that have stopped.
"""

import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import redis

from churn_api.metrics.cgroup import Machine, look
from churn_api.redis_client import redis_client

log = logging.getLogger(__name__)

PREFIX = "churn-life:"
EVERY_SECONDS = 10.0
# Three are missed before a worker counts as gone.
_TTL_SECONDS = 35
_TIMEOUT = 1.0


class Heartbeats:
    """A worker's own sign, renewed by a thread between `begin` and `end`."""

    def __init__(self, url: str) -> None:
        self._redis = redis_client(url, _TIMEOUT)
        self._key = f"{PREFIX}{socket.gethostname()}:{os.getpid()}"
        self._over = Event()

    def begin(self, **_: Any) -> None:
        Thread(target=self._run, name="life", daemon=True).start()

    def end(self, **_: Any) -> None:
        self._over.set()

    def show(self) -> None:
        with suppress(redis.RedisError):  # the alert on the queue tells of it
            self._redis.set(self._key, json.dumps(look()), ex=_TTL_SECONDS)

    def _run(self) -> None:
        self.show()
        while not self._over.wait(EVERY_SECONDS):
            self.show()
        with suppress(redis.RedisError):
            self._redis.delete(self._key)


def lives(client: "redis.Redis[bytes]") -> Iterator[tuple[str, Machine]]:
    """The host of each living worker, and its machine. Raises redis.RedisError."""
    keys = sorted(client.scan_iter(match=f"{PREFIX}*", count=1000))
    for key, value in zip(keys, client.mget(keys), strict=True) if keys else []:
        if value is not None:
            host = key.decode().removeprefix(PREFIX).rpartition(":")[0]
            yield host, Machine(*json.loads(value))
