"""Redis as the memory that all processes share, which may fail or dawdle without anybody waiting for it."""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

T = TypeVar("T")

# A healthy Redis answers in a tenth of a millisecond. One that needs longer than this is asked no more until the watch
# thread finds it well again, so that a request waits at most once, and most requests never.
TIMEOUT_SECONDS = 0.05

# An answer that nobody asks for again leaves after a day, also where Redis has memory to spare.
TTL_SECONDS = 86_400

# Redis is measured so often at a time, and judged by so many of these times, which are some seconds apart.
TRIES, PROBES = 5, 10

_PROBE_KEYS = tuple(f"churn:probe:{number}" for number in range(32))
_PROBE_VALUE = b"x" * 2_000  # as long as an answer with its reasons


class SharedCache:
    """Answers by key in Redis. `up` is the breaker: False from the first failure until a probe succeeds.

    `price` is what asking for one answer and, for want of it, keeping it costs in seconds as measured; `bulk_price` the
    same for each of many answers that are asked for together. Each is the least of the latest measurements: under load
    most of them tell how long a thread waits for its turn, which computing is measured without.
    """

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self.up = False
        self.price = self.bulk_price = float("inf")
        self._prices: deque[tuple[float, float]] = deque(maxlen=PROBES)

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
        """Find out whether Redis answers, and what it costs; for the watch thread alone."""
        try:
            self._measure()
        except redis.RedisError:
            return
        if not self.up:
            self.up = True
            log.info("The cache answers.")

    def _measure(self) -> None:
        one, many = (min(self._seconds(keys) for _ in range(TRIES)) for keys in (_PROBE_KEYS[:1], _PROBE_KEYS))
        self._prices.append((one, many / len(_PROBE_KEYS)))
        self.price, self.bulk_price = map(min, zip(*self._prices, strict=True))

    def _seconds(self, keys: Sequence[str]) -> float:
        """The time of a miss: to ask for the keys and then to keep a value for each."""
        start = perf_counter()
        self.get(keys)
        self.put(dict.fromkeys(keys, _PROBE_VALUE))
        return perf_counter() - start
