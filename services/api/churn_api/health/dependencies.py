"""What the service leans on, looked at in the background, so that nobody who asks for its health has to wait."""

import redis

from churn_api.cache.cache import Cache
from churn_api.redis_client import redis_client
from churn_api.releases.watcher import Releases

OK, FAILING, OFF = "ok", "failing", "off"

# Seconds. No request waits for the queue, but the thread that asks for it has other work to do.
TIMEOUT = 0.5


class Dependencies:
    """The state of each dependency as this process last saw it."""

    def __init__(self, releases: Releases, cache: Cache, queue_url: str) -> None:
        self._releases = releases
        self._cache = cache
        self._queue = redis_client(queue_url, TIMEOUT)
        self._queue_answers = False

    def refresh(self) -> None:
        """Ask the queue; release watcher and cache keep their own states up to date."""
        try:
            self._queue_answers = bool(self._queue.ping())
        except redis.RedisError:
            self._queue_answers = False

    def report(self) -> dict[str, str]:
        """OK, FAILING or OFF for model, cache, queue and store."""
        shared = self._cache.shared
        return {
            "model": OK if self._releases.ready else FAILING,
            "cache": OFF if shared is None else (OK if shared.up else FAILING),
            "queue": OK if self._queue_answers else FAILING,
            "store": OK if self._releases.store_answers else FAILING,
        }
