"""Redis as the memory that all processes share, which may fail or dawdle without anybody waiting for it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import redis

from churn_api.redis_client import redis_client

log = logging.getLogger(__name__)

T = TypeVar("T")

# A healthy Redis answers in a tenth of a millisecond. One that needs longer than this is asked no more until the watch
# thread finds it well again, so that a request waits at most once, and most requests never.
TIMEOUT_SECONDS = 0.05

# An answer that nobody asks for again leaves after a day, also where Redis has memory to spare.
TTL_SECONDS = 86_400


class SharedCache:
    """Answers by key in Redis. `up` is the breaker: False from the first failure until a probe succeeds."""

    def __init__(self, url: str) -> None:
        self._redis = redis_client(url, TIMEOUT_SECONDS)
        self.up = False

    def get(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values, None where there is none. Raises redis.RedisError; from then on the breaker is open."""
        return self._guarded(lambda: self._redis.mget(keys))

    def put(self, values: Mapping[str, bytes]) -> None:
        """Keep the values, all in one message. Raises redis.RedisError as `get` does."""
        pipeline = self._redis.pipeline(transaction=False)
        for key, value in values.items():
            pipeline.set(key, value, ex=TTL_SECONDS)
        self._guarded(pipeline.execute)

    def _guarded(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except redis.RedisError as error:
            if self.up:
                self.up = False
                log.warning("The cache does not answer (%s); predictions go on without it.", error)
            self._redis.connection_pool.disconnect()
            raise

    def probe(self) -> None:
        """Find out whether Redis answers; for the watch thread alone."""
        try:
            self._guarded(self._redis.ping)
        except redis.RedisError:
            return
        if not self.up:
            self.up = True
            log.info("The cache answers.")
