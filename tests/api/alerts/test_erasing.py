"""Erasing a customer from alerts: nothing names him any more, and his neighbours are as they were."""

from contextlib import suppress

import pytest
from tests.api.alerts.conftest import MONDAY, UNREADABLE, Alerts
from tests.api.jobs.test_tracking import CALLS, Cut, Killed

from churn.alerts import layout
from churn.tracking import erasure
from churn_api.alerts import record as records
from churn_api.alerts.erasing import erase_from_alerts
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.tracking.erasing import Erasing

CALM = {"=a,1": 0.3, "bertha": 0.3, "c": 0.3}


def held(alerts: Alerts, name: str) -> list[str]:
    return [key for key in alerts.held() if name.encode() in alerts.store.get(key).data]


def test_an_erased_customer_is_held_nowhere_and_others_are(alerts: Alerts) -> None:
    alerts.week(CALM)
    (digest_id,) = alerts.week(dict.fromkeys(CALM, 0.8))
    assert held(alerts, "=a,1")
    state, version = alerts.state(), alerts.record.version
    erasure.ask(alerts.store, "=a,1", alerts.clock())
    Erasing(alerts.bench.repository, ReleaseCache(alerts.store)).erase()
    assert not erasure.find(alerts.store, "=a,1")
    assert held(alerts, "=a,1") == []
    assert alerts.state().equals(state.filter(state["customer_id"] != "=a,1"))
    assert {each.customerID for each in alerts.customers(digest_id)} == {"bertha", "c"}
    assert alerts.store.get(layout.digest_list(digest_id)).data.count(b"\n") == 3
    assert alerts.record.version == version + 1


def test_whoever_began_before_the_erasure_brings_nobody_back(alerts: Alerts, monkeypatch: object) -> None:
    alerts.week(CALM)
    alerts.score(dict.fromkeys(CALM, 0.8))
    original = alerts.evaluation._digest

    def in_the_midst(*arguments: object) -> object:
        erase_from_alerts(alerts.store, {"bertha"})
        return original(*arguments)  # type: ignore[arg-type]

    alerts.evaluation._digest = in_the_midst  # type: ignore[assignment, method-assign]
    assert alerts.evaluation.evaluate().digests == []
    assert alerts.digests == ()
    assert alerts.state()["customer_id"].to_list() == ["=a,1", "c"]


def begin_anew(alerts: Alerts, weeks: int) -> None:
    """So many weeks of evaluations, and a job that is still to be looked at."""
    for key in [*alerts.held(), *(entry.key for entry in alerts.store.list("tracking/"))]:
        alerts.store.delete([key])
    alerts.clock.now = MONDAY
    for _ in range(weeks):
        alerts.week(CALM)
    alerts.score(dict.fromkeys(CALM, 0.8))


@pytest.mark.parametrize("weeks", [0, 1], ids=["the first evaluation", "a later one"])
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_an_erasure_between_any_two_writes_of_an_evaluation_is_whole(
    alerts: Alerts, monkeypatch: pytest.MonkeyPatch, weeks: int, *, done: bool
) -> None:
    """The evaluating process stands still at each write in turn, and is taken for dead."""
    original = alerts.store.put
    for number in range(40):
        begin_anew(alerts, weeks)
        left = number

        def overtaken(key: str, *arguments: object, **options: object) -> str:
            nonlocal left
            left -= key.startswith(layout.ROOT)
            if left != -1:
                return original(key, *arguments, **options)  # type: ignore[arg-type]
            left -= 1
            answer = original(key, *arguments, **options) if done else ""  # type: ignore[arg-type]
            with monkeypatch.context() as undone:
                undone.setattr(alerts.store, "put", original)
                erasure.ask(alerts.store, "bertha", alerts.clock())
                erase_from_alerts(alerts.store, {"bertha"})
            return answer or original(key, *arguments, **options)  # type: ignore[arg-type]

        with monkeypatch.context() as patched:
            patched.setattr(alerts.store, "put", overtaken)
            alerts.evaluation.evaluate()
        if left >= 0:
            break  # there are no more writes
        assert held(alerts, "bertha") == [], number
        alerts.evaluation.evaluate()
        assert held(alerts, "bertha") == [], number
        assert set(alerts.state()["customer_id"]) == {"=a,1", "c"}
    assert number > 3


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_an_erasure_after_an_evaluation_that_was_killed_anywhere_is_whole(
    alerts: Alerts, monkeypatch: pytest.MonkeyPatch, *, done: bool
) -> None:
    for number in range(100):
        begin_anew(alerts, 1)
        cut = Cut(number, Killed(), done=done)
        with monkeypatch.context() as patched, suppress(Killed):
            for name in CALLS:
                patched.setattr(alerts.store, name, cut.over(getattr(alerts.store, name)))
            alerts.evaluation.evaluate()
        erasure.ask(alerts.store, "bertha", alerts.clock())
        erase_from_alerts(alerts.store, {"bertha"})
        assert held(alerts, "bertha") == [], number
        alerts.clock.pass_by(minutes=6)
        alerts.over(alerts.store).evaluate()
        assert held(alerts, "bertha") == [], number
        assert len(alerts.digests) == 1
        assert set(alerts.state()["customer_id"]) == {"=a,1", "c"}
        if cut.left >= 0:
            break  # there are no more calls
    assert number > 20


@pytest.mark.parametrize("done", [True, False])
def test_an_erasure_that_is_cut_off_is_done_by_the_next(
    alerts: Alerts, monkeypatch: pytest.MonkeyPatch, *, done: bool
) -> None:
    for number in range(100):
        begin_anew(alerts, 1)
        alerts.evaluation.evaluate()
        cut = Cut(number, Killed(), done=done)
        with monkeypatch.context() as patched, suppress(Killed):
            for name in CALLS:
                patched.setattr(alerts.store, name, cut.over(getattr(alerts.store, name)))
            erase_from_alerts(alerts.store, {"bertha"})
        erase_from_alerts(alerts.store, {"bertha"})
        assert held(alerts, "bertha") == [], number
        assert {each.customerID for each in alerts.customers(alerts.digests[0].id)} == {"=a,1", "c"}
        if cut.left >= 0:
            break  # there are no more calls
    assert number > 10


def test_a_list_that_an_evaluation_left_without_its_digest_goes(alerts: Alerts) -> None:
    alerts.week(CALM)
    (digest_id,) = alerts.week(dict.fromkeys(CALM, 0.8))
    left = layout.digest_list("alr_left")
    alerts.store.put(left, alerts.store.get(layout.digest_list(digest_id)).data, content_type="")
    erase_from_alerts(alerts.store, {"bertha"})
    assert held(alerts, "bertha") == []
    assert left not in alerts.held()
    assert layout.digest_list(digest_id) in alerts.held()


def test_files_that_cannot_be_read_are_deleted_as_they_could_hold_him(alerts: Alerts) -> None:
    alerts.week(CALM)
    (digest_id,) = alerts.week(dict.fromkeys(CALM, 0.8))
    (part, *_) = [key for key in alerts.held() if key.startswith(layout.STATE)]
    for key in (part, layout.digest(digest_id)):
        alerts.store.put(key, b"{", content_type="")
    erase_from_alerts(alerts.store, {"bertha"})
    assert held(alerts, "bertha") == []
    assert part not in alerts.held()
    assert layout.digest_list(digest_id) not in alerts.held()
    alerts.week(dict.fromkeys(CALM, 0.8))


@pytest.mark.parametrize("record", UNREADABLE, ids=["half", "no UTF-8"])
def test_an_unreadable_record_stops_no_erasure(alerts: Alerts, record: bytes) -> None:
    alerts.week(CALM)
    alerts.store.put(layout.RECORD, record, content_type="")
    erase_from_alerts(alerts.store, {"bertha"})
    assert held(alerts, "bertha") == []


def test_where_there_is_nothing_nothing_is_written(alerts: Alerts) -> None:
    erase_from_alerts(alerts.store, {"bertha"})
    assert alerts.held() == []
    assert records.load(alerts.store) == records.Record()
