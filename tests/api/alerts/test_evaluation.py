"""The end of a scoring job: whoever is newly at risk stands in one digest, whatever is cut off or comes twice."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import polars as pl
import pytest
from tests.api.alerts.conftest import MONDAY, Alerts
from tests.api.jobs.test_tracking import CALLS, Cut, Killed

from churn.alerts import layout, rules
from churn.alerts.rules import Rules
from churn.campaigns import contacts
from churn.campaigns import layout as campaigns
from churn.errors import StoreUnavailable
from churn.job_states import CANCELLED, COMPLETED
from churn.store.interface import ObjectStore
from churn.tracking import erasure
from churn_api.alerts import evaluation
from churn_api.alerts import record as records
from churn_api.alerts.digest_files import expire
from churn_api.alerts.evaluation import Evaluation, Pass
from churn_api.alerts.record import PARTS
from churn_api.jobs.options import JobOptions
from churn_api.tracking.turn import turn

CALM = {"a": 0.3, "b": 0.3, "c": 0.3, "d": 0.7}


def test_a_digest_has_whoever_is_newly_at_risk_by_money(alerts: Alerts) -> None:
    assert alerts.week(CALM) == []
    (digest_id,) = alerts.week({"a": 0.7, "b": 0.65, "c": 0.4, "d": 0.7}, bills={"b": 90.0})
    (digest,) = alerts.digests
    assert (digest.id, digest.filename, digest.model_version) == (digest_id, "week.csv", alerts.bench.version)
    counts = digest.counts
    assert (counts.evaluated, counts.high, counts.entered, counts.alerted, counts.no_history) == (4, 3, 2, 2, 0)
    first, second = alerts.customers(digest_id)
    assert (first.customerID, second.customerID) == ("b", "a")
    assert first.money_at_risk == pytest.approx(0.65 * 90 * 12)
    assert (first.before, first.rise) == (pytest.approx(0.3), pytest.approx(0.35))
    assert digest.money_at_risk.alerted == pytest.approx(0.65 * 90 * 12 + 0.7 * 50 * 12)
    assert alerts.counted["listed"] == 2
    (_, *rows) = csv.reader(io.StringIO(alerts.store.get(layout.digest_list(digest_id)).data.decode()))
    assert rows[0] == ["b", "0.650000", "0.300000", "0.350000", "90.00", "702.00"]
    assert (alerts.record.followed, alerts.record.high) == (4, 3)


def test_the_budget_takes_those_with_the_most_money_and_the_others_are_looked_at_again(alerts: Alerts) -> None:
    rules.save(alerts.store, Rules(budget=2), "")
    names = [f"c{number}" for number in range(5)]
    bills = {name: 10.0 * number for number, name in enumerate(names)}
    alerts.week(dict.fromkeys(names, 0.3), bills=bills)
    found = []
    for _ in range(3):
        (digest_id,) = alerts.week(dict.fromkeys(names, 0.8), bills=bills)
        found.append([customer.customerID for customer in alerts.customers(digest_id)])
    assert found == [["c4", "c3"], ["c2", "c1"], ["c0"]]
    newest, _, oldest = alerts.digests
    assert (oldest.counts.alerted, oldest.counts.budget, newest.counts.budget) == (2, 3, 0)
    assert oldest.money_at_risk.budget == pytest.approx(0.8 * 12 * (20 + 10))
    assert alerts.counted["budget"] == 3 + 1
    assert alerts.week(dict.fromkeys(names, 0.8), bills=bills) == []


def test_whose_value_is_not_known_comes_last(alerts: Alerts) -> None:
    alerts.week(CALM)
    (digest_id,) = alerts.week({"a": 0.9, "b": 0.7}, bills={"a": None})
    assert [(each.customerID, each.value) for each in alerts.customers(digest_id)] == [("b", 50.0), ("a", None)]


def test_a_blank_bill_is_a_value_that_is_not_known(alerts: Alerts) -> None:
    alerts.week(CALM)
    (digest_id,) = alerts.week({"a": 0.9, "b": 0.7}, bills={"a": float("nan")})
    assert [(each.customerID, each.value) for each in alerts.customers(digest_id)] == [("b", 50.0), ("a", None)]
    assert alerts.digests[0].money_at_risk.alerted == pytest.approx(0.7 * 50 * 12)


def test_whoever_a_running_campaign_holds_out_is_left_out(alerts: Alerts) -> None:
    for number, closed in enumerate([None, "2026-11-03T00:00:00+00:00"]):
        name = f"cam_{number}"
        record = {"name": "x", "started_at": "2026-11-01T00:00:00+00:00", "closed_at": closed, "label_window_months": 3}
        alerts.store.put(campaigns.record(name), json.dumps(record).encode(), content_type="application/json")
        rows = pl.DataFrame(
            {"customer_id": ["a", "b"], "arm": ["hold_out", "treat"] if closed is None else ["treat", "hold_out"]}
        )
        alerts.store.put(campaigns.contacts_part(name, 0), contacts.to_bytes(rows), content_type="")
    alerts.week(CALM)
    (digest_id,) = alerts.week({"a": 0.8, "b": 0.8})
    assert [each.customerID for each in alerts.customers(digest_id)] == ["b"]
    assert alerts.digests[0].counts.held_out == alerts.counted["held_out"] == 1


def test_whoever_is_being_erased_is_neither_alerted_on_nor_remembered(alerts: Alerts) -> None:
    alerts.week(CALM)
    alerts.score({"a": 0.8, "b": 0.8})
    erasure.ask(alerts.store, "a", datetime.now(UTC))
    (digest_id,) = alerts.evaluation.evaluate().digests
    assert [each.customerID for each in alerts.customers(digest_id)] == ["b"]
    assert alerts.digests[0].counts.evaluated == 1


def test_what_is_brought_up_of_earlier_weeks_is_remembered_in_silence(alerts: Alerts) -> None:
    alerts.score(CALM)
    alerts.clock.pass_by(days=7)
    alerts.score({"a": 0.8})
    alerts.clock.pass_by(days=8)
    assert alerts.evaluation.evaluate() == Pass([])
    assert alerts.state()["high"].to_list() == [True, False, False, True]


def test_rules_can_switch_alerts_off(alerts: Alerts) -> None:
    rules.save(alerts.store, Rules(enabled=False), "")
    alerts.week(CALM)
    assert alerts.week({"a": 0.8}) == []
    assert alerts.record.high == 2


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(0, 75, 7))
def test_an_evaluation_may_be_killed_anywhere_and_leads_to_one_digest(
    alerts: Alerts, monkeypatch: pytest.MonkeyPatch, number: int, done: bool
) -> None:
    names = [f"c{number}" for number in range(40)]
    alerts.week(dict.fromkeys(names, 0.3))
    alerts.score(dict.fromkeys(names, 0.8))
    cut = Cut(number, Killed(), done=done)
    with monkeypatch.context() as patched:
        for name in CALLS:
            patched.setattr(alerts.store, name, cut.over(getattr(alerts.store, name)))
        with suppress(Killed):
            alerts.evaluation.evaluate()
    alerts.clock.pass_by(minutes=6)
    alerts.over(alerts.store).evaluate()
    (digest,) = alerts.digests
    assert digest.counts.alerted == 20
    customers = alerts.customers(digest.id)
    assert len({each.customerID for each in customers}) == 20
    files = {layout.digest(digest.id), layout.digest_list(digest.id), layout.RECORD}
    assert set(alerts.held()) == files | set(alerts.record.state)
    state = alerts.state()
    assert (state["mean_0"] - 0.8).abs().max() < 1e-6
    assert state["count"].to_list() == [1] * 40


@pytest.mark.parametrize("number", range(0, 75, 12))
def test_a_store_that_goes_away_in_the_midst_leads_to_one_digest(
    alerts: Alerts, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    alerts.week(CALM)
    alerts.score({"a": 0.8})
    cut = Cut(number, StoreUnavailable("here", "a test"), done=True)
    with monkeypatch.context() as patched:
        for name in CALLS:
            patched.setattr(alerts.store, name, cut.over(getattr(alerts.store, name)))
        with suppress(StoreUnavailable):
            alerts.evaluation.evaluate()
    alerts.evaluation.evaluate()
    assert len(alerts.digests) == 1
    assert not list(alerts.store.list(layout.DUE))


def test_only_parts_with_customers_of_the_job_are_written_anew(alerts: Alerts) -> None:
    alerts.week({f"c{number}": 0.3 for number in range(100)})
    before = alerts.record
    assert (before.followed, len(before.state)) == (100, PARTS)
    alerts.week({"c1": 0.8})
    after = alerts.record
    assert len(set(after.state) - set(before.state)) == 1
    assert (after.followed, after.high, len(after.state)) == (100, 1, PARTS)
    assert set(after.state) == {key for key in alerts.held() if key.startswith(layout.STATE)}


def test_two_workers_take_turns_and_no_job_is_lost(alerts: Alerts) -> None:
    alerts.week(CALM)
    alerts.score({"a": 0.8})
    with turn(alerts.store, alerts.clock) as is_own:
        assert is_own
        alerts.bench.store.put("tracking/tidying.json", json.dumps(_other()).encode(), content_type="")
        assert alerts.evaluation.evaluate() == Pass([])
    alerts.clock.pass_by(minutes=6)
    alerts.score({"b": 0.8})
    assert len(alerts.evaluation.evaluate().digests) == 2
    assert [digest.counts.alerted for digest in alerts.digests] == [1, 1]


def _other() -> dict[str, Any]:
    return {"count": 1, "host": "another", "process": 1, "began": "1", "lost": False, "reason": None}


def test_whoever_was_overtaken_changes_nothing(alerts: Alerts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that stood still so long that it counts as dead ends after another one has done the same."""
    alerts.week(CALM)
    alerts.score({"a": 0.8})
    slow, store = alerts.over(alerts.store), alerts.store
    original = store.put

    def overtaken(key: str, *arguments: Any, **options: Any) -> str:
        if key.endswith(".csv"):
            monkeypatch.setattr(store, "put", original)
            store.delete(["tracking/tidying.json"])
            assert len(alerts.over(store).evaluate().digests) == 1
        return original(key, *arguments, **options)

    monkeypatch.setattr(store, "put", overtaken)
    assert slow.evaluate() == Pass([])
    assert len(alerts.digests) == 1
    assert alerts.counted["listed"] == 1
    assert alerts.state()["high"].to_list() == [True, False, False, True]


def test_a_pass_ends_in_time_and_says_that_there_is_more(alerts: Alerts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "_PASS_SECONDS", 0.0)
    alerts.week(CALM)
    for name in "abc":
        alerts.score({name: 0.8})
    passes = [alerts.evaluation.evaluate() for _ in range(4)]
    assert [(len(found.digests), found.more) for found in passes] == [(1, True), (1, True), (1, False), (0, False)]


def test_a_pass_reads_once_whom_campaigns_hold_out_and_tidies_up_once(
    alerts: Alerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: Counter[str] = Counter()

    def counted(whole: Callable[[ObjectStore], Any]) -> Callable[[ObjectStore], Any]:
        return lambda store: calls.update([whole.__name__]) or whole(store)

    for whole in (evaluation.held_out, evaluation.clear):
        monkeypatch.setattr(evaluation, whole.__name__, counted(whole))
    for _ in range(3):
        alerts.score(CALM)
    assert alerts.evaluation.evaluate() == Pass([])
    assert calls == {"held_out": 1, "clear": 1}
    assert not list(alerts.store.list(layout.DUE))


def test_a_pass_takes_no_more_jobs_than_are_remembered_as_looked_at(
    alerts: Alerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their marks are deleted at its end, to which it need not come."""
    monkeypatch.setattr(records, "JOBS_KEPT", 2)
    alerts.week(CALM)
    for name in "abc":
        alerts.score({name: 0.8})
    with monkeypatch.context() as patched, suppress(Killed):
        patched.setattr(evaluation, "clear", Cut(0, Killed(), done=False).over(evaluation.clear))
        alerts.evaluation.evaluate()
    assert len(alerts.digests) == 2
    alerts.clock.pass_by(minutes=6)
    again = alerts.over(alerts.store)
    passes = [again.evaluate() for _ in range(2)]
    assert [(len(found.digests), found.more) for found in passes] == [(0, True), (1, False)]
    assert [digest.counts.alerted for digest in alerts.digests] == [1, 1, 1]


def test_a_pass_that_settles_nothing_is_not_followed_by_another(
    alerts: Alerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_yet(*_: Any) -> bool:
        raise evaluation._NotYet

    monkeypatch.setattr(evaluation, "_PASS_SECONDS", 0.0)
    monkeypatch.setattr(Evaluation, "_is_over", not_yet)
    for _ in range(3):
        alerts.score(CALM)
    assert alerts.evaluation.evaluate() == Pass([])
    assert len(list(alerts.store.list(layout.DUE))) == 3


def test_whoever_was_overtaken_leaves_what_it_has_settled_to_others(
    alerts: Alerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must not tidy up: files that no record names yet may be of those who have the turn now."""
    alerts.week(CALM)
    for name in "ab":
        alerts.score({name: 0.8})
    original, theirs = alerts.evaluation._digest, layout.state("20991231", 0)
    calls = []

    def overtaken(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            records.change(alerts.store, lambda now: msgspec.structs.replace(now, version=now.version + 1))
            alerts.store.put(theirs, b"", content_type="")
        return original(*arguments)

    alerts.evaluation._digest = overtaken  # type: ignore[method-assign]
    assert alerts.evaluation.evaluate() == Pass([])
    assert theirs in alerts.held()
    assert len(alerts.evaluation.evaluate().digests) == 1
    assert [digest.counts.alerted for digest in alerts.digests] == [1, 1]
    assert not list(alerts.store.list(layout.DUE))


def test_a_job_is_looked_at_once_it_is_completed_and_never_where_it_is_not(alerts: Alerts, many_customers: Any) -> None:
    bench = alerts.bench
    jobs = [bench.submit(many_customers(3_000)) for _ in range(2)]
    while bench.queue.steps[0][0] != "finish":
        bench.take()
    due = {layout.due(job.id) for job in jobs}
    assert not due & set(alerts.held())
    original = bench.steps._ending.complete

    def held_up(job_id: str, done: Any) -> None:
        assert alerts.evaluation.evaluate() == Pass([])
        assert layout.due(job_id) in alerts.held()
        if job_id == jobs[1].id:
            bench.job_service.cancel(job_id)
        original(job_id, done)

    bench.steps._ending.complete = held_up  # type: ignore[method-assign]
    bench.drain()
    assert sorted(map(bench.status, jobs)) == [CANCELLED, COMPLETED]
    assert not due & set(alerts.held())
    assert alerts.record.followed == 3_000
    assert alerts.record.value.field == "MonthlyCharges"
    assert alerts.record.jobs == (jobs[0].id,)


def test_a_job_as_of_an_earlier_day_is_remembered_as_of_it(alerts: Alerts, many_customers: Any) -> None:
    alerts.bench.submit(many_customers(10), options=JobOptions(as_of="2026-10-05"))
    alerts.bench.drain()
    alerts.evaluation.evaluate()
    assert set(alerts.state()["scored_at"]) == {datetime(2026, 10, 5, tzinfo=UTC)}


def test_files_of_jobs_that_are_due_are_not_made_one_with_others(alerts: Alerts) -> None:
    from churn_api.tracking.compaction import FEW, Compaction

    jobs = [alerts.score({"a": 0.3, "b": 0.3}) for _ in range(FEW)]
    alerts.clock.pass_by(hours=2)
    (folder,) = {entry.key.rpartition("/")[0] + "/" for entry in alerts.store.list("tracking/predictions/")}
    before = [entry.key for entry in alerts.store.list(folder)]
    Compaction(alerts.store, alerts.clock).compact(folder)
    assert [entry.key for entry in alerts.store.list(folder)] == before
    assert len(jobs) == len(list(alerts.store.list(layout.DUE)))


@pytest.mark.parametrize("data", [b"{", b"{}", b'{"moment": "x", "filename": null, "model_version": "", "prefix": ""}'])
def test_a_mark_that_cannot_be_read_stops_nobody(alerts: Alerts, data: bytes) -> None:
    alerts.week(CALM)
    alerts.store.put(layout.due("job_0"), data, content_type="")
    assert len(alerts.week({"a": 0.8})) == 1
    assert not list(alerts.store.list(layout.DUE))


def test_a_record_that_cannot_be_read_loses_no_job(alerts: Alerts, caplog: pytest.LogCaptureFixture) -> None:
    alerts.store.put(layout.RECORD, b"{", content_type="")
    alerts.score(CALM)
    assert alerts.evaluation.evaluate() == Pass([])
    assert "Delete it" in caplog.text
    assert list(alerts.store.list(layout.DUE))


def test_digests_are_kept_as_long_as_what_is_tracked(alerts: Alerts) -> None:
    alerts.week(CALM)
    (digest_id,) = alerts.week({"a": 0.8})
    expire(alerts.store, MONDAY + timedelta(days=1))
    assert len(alerts.digests) == 1
    alerts.week(CALM)
    expire(alerts.store, MONDAY + timedelta(days=8))
    assert alerts.digests == ()
    assert not [key for key in alerts.held() if digest_id in key]
    assert alerts.state().height == 4


def test_what_is_remembered_of_customers_is_kept_as_long_as_well(alerts: Alerts) -> None:
    alerts.week(CALM)
    version = alerts.record.version
    expire(alerts.store, MONDAY + timedelta(days=8))
    assert (alerts.record.followed, alerts.record.state, alerts.record.version) == (0, [], version + 1)
    assert alerts.held() == [layout.RECORD]
    assert alerts.week(CALM) == []
    alerts.week({"a": 0.3})
    expire(alerts.store, MONDAY + timedelta(days=10))
    assert alerts.state()["customer_id"].to_list() == ["a"]
