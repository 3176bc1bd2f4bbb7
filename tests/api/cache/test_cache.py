"""Predictions are remembered by the process and by Redis, which may fail without anybody waiting."""

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from flask import Flask

from churn.model.scorecard import Scorecard
from churn.store.interface import ObjectStore
from churn_api.cache.redis_cache import SharedCache
from churn_api.service import Service
from churn_api.settings import ApiSettings

MakeApp = Callable[[ApiSettings], Flask]


@pytest.fixture
def make_cached(make_app: MakeApp, eventually: Callable[..., Any]) -> MakeApp:
    """Makes the API and waits until it has found its Redis well, which on a busy machine may take a second look."""

    def make(settings: ApiSettings) -> Flask:
        app = make_app(settings)
        service: Service = app.extensions["churn"]

        def found() -> bool:
            service.refresh()
            return service.cache.shared is None or service.cache.shared.up

        eventually(found)
        return app

    return make


@pytest.fixture
def cached(settings: ApiSettings, empty_redis: str) -> ApiSettings:
    """Settings that ask Redis for every answer."""
    return settings.model_copy(update={"cache": "always", "cache_url": empty_redis})


@pytest.fixture
def two(cached: ApiSettings, make_cached: MakeApp) -> tuple[Flask, Flask]:
    """Two processes' worth of the API over one Redis."""
    return make_cached(cached), make_cached(cached)


def counts(app: Flask) -> dict[str, float]:
    service: Service = app.extensions["churn"]
    return {result: child._value.get() for result, child in service.metrics.cache.items()}


def ask(app: Flask, record: Any, wanted: str = "5") -> Any:
    return app.test_client().post(f"/predict?reasons={wanted}", json=record).get_json()


def test_what_one_process_computed_another_remembers(two: tuple[Flask, Flask], partial: Any) -> None:
    first, second = ask(two[0], partial), ask(two[1], partial)
    assert (first["cached"], second["cached"]) == (False, True)
    differing = {"cached", "timestamp"}
    assert {k: v for k, v in first.items() if k not in differing} == {
        k: v for k, v in second.items() if k not in differing
    }
    assert counts(two[0])["miss"] == counts(two[1])["hit"] == 1


def test_each_number_of_reasons_is_an_answer_of_its_own(two: tuple[Flask, Flask], whole: Any) -> None:
    assert ask(two[0], whole, "none")["reasons"] == []
    with_all = ask(two[1], whole, "all")
    assert (with_all["cached"], len(with_all["reasons"])) == (False, 19)
    assert len(ask(two[0], whole, "3")["reasons"]) == 3


def test_a_batch_is_asked_for_at_once(two: tuple[Flask, Flask], whole: Any, partial: Any) -> None:
    asked = [whole | {"tenure": months, "TotalCharges": 30 * months} for months in range(1, 30)] + [partial]
    ask(two[0], asked[3], "none")
    rows = two[1].test_client().post("/batch_predict", json=asked).get_json()["predictions"]
    assert [row["index"] for row in rows if row["cached"]] == [3]
    again = two[0].test_client().post("/batch_predict", json=asked).get_json()["predictions"]
    assert all(row["cached"] for row in again)
    assert [row["churn_probability"] for row in again] == [row["churn_probability"] for row in rows]


def test_a_failure_closes_all_connections_of_the_process(own_redis: str) -> None:
    """What stood in a pool while Redis was away or replaced may be open on this side alone."""
    shared = SharedCache(own_redis)
    pool = shared._redis.connection_pool
    idle = [pool.get_connection() for _ in range(3)]
    open_before = set()
    for connection in idle:
        connection.send_command("CLIENT", "ID")
        open_before.add(str(connection.read_response()))
    for connection in idle:
        pool.release(connection)
    with redis.Redis.from_url(own_redis) as client:
        assert open_before <= {each["id"] for each in client.client_list()}
        client.client_pause(300)
        with pytest.raises(redis.RedisError):
            shared.get(["a"])
        time.sleep(0.5)
        assert not open_before & {each["id"] for each in client.client_list()}
    assert shared.get(["a"]) == [None]


def test_no_answer_outlives_its_release(
    two: tuple[Flask, Flask], whole: Any, store: ObjectStore, publish: Callable[..., str]
) -> None:
    before = ask(two[0], whole)
    publish(store, shift=1.0)
    two[1].extensions["churn"].refresh()
    after = ask(two[1], whole)
    assert after["cached"] is False
    assert after["churn_probability"] > before["churn_probability"]


def test_the_customers_id_is_echoed_and_not_part_of_the_question(two: tuple[Flask, Flask], whole: Any) -> None:
    ask(two[0], whole | {"customerID": "one"})
    second = ask(two[1], whole | {"customerID": "two"})
    assert (second["customerID"], second["cached"]) == ("two", True)


def test_redis_holds_no_customer_in_the_clear(two: tuple[Flask, Flask], whole: Any, empty_redis: str) -> None:
    ask(two[0], whole)
    with redis.Redis.from_url(empty_redis) as client:
        keys = list(client.scan_iter("churn:*"))
        assert len(keys) == 1
        assert b"7590" not in keys[0] + client.get(keys[0])
        assert 0 < client.ttl(keys[0]) <= 86_400


def test_what_redis_holds_but_nobody_can_read_is_an_error_and_computed(
    two: tuple[Flask, Flask], whole: Any, empty_redis: str
) -> None:
    first = ask(two[0], whole)
    with redis.Redis.from_url(empty_redis) as client:
        for key in client.scan_iter("churn:*"):
            client.set(key, b"not what it was")
    second = ask(two[1], whole)
    assert second["cached"] is False
    assert second["churn_probability"] == first["churn_probability"]
    assert counts(two[1])["error"] == 1


def test_off_means_that_redis_is_never_asked(cached: ApiSettings, make_cached: MakeApp, whole: Any) -> None:
    app = make_cached(cached.model_copy(update={"cache": "off"}))
    ask(app, whole)
    assert ask(app, whole)["cached"] is True
    assert counts(app) == {"hit": 1, "miss": 0, "error": 0, "bypass": 1}
    assert app.test_client().get("/health").get_json()["checks"]["cache"] == "off"


def test_auto_asks_for_what_is_averaged_over_absent_fields(
    cached: ApiSettings, make_cached: MakeApp, whole: Any, partial: Any
) -> None:
    app = make_cached(cached.model_copy(update={"cache": "auto"}))
    ask(app, whole)
    assert counts(app) == {"hit": 0, "miss": 0, "error": 0, "bypass": 1}
    ask(app, partial)
    assert counts(app) == {"hit": 0, "miss": 1, "error": 0, "bypass": 1}
    app.test_client().post("/batch_predict", json=[whole | {"tenure": 3}, partial | {"tenure": 4}])
    assert counts(app) == {"hit": 0, "miss": 2, "error": 0, "bypass": 2}


def test_auto_asks_for_every_answer_of_a_model_that_is_not_additive(
    cached: ApiSettings, make_cached: MakeApp, whole: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_cached(cached.model_copy(update={"cache": "auto"}))
    monkeypatch.setattr(Scorecard, "additive", False)
    ask(app, whole)
    app.test_client().post("/batch_predict", json=[whole | {"tenure": 3}])
    assert counts(app) == {"hit": 0, "miss": 2, "error": 0, "bypass": 0}


@pytest.mark.parametrize(("mode", "asks_for"), [("auto", "averaged"), ("always", "all"), ("off", "none")])
def test_the_policy_shows(cached: ApiSettings, make_cached: MakeApp, mode: str, asks_for: str) -> None:
    client = make_cached(cached.model_copy(update={"cache": mode})).test_client()
    policy = client.get("/model_info").get_json()["cache"]
    assert policy == {"mode": mode, "redis": "off" if mode == "off" else "up", "asks_for": asks_for}


@pytest.fixture
def own_redis(start_redis: Callable[..., str]) -> str:
    """A Redis of this test's own."""
    return start_redis()


@pytest.fixture
def forgetful(settings: ApiSettings, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The API with a memory of two answers."""
    monkeypatch.setattr("churn_api.releases.watcher.REMEMBERED", 2)
    return make_app(settings)


def test_what_was_asked_longest_ago_is_forgotten_first(forgetful: Flask, whole: Any) -> None:
    months = [whole | {"tenure": tenure, "TotalCharges": 9} for tenure in (1, 2, 3)]
    asked = [ask(forgetful, months[place])["cached"] for place in (0, 1, 0, 2, 0, 1)]
    assert asked == [False, False, True, False, True, False]


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads that change as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
def test_many_threads_remember_together(forgetful: Flask, whole: Any) -> None:
    def use(thread: int) -> set[int]:
        client = forgetful.test_client()
        records = [whole | {"tenure": (thread + place) % 5 + 1, "TotalCharges": 9} for place in range(80)]
        return {client.post("/predict", json=record).status_code for record in records}

    with ThreadPoolExecutor(8) as pool:
        assert set.union(*pool.map(use, range(8))) == {200}
    assert len(forgetful.extensions["churn"].releases.serving.recent) == 2


def test_a_dead_redis_costs_one_failure_and_then_nothing(settings: ApiSettings, make_app: MakeApp, whole: Any) -> None:
    app = make_app(settings.model_copy(update={"cache": "always", "cache_url": "redis://127.0.0.1:9/0"}))
    answers = [ask(app, whole | {"tenure": months, "TotalCharges": 9}) for months in range(20)]
    assert all(answer["success"] for answer in answers)
    assert counts(app) == {"hit": 0, "miss": 0, "error": 0, "bypass": 20}
    health = app.test_client().get("/health").get_json()
    assert (health["status"], health["checks"]["cache"]) == ("degraded", "failing")


def test_a_redis_that_comes_back_is_asked_again(
    settings: ApiSettings, make_cached: MakeApp, whole: Any, own_redis: str, eventually: Callable[..., Any]
) -> None:
    app = make_cached(settings.model_copy(update={"cache": "always", "cache_url": own_redis}))
    service: Service = app.extensions["churn"]
    shared = service.cache.shared
    assert shared is not None
    with redis.Redis.from_url(own_redis) as client:
        client.client_pause(300)
    ask(app, whole)
    assert (shared.up, counts(app)["error"]) == (False, 1)

    def probed() -> bool:
        service.refresh()
        return shared.up

    eventually(probed)
    ask(app, whole | {"tenure": 10})
    assert counts(app)["miss"] == 1


def test_a_redis_that_hangs_is_waited_for_once(
    settings: ApiSettings, make_cached: MakeApp, whole: Any, own_redis: str
) -> None:
    app = make_cached(settings.model_copy(update={"cache": "always", "cache_url": own_redis}))
    with redis.Redis.from_url(own_redis) as client:
        client.client_pause(3_000)
    start = time.monotonic()
    answers = [ask(app, whole | {"tenure": months, "TotalCharges": 9}) for months in range(1, 60)]
    assert time.monotonic() - start < 1.0
    assert all(answer["success"] for answer in answers)
    assert counts(app)["error"] == 1
