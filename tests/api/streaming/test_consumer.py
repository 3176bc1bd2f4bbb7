"""The loop of a member over a source without a broker: what is done in which order, and what waits for what."""

import json
from types import SimpleNamespace

import pytest

from churn.errors import StoreUnavailable
from churn.store.opening import open_store
from churn_api.streaming import consumer as loop
from churn_api.streaming import gathering
from churn_api.streaming.heartbeat import Heartbeat
from churn_api.streaming.member import build
from churn_api.streaming.settings import StreamSettings
from churn_api.streaming.source import ResultTooLarge, SourceUnavailable

CUSTOMERS, OUTCOMES, PREDICTIONS, REFUSED = "churn.customers", "churn.outcomes", "churn.predictions", "churn.refused"

AWAY = StoreUnavailable("s3://bucket", "a test")


@pytest.fixture
def parts(tmp_path, store, publish, redis_url):
    """A function that makes a member's loop over a source."""

    def make(source, *, released=True, stopping=lambda: False, clock=None, **others):
        if released:
            publish(store)
        settings = StreamSettings(
            store_url=f"file://{tmp_path}/store", queue_url=redis_url, stream_url="kafka://localhost", **others
        )
        member = build(settings)
        member.refresh()
        heartbeat = Heartbeat(tmp_path / "beat", member.stream_metrics.consuming)
        consumer = member.consumer(source, heartbeat, stopping)
        if clock:
            consumer._clock = consumer._outcomes._clock = clock
        return SimpleNamespace(member=member, consumer=consumer, beat=tmp_path / "beat", store=store)

    return make


def test_a_batch_is_committed_only_when_the_broker_has_its_results(fake, record, parts, whole):
    source = fake([record(whole, 4), record(whole | {"tenure": -1}, 5), record(None, 6)])
    parts(source).consumer.turn()
    assert source.calls == ["poll 500", "publish", "commit"]
    assert [(result.topic, result.key) for result in source.published] == [(PREDICTIONS, b"0-4"), (REFUSED, b"0-5")]
    assert [each.offset for each in source.committed] == [4, 5, 6]


def test_results_that_the_broker_does_not_take_are_sent_again_and_nothing_is_read_meanwhile(
    fake, record, parts, whole, monkeypatch
):
    source = fake([record(whole)], [record(whole, 1)])
    source.failures = [SourceUnavailable("No room on its disk."), SourceUnavailable("No room on its disk.")]
    running = parts(source)
    running.consumer.turn()
    assert source.calls == ["poll 500", "publish", "poll 1", "publish", "poll 1", "publish", "commit"]
    assert len(source.batches) == 1
    assert source.paused == set()
    assert len(source.published) == 1
    assert running.member.stream_metrics.retries.labels("publish")._value.get() == 2


def test_no_heart_beats_while_the_broker_takes_nothing(fake, record, parts, whole):
    source = fake([record(whole)])
    source.failures = [SourceUnavailable("No room on its disk.")] * 3
    running = parts(source)
    seen = []
    publish = source.publish
    source.publish = lambda results: (
        seen.append(running.member.stream_metrics.consuming._value.get()),
        publish(results),
    )
    running.consumer.turn()
    assert seen == [0, 0, 0, 0]
    assert running.beat.exists()  # afterwards


def test_a_member_that_is_stopped_while_the_broker_takes_nothing_commits_nothing(fake, record, parts, whole):
    source = fake([record(whole)])
    source.failures = [SourceUnavailable("No room on its disk.")] * 1000
    told = iter([False, True, True])
    parts(source, stopping=lambda: next(told, True)).consumer.run()
    assert source.committed == []
    assert source.calls[-1] == "close"


def test_results_of_a_partition_that_is_lost_meanwhile_are_left_to_others(fake, record, parts, whole):
    source = fake([record(whole, partition=0), record(whole, partition=1)])
    source.failures = [SourceUnavailable("It is away.")]
    poll = source.poll

    def lose(most, seconds):
        if most == 1:
            source.lost = {1}
        return poll(most, seconds)

    source.poll = lose
    parts(source).consumer.turn()
    assert [result.record.partition for result in source.published] == [0]


def test_an_answer_that_the_broker_finds_too_large_becomes_a_refusal(fake, record, parts, whole):
    source = fake([record(whole), record(whole, 1)])
    source.failures = [ResultTooLarge("Too large.", [1])]
    parts(source).consumer.turn()
    assert [(result.topic, result.key) for result in source.published] == [(PREDICTIONS, b"0-0"), (REFUSED, b"0-1")]
    assert json.loads(source.published[1].value)["error_type"] == "AnswerTooLarge"
    assert len(source.committed) == 2


def test_nothing_is_read_before_there_is_a_release(fake, record, parts, publish, whole):
    source = fake([record(whole)])
    running = parts(source, released=False)
    running.consumer.turn()
    assert source.paused == {CUSTOMERS}
    assert not running.beat.exists()
    publish(running.store)
    running.member.refresh()
    running.consumer.turn()
    assert len(source.published) == 1
    assert running.beat.exists()


def test_a_member_that_starts_before_the_first_release_serves_soon_after_one_is_published(
    fake, record, parts, publish, whole, eventually
):
    source = fake([record(whole)])
    running = parts(source, released=False, release_poll_seconds=3_600.0)
    running.member.watch()
    publish(running.store)
    eventually(lambda: running.member.releases.ready)
    running.consumer.turn()
    running.member.end()
    assert len(source.published) == 1


def test_a_batch_is_scored_wholly_by_one_release(fake, record, parts, publish, whole, monkeypatch):
    source = fake([record(whole), record(whole, 1, reasons=b"1")], [record(whole, 2)])
    running = parts(source)
    first = running.member.releases.version
    cache = running.member.cache

    def changed(*arguments):
        publish(running.store, shift=1.0)
        running.member.refresh()
        monkeypatch.undo()
        return cache.answer_many(*arguments)

    monkeypatch.setattr(cache, "answer_many", changed)
    running.consumer.turn()
    running.consumer.turn()
    versions = [json.loads(result.value)["model_info"]["version"] for result in source.published]
    assert versions == [first, first, running.member.releases.version]
    assert len(set(versions)) == 2


def test_a_poison_record_has_nobody_counted_or_tracked_twice(fake, record, parts, whole, monkeypatch):
    named, wrong = whole | {"customerID": "anna"}, whole | {"tenure": -1}
    source = fake([record(named), record(wrong, 1), record(wrong, 2, reasons=b"1"), record(whole, 3, reasons=b"1")])
    running = parts(source)
    member, answer_many = running.member, running.member.cache.answer_many

    def poisoned(serving, readings, reasons):
        if reasons and readings:
            raise ZeroDivisionError
        return answer_many(serving, readings, reasons)

    monkeypatch.setattr(member.cache, "answer_many", poisoned)
    member.answered.open()
    running.consumer.turn()
    assert [result.topic for result in source.published] == [PREDICTIONS, REFUSED, REFUSED, REFUSED]
    assert [json.loads(result.value)["error_type"] for result in source.published[1:]] == [
        "ValidationError",
        "ValidationError",
        "UnreadableRecord",
    ]
    taken = member.answered.take()
    assert [answered.ids for answered in taken.answered] == [["anna"]]
    assert taken.refusals.refused == 2
    answers = [member.metrics.predictions.labels("stream", answer)._value.get() for answer in ("No", "Yes")]
    assert sum(answers) == 1
    assert member.metrics.validation_errors.labels("tenure", "out_of_range")._value.get() == 2


def test_a_batch_that_takes_too_long_is_followed_by_one_of_half_its_size(fake, record, parts, whole):
    ticks = iter(range(0, 10_000, 6))
    source = fake(*[[record(whole, place)] for place in range(3)])
    running = parts(source, clock=lambda: next(ticks))
    running.consumer._adapt(loop.LONG_SECONDS + 1)
    running.consumer._adapt(loop.LONG_SECONDS + 1)
    running.consumer.turn()
    assert source.calls[0] == "poll 125"
    for _ in range(5):
        running.consumer._adapt(0.1)
    source.calls.clear()
    running.consumer.turn()
    assert source.calls[0] == "poll 500"


def test_what_keeps_a_source_from_consuming_keeps_the_heart_from_beating(fake, parts, caplog):
    source = fake()
    source.told = "No broker answers; check the address."
    running = parts(source)
    running.consumer.turn()
    running.consumer.turn()
    assert not running.beat.exists()
    assert caplog.text.count("No broker answers; check the address.") == 1
    source.told = None
    running.consumer.turn()
    assert running.beat.exists()
    assert running.member.stream_metrics.lag._value.get() == 7


class Clock:
    """Seconds that a test moves on."""

    now = 0.0

    def __call__(self):
        return self.now


def test_outcomes_wait_for_the_store_and_predictions_go_on(fake, record, parts, whole, monkeypatch):
    outcome = {"customerID": "7590-VHVEG", "left_at": "2026-11-03"}
    source = fake(
        [record(outcome, topic=OUTCOMES)],
        [record(whole, 1)],
        [record(outcome, 1, topic=OUTCOMES)],
    )
    clock = Clock()
    running = parts(source, clock=clock)
    put = running.member.store.put
    monkeypatch.setattr(type(running.member.store), "put", lambda *_, **__: (_ for _ in ()).throw(AWAY))
    running.consumer.turn()
    clock.now += gathering.GATHER_SECONDS
    running.consumer.turn()
    assert source.paused == {OUTCOMES}
    assert len(source.published) == 1
    assert [each.topic for each in source.committed] == [CUSTOMERS]
    running.consumer.turn()
    assert len(source.batches) == 1  # more outcomes are not read
    monkeypatch.undo()
    assert running.member.store.put == put
    clock.now += gathering.AGAIN_SECONDS
    running.consumer.turn()
    assert source.paused == set()
    assert [each.topic for each in source.committed] == [CUSTOMERS, OUTCOMES]
    assert running.member.stream_metrics.records["outcome"]._value.get() == 1


def test_a_batch_of_outcomes_that_could_not_be_written_waits_longer_each_time(fake, record, parts, monkeypatch):
    source = fake([record({"customerID": "7590-VHVEG", "left_at": "2026-11-03"}, topic=OUTCOMES)])
    clock = Clock()
    running = parts(source, clock=clock, stream_batch_rows=1)
    tries: list[float] = []

    def put(*_, **__):
        tries.append(clock.now)
        raise AWAY

    monkeypatch.setattr(type(running.member.store), "put", put)
    for _ in range(60):
        running.consumer.turn()
        clock.now += 1
    assert tries == [0, 5, 15, 35]


def test_outcomes_of_a_partition_that_is_lost_are_left_to_others(fake, record, parts):
    outcome = {"customerID": "7590-VHVEG", "left_at": "2026-11-03"}
    source = fake([record(outcome, topic=OUTCOMES, partition=1)])
    clock = Clock()
    running = parts(source, clock=clock)
    running.consumer.turn()
    source.lost = {1}
    clock.now += gathering.GATHER_SECONDS
    running.consumer.turn()
    assert source.committed == []
    assert list(running.store.list("tracking/outcomes/")) == []


def test_outcomes_that_were_gathered_are_written_before_the_end(fake, record, parts):
    outcome = {"customerID": "7590-VHVEG", "left_at": "2026-11-03"}
    source = fake([record(outcome, topic=OUTCOMES)])
    told = iter([False, True])
    running = parts(source, stopping=lambda: next(told, True))
    running.consumer.run()
    assert len(source.committed) == 1
    assert len(list(open_store(running.member.settings.store_url).list("tracking/outcomes/"))) == 1
    assert source.calls[-1] == "close"
