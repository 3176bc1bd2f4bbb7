"""A store that takes connections and never answers."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from churn.store.interface import ObjectStore
from churn_api.app import create_app
from churn_api.releases import watcher
from churn_api.settings import ApiSettings

JOB = "/jobs/job_01JD0000000000000000000000"


@pytest.fixture(scope="module")
def site() -> Iterator[FlaskClient]:
    """The API over a bucket of such a store."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as deaf, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        patch.setenv("AWS_ACCESS_KEY_ID", "anybody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
        yield create_app(ApiSettings(store_url="s3://churn")).test_client()


def test_whoever_asks_about_jobs_is_told_within_ten_seconds(site: FlaskClient, whole: Any) -> None:
    def ask(method: str, path: str) -> tuple[Any, float]:
        start = time.monotonic()
        body = {"data": ",".join(whole) + "\n", "content_type": "text/csv"} if path == "/jobs" else {}
        return site.application.test_client().open(path, method=method, **body), time.monotonic() - start

    asked = [("GET", "/jobs"), ("POST", "/jobs"), ("GET", JOB)]
    with ThreadPoolExecutor(len(asked)) as pool:
        for answer, seconds in pool.map(ask, *zip(*asked, strict=True)):
            assert answer.status_code == 503
            assert answer.get_json()["error_type"] == "StoreUnavailable"
            assert int(answer.headers["Retry-After"]) > 0
            assert seconds < 10


def test_health_names_a_store_that_has_never_answered(site: FlaskClient) -> None:
    body = site.get("/health").get_json()
    assert (body["status"], body["checks"]["store"]) == ("degraded", "failing")


def test_health_names_a_store_before_it_has_given_up_on_it(
    settings: ApiSettings,
    make_app: Callable[[ApiSettings], Flask],
    store: ObjectStore,
    redis_url: str,
    eventually: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del store
    quick = {"release_poll_seconds": 0.02, "queue_url": redis_url}
    service = make_app(settings.model_copy(update=quick)).extensions["churn"]
    thaw = Event()
    current = watcher.store_release.current
    monkeypatch.setattr(watcher, "LATE", 0.2)
    monkeypatch.setattr(watcher.store_release, "current", lambda store: thaw.wait() and current(store))
    service.watch()
    eventually(lambda: service.checks.report()["store"] == "failing")
    thaw.set()
    eventually(lambda: service.checks.report()["store"] == "ok")
    service.end()
