"""Requests for a training: asked for once, trained for once, tried again where a training was killed."""

import json
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread

import pytest

from churn.training import requests
from churn.training.requests import ATTEMPTS, DONE, FAILED, LEASE, OPEN, STOPS, TRAINING, Request

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()
WHY = ["More customers left than predicted: 31.0% of those scored in 2026-07, where 26.5% were to be expected."]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def put(store, day, body=b"{}"):
    store.put(requests.key(day), body, content_type="application/json")


def only(store):
    (request,) = requests.listed(store)
    return request


def test_what_is_asked_for_is_read_again(store):
    assert requests.ask(store, WHY, NOW)
    assert only(store) == Request(TODAY, OPEN, tuple(WHY), NOW)
    assert not requests.ask(store, ["Another reason."], NOW)
    assert only(store).reasons == tuple(WHY)


def test_an_empty_object_asks_and_what_another_program_wrote_stays(store, clock):
    put(store, TODAY, json.dumps({"by": "night watch", "reasons": ["Prices rose."]}).encode())
    taken = requests.take(store, clock)
    assert taken.request.reasons == ("Prices rose.",)
    assert taken.finish(DONE, "In shadow.", "20261120_120000")
    held = json.loads(store.get(requests.key(TODAY)).data)
    assert (held["by"], held["status"], held["release"]) == ("night watch", DONE, "20261120_120000")
    put(store, TODAY)
    assert only(store) == Request(TODAY)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"status": "lost"}', b'{"attempts": "1"}', b'{"asked_at": "soon"}'])
def test_what_is_no_request_is_passed_over(store, clock, body):
    put(store, TODAY, body)
    store.put(f"{requests.ROOT}readme.txt", b"{}", content_type="text/plain")
    assert requests.listed(store) == []
    assert requests.take(store, clock) is None


@pytest.mark.parametrize("name", ["20261120", "2026-W47-5", "2026-11-20.json"])
def test_a_name_that_is_no_day_as_agreed_stops_nothing(store, clock, name):
    """Python reads other forms of a day too, under whose own name there is nothing."""
    store.put(f"{requests.ROOT}{name}.json", b"{}", content_type="application/json")
    put(store, TODAY - timedelta(days=1))
    assert requests.take(store, clock).request.day == TODAY - timedelta(days=1)


def test_a_day_to_come_waits_for_it_and_keeps_no_other_from_being_asked_for(store, clock):
    put(store, TODAY + timedelta(days=3))
    assert requests.take(store, clock) is None
    assert requests.ask(store, WHY, NOW)
    requests.take(store, clock).finish(DONE, "In shadow.")
    clock.now += timedelta(days=3)
    assert requests.take(store, clock).request.day == TODAY + timedelta(days=3)


@pytest.mark.parametrize(
    ("days_ago", "first"),
    [([], None), ([0], 7), ([3], 4), ([7], 0), ([7, 14, 21, 29], 1), ([7, 14, 21, 30], 0), ([1, 300, 301, 302], 6)],
)
def test_a_training_is_asked_for_once_a_week_and_four_times_a_month(store, days_ago, first):
    days = [TODAY - timedelta(days=ago) for ago in days_ago]
    found = requests.earliest(days)
    assert found == (None if first is None else TODAY + timedelta(days=first))
    for day in days:
        put(store, day)
    assert requests.ask(store, WHY, NOW) == (not first)


def test_a_person_may_ask_however_many_trainings_there_were(store, clock):
    put(store, TODAY - timedelta(days=1))
    requests.demand(store, "A person asked for it.", NOW)
    taken = requests.take(store, clock)
    assert taken.request.reasons == ("A person asked for it.",)
    requests.demand(store, "A person asked for it again.", NOW)
    assert requests.listed(store)[0].status == TRAINING
    taken.finish(DONE, "Held back.", "20261120_120000")
    requests.demand(store, "A person asked for it again.", NOW)
    assert requests.listed(store)[0] == Request(TODAY, OPEN, ("A person asked for it again.",), NOW)


def test_two_takers_at_once_make_one_training(store, clock):
    put(store, TODAY)
    together, found = Barrier(4), []

    def take():
        together.wait()
        found.append(requests.take(store, clock))

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([taken for taken in found if taken]) == 1
    assert only(store).attempts == 1


def test_two_requests_at_once_make_one_training(store, clock):
    put(store, TODAY - timedelta(days=1))
    put(store, TODAY)
    taken = requests.take(store, clock)
    assert taken.request.day == TODAY
    assert requests.take(store, clock) is None
    older = requests.listed(store)[1]
    assert (older.status, older.words) == (DONE, "See 2026-11-20, asked for since.")
    # While one is trained for, no other is begun, also on the next day.
    clock.now += timedelta(days=1)
    assert taken.renew()
    put(store, TODAY + timedelta(days=1))
    assert requests.take(store, clock) is None
    taken.finish(DONE, "In shadow.", "20261120_120000")
    assert requests.take(store, clock).request.day == TODAY + timedelta(days=1)


def test_an_older_request_that_another_trainer_has_just_taken_is_not_ended(store, clock, monkeypatch):
    put(store, TODAY - timedelta(days=1))
    yesterdays = requests.take(store, clock)
    put(store, TODAY)
    # As it was listed before it was taken.
    monkeypatch.setattr(requests, "listed", lambda _: [Request(TODAY), Request(TODAY - timedelta(days=1))])
    assert requests.take(store, clock) is None
    monkeypatch.undo()
    assert [request.status for request in requests.listed(store)] == [OPEN, TRAINING]
    assert yesterdays.finish(DONE, "In shadow.")


def test_a_training_that_lives_is_left_alone_and_a_dead_one_is_tried_again(store, clock):
    put(store, TODAY)
    first = requests.take(store, clock)
    clock.now += LEASE - timedelta(seconds=1)
    assert first.renew()
    clock.now += LEASE - timedelta(seconds=1)
    assert requests.take(store, clock) is None
    clock.now += timedelta(seconds=1)
    second = requests.take(store, clock)
    assert second.request.attempts == 2
    # The first one only hung: it changes nothing any more.
    assert not first.renew()
    assert not first.finish(DONE, "In shadow.", "20261120_120000")
    assert not first.give_back("The store was away.")
    assert only(store).status == TRAINING


def test_a_training_that_is_killed_each_time_fails(store, clock):
    put(store, TODAY)
    for attempt in range(1, ATTEMPTS + 1):
        assert requests.take(store, clock).request.attempts == attempt
        clock.now += LEASE
    with pytest.raises(requests.BrokenOff, match=f"request of {TODAY} any more. The training was broken off 3 times"):
        requests.take(store, clock)
    assert (only(store).status, only(store).words) == (FAILED, requests.BROKEN_OFF)
    assert requests.take(store, clock) is None
    assert only(store).is_over


def test_whoever_asks_for_one_that_was_killed_each_time_gets_it_at_once(store, clock):
    put(store, TODAY, b'{"by": "night watch"}')
    for _ in range(ATTEMPTS):
        clock.now += LEASE
        requests.demand(store, "A person asked for it.", clock())  # as long as it may be tried, it is the same one
        requests.take(store, clock)
    requests.demand(store, "A person asked for it.", clock())
    assert only(store).attempts == ATTEMPTS  # its last training may live
    clock.now += LEASE
    requests.demand(store, "A person asked for it.", clock())
    request = requests.take(store, clock).request
    assert (request.attempts, request.reasons, request.unknown) == (
        1,
        ("A person asked for it.",),
        {"by": "night watch"},
    )


def test_what_is_given_back_is_tried_at_once_and_not_for_ever(store, clock):
    put(store, TODAY)
    for _ in range(ATTEMPTS - 1):
        requests.take(store, clock).give_back("The store was away.")
        assert (only(store).status, only(store).words) == (OPEN, "The store was away.")
    requests.take(store, clock).give_back("The store was away.")
    assert only(store).status == FAILED


def test_an_attempt_that_was_stopped_is_none(store, clock):
    put(store, TODAY)
    for _ in range(2 * ATTEMPTS):
        requests.take(store, clock).stop("It was stopped.")
    assert (only(store).status, only(store).attempts, only(store).words) == (OPEN, 0, "It was stopped.")


def test_what_is_stopped_each_time_fails_in_the_end(store, clock):
    """As where whatever starts it gives it too little time: it would take a machine's time for ever."""
    put(store, TODAY)
    for _ in range(STOPS):
        assert only(store).status == OPEN
        requests.take(store, clock).stop("It was stopped.")
    assert (only(store).status, only(store).words) == (FAILED, requests.STOPPED)
    requests.demand(store, "A person asked for it.", NOW)
    assert (only(store).status, only(store).stops) == (OPEN, 0)


def test_what_became_of_the_newest_request_is_told_if_that_failed():
    day = timedelta(days=1)
    failed = Request(TODAY, FAILED, words="It ended by MemoryError; the trainer's log tells more.")
    assert requests.failure([]) is None
    told = f"The training that was asked for on {TODAY} failed. It ended by MemoryError; the trainer's log tells more."
    assert requests.failure([failed, Request(TODAY - day, DONE)]) == told
    assert requests.failure([Request(TODAY + day), failed]) is None


def test_requests_are_listed_newest_first(store):
    days = [date(2026, 1, 9), date(2026, 11, 2), date(2025, 12, 31)]
    for day in days:
        put(store, day)
    assert [request.day for request in requests.listed(store)] == sorted(days, reverse=True)
