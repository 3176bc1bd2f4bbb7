"""The queue of the jobs' steps: Celery over Redis, which may lose everything without losing a job."""

import logging
import time
from typing import Any, Literal

import redis
from celery import Celery
from kombu import Queue as KombuQueue
from kombu.exceptions import OperationalError

from churn_api.jobs.queue import Step
from churn_api.redis_client import redis_client

log = logging.getLogger(__name__)

NAME = "churn-jobs"

# The jobs whose ends are to be announced, each once, by the time that it has waited: a queue of their own, so that a
# receiver who hangs keeps no job from being scored.
ANNOUNCEMENTS = "churn-announcements"

TrackingStep = Literal["tidy", "erase", "quality", "result", "alerts", "experiments"]
"""The steps that are of no job; one that nobody has taken in time is sent again by whoever wants it."""

_TRACKING_SECONDS = 60

HOURLY_SECONDS = 3600
"""Between two looks at what became of predictions, of campaigns and of the release in shadow."""

# Redis keeps a list for each priority, and workers take from the first that is not empty. Priority 0 has the steps that
# are no chunks, and the chunks of jobs of one; the others those of jobs of up to so many, and of more. The second one
# has the steps that nobody waits for as well.
_PRIORITIES = (0, 3, 6, 9)
_MOST_CHUNKS = (1, 8, 64)
_SEPARATOR = "\x06\x16"

# Seconds. A chunk of customers with absent fields, under a model that is not additive, takes minutes.
TIME_LIMIT = 3600
_TIMEOUT = 2.0


def create_celery(url: str, concurrency: int = 1) -> Celery:
    """The Celery application of the API, which only sends, and of the workers. Nothing is contacted yet."""
    # Celery's one fix-up, for Django, would have the API import the whole of the worker.
    app = Celery("churn_api", broker=broker_url(url), set_as_current=False, fixups=[])
    app.conf.update(
        # The default exchange routes by the queue's name alone and has no table that could be wiped.
        task_queues=[KombuQueue(NAME, exchange="", routing_key=NAME)],
        task_default_queue=NAME,
        task_default_exchange="",
        task_default_routing_key=NAME,
        task_ignore_result=True,
        # A worker holds the step that it does, and no other that an idle one could take. A step that was taken is gone
        # from the queue; what a worker did not end is found by the sweep.
        worker_disable_prefetch=True,
        task_time_limit=TIME_LIMIT,
        task_serializer="json",
        accept_content=["json"],
        worker_concurrency=concurrency,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "sep": _SEPARATOR,
            "priority_steps": list(_PRIORITIES),
            "socket_connect_timeout": _TIMEOUT,
            # A Redis that hangs would hang everybody who hands in a job. Consumers ask for a second at a time.
            "socket_timeout": _TIMEOUT,
            # Whoever sends is told at once that the queue is away; a worker's own reconnecting is not governed by this.
            "max_retries": 0,
            "interval_start": 0,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
    )
    return app


def broker_url(url: str) -> str:
    """A Redis URL as Celery writes it; it has a name of its own for unix sockets."""
    return f"redis+socket://{url.removeprefix('unix://')}" if url.startswith("unix://") else url


def lists(before: int | None = None) -> list[str]:
    """The lists of Redis in which steps wait: all of them, or those of a priority that comes before this one."""
    wanted = [priority for priority in _PRIORITIES if before is None or priority < before]
    return [f"{NAME}{_SEPARATOR}{priority}" if priority else NAME for priority in wanted]


def priority_of(chunks: int) -> int:
    """Chunks of small jobs come first: with whoever has little to do, little is waited for."""
    larger = sum(chunks > most for most in _MOST_CHUNKS)
    return _PRIORITIES[larger]


class CeleryQueue:
    """Implements churn_api.jobs.queue.Queue."""

    def __init__(self, celery: Celery, url: str) -> None:
        self._celery = celery
        self._redis = redis_client(url, _TIMEOUT)

    def send(self, step: Step, job_id: str, number: int | None = None, chunks: int = 0) -> bool:
        """Send a step as a message of Celery's, a notification as an entry of a sorted set; False without Redis."""
        return self._send(step, job_id, number, priority_of(chunks))

    def send_last(self, step: Step, job_id: str, number: int | None = None) -> bool:
        """Send a step behind all that wait, of however small a job it is."""
        return self._send(step, job_id, number, _PRIORITIES[-1])

    def _send(self, step: Step, job_id: str, number: int | None, priority: int) -> bool:
        arguments = [job_id] if number is None else [job_id, number]
        try:
            if step == "notify":
                self._redis.zadd(ANNOUNCEMENTS, {job_id: time.time()}, nx=True)
            else:
                self._celery.send_task(f"churn.{step}", arguments, retry=False, priority=priority)
        except (OperationalError, redis.RedisError, OSError) as error:
            log.warning("The queue is away (%s); the sweep will send this step of %s.", type(error).__name__, job_id)
            return False
        return True

    def send_tracking(self, step: TrackingStep, *arguments: Any, seconds: int = _TRACKING_SECONDS) -> bool:
        """Send a step that is of no job; False without Redis.

        It comes before all chunks, unless nobody waits for it: alerts, and what is done every hour, come after jobs of
        one chunk, which whoever has scored a few customers waits for.

        It is dropped if nobody takes it in so many seconds: those after which its sender would send it again.
        """
        try:
            priority = _PRIORITIES[1 if step == "alerts" or seconds >= HOURLY_SECONDS else 0]
            self._celery.send_task(f"churn.{step}", arguments, retry=False, priority=priority, expires=seconds)
        except (OperationalError, redis.RedisError, OSError) as error:
            log.warning("The queue is away (%s): step %s is not sent.", type(error).__name__, step)
            return False
        return True

    def is_first(self, name: str, seconds: int) -> bool:
        """Whether nobody else has asked under this name for so many seconds. Raises redis.RedisError."""
        return bool(self._redis.set(f"churn-first-{name}", b"", nx=True, ex=seconds))

    def next_announcement(self) -> str | None:
        """Take the job whose notification has waited longest; None if there is none for a second.

        Raises redis.RedisError.
        """
        taken = self._redis.bzpopmin(ANNOUNCEMENTS, timeout=1)
        return None if taken is None else taken[1].decode()

    def smaller_waits(self, chunks: int) -> bool:
        """Whether messages of a higher priority wait than those of a job with this many chunks."""
        try:
            return waiting(self._redis, lists(priority_of(chunks))) > 0
        except redis.RedisError:
            return False  # the step could not be sent again behind the others

    def is_idle(self) -> bool:
        """Whether no message waits; False if Redis does not answer."""
        try:
            return waiting(self._redis, lists()) == 0
        except redis.RedisError:
            return False


def waiting(client: "redis.Redis[bytes]", names: list[str]) -> int:
    """How many steps wait in these lists. Raises redis.RedisError."""
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.llen(name)
        return sum(pipe.execute())
