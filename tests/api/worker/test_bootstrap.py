"""The threads of a worker's parent process, which nothing ends but the worker's own end; and its tasks."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from churn.alerts import layout as alerts
from churn.errors import StoreUnavailable
from churn.store.interface import ObjectStore
from churn.tracking import erasure
from churn_api.alerts.delivery import Deliveries
from churn_api.campaigns import paths
from churn_api.celery_queue import ANNOUNCEMENTS, CeleryQueue, create_celery, lists
from churn_api.jobs import ids
from churn_api.jobs.recovery import Sweeper
from churn_api.jobs.steps import Steps
from churn_api.settings import ApiSettings
from churn_api.tracking import incoming
from churn_api.tracking.erasing import Erasing
from churn_api.tracking.incoming import Refusals
from churn_api.tracking.tidying import Tidying
from churn_api.worker import bootstrap, tasks

TROUBLE = [RuntimeError("unforeseen"), StoreUnavailable("here", "a test"), redis.ConnectionError("away")]


@pytest.mark.parametrize("trouble", TROUBLE, ids=lambda error: type(error).__name__)
def test_nothing_ends_the_sweeping(
    settings: ApiSettings, monkeypatch: pytest.MonkeyPatch, trouble: Exception, eventually: Callable[..., Any]
) -> None:
    swept: list[int] = []

    def sweep(_: Sweeper) -> None:
        swept.append(1)
        raise trouble

    monkeypatch.setattr(Sweeper, "sweep", sweep)
    monkeypatch.setattr(bootstrap, "_AWAY_SECONDS", 0.01)
    quick = settings.model_copy(update={"sweep_seconds": 0.01})
    sweeping = bootstrap.Sweeping(quick, create_celery(quick.queue_url))
    sweeping.begin()
    assert eventually(lambda: len(swept) >= 3)
    sweeping.end()


@pytest.mark.parametrize("trouble", TROUBLE, ids=lambda error: type(error).__name__)
def test_nothing_ends_the_announcing(
    settings: ApiSettings, monkeypatch: pytest.MonkeyPatch, trouble: Exception, eventually: Callable[..., Any]
) -> None:
    announced: list[str] = []

    def announce(_: Any, __: Any, job_id: str) -> None:
        announced.append(job_id)
        raise trouble

    monkeypatch.setattr(bootstrap, "announce", announce)
    monkeypatch.setattr(bootstrap, "_AWAY_SECONDS", 0.01)
    monkeypatch.setattr(CeleryQueue, "next_announcement", lambda _: "job_1")
    announcing = bootstrap.Announcing(settings, create_celery(settings.queue_url))
    announcing.begin()
    assert eventually(lambda: len(announced) >= 3)
    announcing.end()


def test_workers_that_were_started_together_part_ways(settings: ApiSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(Sweeper, "sweep", lambda _: None)
    for _ in range(5):
        sweeping = bootstrap.Sweeping(settings, create_celery(settings.queue_url))
        monkeypatch.setattr(sweeping._over, "wait", lambda pause: pauses.append(pause) or True)
        sweeping._run()
    assert len(set(pauses)) == 5
    assert all(0.5 < pause / settings.sweep_seconds < 1.5 for pause in pauses)


@pytest.mark.parametrize(
    ("tracking", "sweep_seconds", "seconds"),
    [("on", 10.0, 60), ("on", 60.0, 360), ("on", 1.0, 60), ("off", 10.0, 3600)],
)
def test_of_all_workers_one_has_tidied_once_in_a_while(
    settings: ApiSettings, empty_redis: str, tracking: str, sweep_seconds: float, seconds: int
) -> None:
    changed = {"queue_url": empty_redis, "tracking": tracking, "sweep_seconds": sweep_seconds}
    own = settings.model_copy(update=changed)
    for _ in range(3):
        bootstrap.Sweeping(own, create_celery(empty_redis))._have_tidied()
    with redis.Redis.from_url(empty_redis) as client:
        (sent,) = [json.loads(message)["headers"] for message in client.lrange(lists()[0], 0, -1)]
        assert (sent["task"], sent["argsrepr"]) == ("churn.tidy", "()")
        # Nobody does it twice because no worker had time for the first one.
        assert sent["expires"] is not None
        assert seconds - 5 < client.ttl("churn-first-tidy") <= seconds


@pytest.mark.parametrize(("tracking", "times"), [("on", 1), ("off", 0)])
def test_of_all_workers_one_has_judged_what_became_of_predictions_and_campaigns_every_hour(
    settings: ApiSettings, store: ObjectStore, empty_redis: str, tracking: str, times: int
) -> None:
    own = settings.model_copy(update={"queue_url": empty_redis, "tracking": tracking})
    campaigns = [ids.new_id(datetime.now(UTC) - timedelta(days=days), ids.CAMPAIGN) for days in range(2)]
    for campaign_id in campaigns:
        store.put(paths.newest(campaign_id), b"", content_type="application/octet-stream")
    for _ in range(3):
        bootstrap.Sweeping(own, create_celery(empty_redis))._have_judged(store)
    with redis.Redis.from_url(empty_redis) as client:
        sent = [json.loads(message)["headers"] for message in client.lrange(lists()[1], 0, -1)]
    results = [("churn.result", f"('{campaign_id}',)") for campaign_id in campaigns]
    wanted = [("churn.quality", "(90,)"), ("churn.experiments", "()"), *results]
    # Workers take from the list's right end.
    assert [(step["task"], step["argsrepr"]) for step in reversed(sent)] == wanted * times
    # Each may have to wait for those before it, and is not sent again for an hour.
    expiry = [datetime.fromisoformat(step["expires"]) - datetime.now(UTC) for step in sent]
    assert all(timedelta(minutes=59) < waits <= timedelta(hours=1) for waits in expiry)


def test_an_erasure_that_waits_is_sent_again_by_one_of_all_workers(
    settings: ApiSettings, empty_redis: str, store: ObjectStore
) -> None:
    own = settings.model_copy(update={"queue_url": empty_redis})
    sweeping = bootstrap.Sweeping(own, create_celery(empty_redis))
    with redis.Redis.from_url(empty_redis) as client:
        sweeping._have_erased(store)
        assert client.llen(lists()[0]) == 0
        client.flushall()
        erasure.ask(store, "7590-VHVEG", datetime.now(UTC))
        for _ in range(3):
            sweeping._have_erased(store)
        (sent,) = [json.loads(message)["headers"] for message in client.lrange(lists()[0], 0, -1)]
        assert (sent["task"], sent["argsrepr"]) == ("churn.erase", "()")


def test_a_job_that_is_to_be_looked_at_and_a_digest_that_is_due_are_sent_again_by_one_of_all_workers(
    settings: ApiSettings, empty_redis: str, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = settings.model_copy(update={"queue_url": empty_redis})
    sweeping = bootstrap.Sweeping(own, create_celery(empty_redis))
    monkeypatch.setattr(bootstrap, "due_digests", lambda *_: iter(["alr_1"]))
    store.put(alerts.due("job_1"), b"{}", content_type="application/json")
    with redis.Redis.from_url(empty_redis) as client:
        for _ in range(3):
            sweeping._have_alerted(store)
        (sent,) = [json.loads(message)["headers"] for message in client.lrange(lists()[1], 0, -1)]
        assert (sent["task"], sent["argsrepr"]) == ("churn.alerts", "()")
        assert client.zrange(ANNOUNCEMENTS, 0, -1) == [b"alr_1"]


@pytest.mark.parametrize(("job_id", "times"), [("job_1", 1), ("out_1", 0), ("cam_1", 0)])
def test_whom_to_alert_on_is_asked_once_customers_were_scored(
    settings: ApiSettings, empty_redis: str, monkeypatch: pytest.MonkeyPatch, job_id: str, times: int
) -> None:
    monkeypatch.setattr(Steps, "finish", lambda *_: None)
    celery = create_celery(empty_redis)
    own = settings.model_copy(update={"queue_url": empty_redis, "tracking": "on"})
    tasks.register(celery, own, tasks.Stopping())
    celery.tasks["churn.finish"].run(job_id)
    with redis.Redis.from_url(empty_redis) as client:
        sent = [json.loads(message)["headers"]["task"] for message in client.lrange(lists()[1], 0, -1)]
    assert sent == ["churn.alerts"] * times


def test_a_digest_is_delivered_by_the_thread_that_announces(
    settings: ApiSettings, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., Any]
) -> None:
    delivered: list[str] = []
    monkeypatch.setattr(Deliveries, "deliver", lambda _, digest_id: delivered.append(digest_id))
    monkeypatch.setattr(CeleryQueue, "next_announcement", lambda _: "alr_1")
    announcing = bootstrap.Announcing(settings, create_celery(settings.queue_url))
    announcing.begin()
    assert eventually(lambda: delivered)
    announcing.end()


def test_the_step_erases_and_a_store_that_is_away_ends_nothing(
    settings: ApiSettings, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    celery = create_celery(settings.queue_url)
    tasks.register(celery, settings, lambda: False)
    erasure.ask(store, "7590-VHVEG", datetime.now(UTC))
    celery.tasks["churn.erase"].run()
    assert erasure.under_way(store) == []

    def away(_: Erasing) -> None:
        raise StoreUnavailable("here", "a test")

    monkeypatch.setattr(Erasing, "erase", away)
    celery.tasks["churn.erase"].run()


def test_tidying_takes_in_what_was_handed_over_and_a_store_that_is_away_ends_nothing(
    settings: ApiSettings, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    celery = create_celery(settings.queue_url)
    tasks.register(celery, settings, tasks.Stopping())
    store.put(incoming.new_key(datetime.now(UTC)), incoming.joined([], Refusals(3, 1)), content_type="application/json")
    celery.tasks["churn.tidy"].run()
    assert list(store.list(incoming.INCOMING)) == []

    def away(_: Tidying) -> None:
        raise StoreUnavailable("here", "a test")

    monkeypatch.setattr(Tidying, "tidy", away)
    celery.tasks["churn.tidy"].run()


@pytest.mark.parametrize("step", ["start", "chunk", "finish", "settle"])
def test_a_step_is_tried_as_long_as_the_store_is_away(
    settings: ApiSettings, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the process that has begun it: one that ended would count as dead, and three of those fail a job."""
    tries: list[tuple[Any, ...]] = []

    def away_at_first(_: Steps, *arguments: Any) -> None:
        tries.append(arguments)
        if len(tries) < 5:
            raise StoreUnavailable("here", "a test")

    monkeypatch.setattr(Steps, step, away_at_first)
    monkeypatch.setattr(tasks, "_PAUSE_SECONDS", 0.0)
    celery = create_celery(settings.queue_url)
    tasks.register(celery, settings, tasks.Stopping())
    arguments = ("job_1", 3) if step == "chunk" else ("job_1",)
    celery.tasks[f"churn.{step}"].run(*arguments)
    assert tries == [arguments] * 5


def test_one_object_that_the_store_never_gives_holds_up_no_other_job(
    settings: ApiSettings, empty_redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def never_for_the_first(_: Steps, job_id: str) -> None:
        if job_id == "job_1":
            raise StoreUnavailable("here", "a test")
        done.append(job_id)

    monkeypatch.setattr(Steps, "start", never_for_the_first)
    monkeypatch.setattr(tasks, "_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(tasks, "_PATIENCE_SECONDS", 0.1)
    celery = create_celery(empty_redis)
    tasks.register(celery, settings.model_copy(update={"queue_url": empty_redis}), tasks.Stopping())
    queue = CeleryQueue(celery, empty_redis)
    queue.send("chunk", "job_3", 0, 1_000)
    for job_id in ("job_1", "job_2"):
        celery.tasks["churn.start"].run(job_id)
    assert done == ["job_2"]
    with redis.Redis.from_url(empty_redis) as client:
        waiting = [json.loads(message)["headers"] for message in client.lrange(lists()[-1], 0, -1)]
    # Workers take from the list's right end.
    assert [(step["task"], step["argsrepr"]) for step in reversed(waiting)] == [
        ("churn.chunk", "['job_3', 0]"),
        ("churn.start", "['job_1']"),
    ]


def test_what_an_older_program_sends_about_announcements_is_passed_on(settings: ApiSettings, empty_redis: str) -> None:
    celery = create_celery(empty_redis)
    tasks.register(celery, settings.model_copy(update={"queue_url": empty_redis}), tasks.Stopping())
    celery.tasks["churn.notify"].run("job_1")
    assert CeleryQueue(celery, empty_redis).next_announcement() == "job_1"


def test_the_process_that_is_forked_has_no_polars(settings: ApiSettings) -> None:
    """Its threads do not survive a fork: the first step of a child would wait for them for ever."""
    code = "import sys, churn_api.worker.app; print('polars' in sys.modules)"
    environment = os.environ | {"CHURN_STORE_URL": settings.store_url}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True, text=True)
    assert done.stdout == "False\n"
