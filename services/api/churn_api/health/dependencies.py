"""What the service leans on, looked at in the background, so that nobody who asks for its health has to wait."""

import redis

from churn_api.cache.cache import Cache
from churn_api.redis_client import redis_client
from churn_api.releases.watcher import Releases

OK, FAILING, OFF = "ok", "failing", "off"

# Seconds; the queue is in no request's way, but the watch thread has other things to do.
TIMEOUT = 0.5


class Dependencies:
    """The state of each dependency as last seen by this process."""

    def __init__(self, releases: Releases, cache: Cache, queue_url: str) -> None:
        self._releases = releases
        self._cache = cache
        self._queue = redis_client(queue_url, TIMEOUT)
        self._queue_answers = False

    def refresh(self) -> None:
        try:
            self._queue_answers = bool(self._queue.ping())
        except redis.RedisError:
            self._queue_answers = False

    def report(self) -> dict[str, str]:
        shared = self._cache.shared
        return {
            "model": OK if self._releases.ready else FAILING,
            "cache": OFF if shared is None else (OK if shared.up else FAILING),
            "queue": OK if self._queue_answers else FAILING,
            "store": OK if self._releases.store_answers else FAILING,
        }
