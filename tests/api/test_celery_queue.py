"""The queue of the jobs' steps in a real Redis: what is taken first, what waits, and what announcements do."""

import pytest
import redis

from churn_api.celery_queue import (
    ANNOUNCEMENTS,
    HOURLY_SECONDS,
    CeleryQueue,
    TrackingStep,
    create_celery,
    lists,
    waiting,
)


@pytest.fixture
def queue(empty_redis: str) -> CeleryQueue:
    return CeleryQueue(create_celery(empty_redis), empty_redis)


@pytest.mark.parametrize(("chunks", "place"), [(0, 0), (1, 0), (2, 1), (8, 1), (9, 2), (64, 2), (65, 3), (10_000, 3)])
def test_the_chunks_of_small_jobs_wait_in_front_of_those_of_large_ones(
    queue: CeleryQueue, empty_redis: str, chunks: int, place: int
) -> None:
    assert queue.send("chunk", "job_1", 0, chunks)
    with redis.Redis.from_url(empty_redis) as client:
        assert [client.llen(name) for name in lists()] == [int(number == place) for number in range(4)]
        assert waiting(client, lists()) == 1
    assert not queue.is_idle()
    assert [queue.smaller_waits(size) for size in (1, 8, 64, 65)] == [place < number for number in range(4)]


def test_every_other_step_of_a_job_comes_first(queue: CeleryQueue) -> None:
    for step in ("start", "finish", "settle"):
        queue.send(step, "job_1")
    assert not queue.smaller_waits(1)
    assert queue.smaller_waits(2)


@pytest.mark.parametrize(
    ("step", "options", "place"),
    [
        ("tidy", {}, 0),
        ("erase", {}, 0),
        ("quality", {}, 0),
        ("quality", {"seconds": HOURLY_SECONDS}, 1),
        ("experiments", {"seconds": HOURLY_SECONDS}, 1),
        ("alerts", {}, 1),
    ],
)
def test_what_nobody_waits_for_comes_after_the_smallest_jobs(
    queue: CeleryQueue, empty_redis: str, step: TrackingStep, options: dict[str, int], place: int
) -> None:
    assert queue.send_tracking(step, **options)
    with redis.Redis.from_url(empty_redis) as client:
        assert [client.llen(name) for name in lists()] == [int(number == place) for number in range(4)]


def test_an_announcement_waits_once_and_is_no_step(queue: CeleryQueue, empty_redis: str) -> None:
    for _ in range(100):
        for job_id in ("job_1", "job_2"):
            assert queue.send("notify", job_id)
    assert queue.is_idle()
    assert [queue.next_announcement() for _ in range(3)] == ["job_1", "job_2", None]
    with redis.Redis.from_url(empty_redis) as client:
        assert client.zcard(ANNOUNCEMENTS) == 0


def test_a_queue_that_is_away_is_neither_idle_nor_waited_for() -> None:
    url = "unix:///nowhere.sock"
    queue = CeleryQueue(create_celery(url), url)
    assert not queue.is_idle()
    assert not queue.smaller_waits(100)
    assert not queue.send("chunk", "job_1", 0, 1)
    assert not queue.send("notify", "job_1")
