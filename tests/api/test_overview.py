"""GET /overview over HTTP, and its answers' shape."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from tests import overview_answer
from tests.api.overview.test_scoring_runs import run

from churn.store.interface import ObjectStore
from churn.tracking import daily
from churn_api.alerts.service import AlertsAnswer
from churn_api.overview.answers import OverviewAnswer
from churn_api.overview.service import HELD, OverviewService


class Clock:
    """The time of a test."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 14, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_before_anything_was_scored_it_says_what_to_do_first(store: ObjectStore, service: Any) -> None:
    answer = OverviewService(store, service.releases, tracked=True, clock=Clock()).answer()
    assert (answer.run, answer.campaigns, answer.quality, answer.alerts) == (None, [], None, None)
    assert answer.words[0].startswith("Nothing has been scored yet. Score a file of your customers first")
    assert answer.model is not None
    assert answer.model.words.startswith("Logistic Regression, release ")


def test_it_is_answered_over_http(client: FlaskClient) -> None:
    got = client.get("/overview")
    assert got.status_code == 200
    assert got.get_json()["model"]["words"].startswith("Logistic Regression, release ")


def test_the_last_run_is_told_with_its_age(store: ObjectStore, service: Any) -> None:
    clock = Clock()
    daily.keep(store, run("2026-11-20"))
    words = OverviewService(store, service.releases, tracked=True, clock=clock).answer().words
    assert words == ["Scored 3 days ago: 1,000 customers of customers.csv, 2 more refused."]


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=40), "40 days ago"),
    ],
    ids=str,
)
def test_ages_are_told_in_rough_words(store: ObjectStore, service: Any, age: timedelta, told: str) -> None:
    clock = Clock()
    daily.keep(store, run("2026-11-20", at=(clock.now - age).isoformat()))
    words = OverviewService(store, service.releases, tracked=True, clock=clock).answer().words
    assert words[0].startswith(f"Scored {told}: ")


def test_without_money_or_tracking_it_says_so(store: ObjectStore, service: Any) -> None:
    daily.keep(store, run("2026-11-20", money=None))
    words = OverviewService(store, service.releases, tracked=False).answer().words
    assert "no monthly value" in words[1]
    assert "CHURN_TRACKING=on" in words[2]


def test_customers_without_a_known_value_are_told(store: ObjectStore, service: Any) -> None:
    daily.keep(store, run("2026-11-20", without_value=7))
    words = OverviewService(store, service.releases, tracked=True).answer().words
    assert words[1] == "Of 7 of them Monthly charges is not known: they count for no money."


def test_an_answer_is_given_again_for_some_seconds(store: ObjectStore, service: Any) -> None:
    clock = Clock()
    overview = OverviewService(store, service.releases, tracked=True, clock=clock)
    first = overview.answer()
    daily.keep(store, run("2026-11-20"))
    clock.now += HELD - timedelta(seconds=1)
    assert overview.answer() is first
    clock.now += timedelta(seconds=1)
    assert overview.answer().run is not None


def test_nobody_waits_for_who_waits_for_the_store(
    store: ObjectStore, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    overview = OverviewService(store, service.releases, tracked=True, clock=Clock())
    is_asked, goes_on, listed = Event(), Event(), store.list

    def slow(*arguments: Any, **options: Any) -> Any:
        if not is_asked.is_set():
            is_asked.set()
            goes_on.wait(30)
        return listed(*arguments, **options)

    monkeypatch.setattr(store, "list", slow)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(overview.answer)
        assert is_asked.wait(30)
        try:
            assert threads.submit(overview.answer).result(10).run is None
            assert not first.done()
        finally:
            goes_on.set()
        assert first.result(10).run is None


@pytest.mark.parametrize("made_up", [overview_answer.empty(), overview_answer.empty("off"), overview_answer.first()])
def test_made_up_answers_have_the_declared_shape(made_up: Any) -> None:
    converted = msgspec.json.decode(json.dumps(made_up).encode(), type=OverviewAnswer)
    assert msgspec.to_builtins(converted) == made_up


def test_the_full_made_up_answer_has_the_declared_shape() -> None:
    test_made_up_answers_have_the_declared_shape(overview_answer.full())


def test_the_made_up_digests_have_the_declared_shape() -> None:
    made_up = overview_answer.alerts()
    converted = msgspec.json.decode(json.dumps(made_up).encode(), type=AlertsAnswer)
    assert msgspec.to_builtins(converted) == made_up
