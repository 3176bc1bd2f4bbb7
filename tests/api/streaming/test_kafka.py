"""The source over Kafka: members come and go, topics and brokers are missing."""

import json
import time

import pytest
from confluent_kafka import KafkaError

from churn.errors import ConfigurationError
from churn_api.streaming import kafka as module
from churn_api.streaming.kafka import KafkaSource
from churn_api.streaming.kafka_state import State
from churn_api.streaming.records import Result
from churn_api.streaming.source import ResultTooLarge, SourceUnavailable

CUSTOMERS, OUTCOMES, PREDICTIONS, REFUSED = "churn.customers", "churn.outcomes", "churn.predictions", "churn.refused"
FAST = {"session.timeout.ms": 6000, "statistics.interval.ms": 200, "topic.metadata.refresh.interval.ms": 500}


@pytest.fixture
def connect(stream_settings):
    """A function that makes a source of a group."""
    sources = []

    def make(group, **others):
        source = KafkaSource(stream_settings(stream_group=group, **others), FAST)
        sources.append(source)
        return source

    yield make
    for source in sources:
        source.close()


def poll(source, enough, *, seconds=30):
    """All that is polled until it is enough."""
    found = []
    end = time.monotonic() + seconds
    while not enough(found):
        assert time.monotonic() < end, f"{len(found)} records, {source.trouble()}"
        found += source.poll(500, 0.1)
    return found


def test_a_record_comes_with_all_that_it_carries(topics, connect):
    topics.send(CUSTOMERS, b"value", key="key", partition=3, headers=[("reasons", b"1"), ("reasons", b"2")])
    topics.send(CUSTOMERS, None, key="key", partition=3)
    first, tombstone = poll(connect("all"), lambda found: len(found) == 2)
    assert first[:6] == (CUSTOMERS, 3, 0, b"key", b"value", {"reasons": b"2"})
    assert abs(first.timestamp - time.time()) < 60
    assert (tombstone.value, tombstone.id) == (None, "3-1")


def test_what_was_committed_is_not_read_again_and_what_was_not_is(topics, connect):
    topics.send(CUSTOMERS, *[b"%d" % number for number in range(10)], partition=1)
    source = connect("again")
    records = [record for record in poll(source, lambda found: len(found) >= 10) if record.partition == 1]
    source.commit(records[:4])
    source.close()
    again = connect("again")
    found = poll(again, lambda found: len([record for record in found if record.partition == 1]) >= 6)
    assert [record.offset for record in found if record.partition == 1] == [record.offset for record in records[4:]]


def test_a_second_member_takes_over_half_of_each_topic_and_the_rest_when_the_first_leaves(topics, connect):
    first = connect("two")
    poll(first, lambda _: len(first._owned) == 8)
    second = connect("two")
    end = time.monotonic() + 30
    while (len(first._owned), len(second._owned)) != (4, 4):
        assert time.monotonic() < end
        first.poll(1, 0.05), second.poll(1, 0.05)
    assert first._owned | second._owned == {(topic, number) for topic in (CUSTOMERS, OUTCOMES) for number in range(4)}
    assert [len([place for place in first._owned if place[0] == topic]) for topic in (CUSTOMERS, OUTCOMES)] == [2, 2]
    first.close()
    poll(second, lambda _: len(second._owned) == 8)


def test_a_member_owns_no_record_of_a_partition_that_went_to_another(topics, connect, record):
    first, second = connect("own"), None
    poll(first, lambda _: len(first._owned) == 8)
    before = set(first._owned)
    second = connect("own")
    end = time.monotonic() + 30
    while len(first._owned) > 4:
        assert time.monotonic() < end
        first.poll(1, 0.05), second.poll(1, 0.05)
    (topic, number), *_ = before - first._owned
    assert not first.owns(record(b"", topic=topic, partition=number))
    assert all(first.owns(record(b"", topic=topic, partition=number)) for topic, number in first._owned)


def test_a_paused_topic_is_not_read_until_it_is_resumed_at_the_same_record(topics, connect):
    source = connect("pause")
    poll(source, lambda _: len(source._owned) == 8)
    source.pause(OUTCOMES)
    topics.send(OUTCOMES, b"1", b"2")
    topics.send(CUSTOMERS, b"3")
    assert OUTCOMES not in {
        record.topic for record in poll(source, lambda found: b"3" in [each.value for each in found])
    }
    source.resume(OUTCOMES)
    found = poll(source, lambda found: len([record for record in found if record.topic == OUTCOMES]) >= 2)
    assert [record.value for record in found if record.topic == OUTCOMES] == [b"1", b"2"]


def test_a_partition_that_was_paused_when_it_was_lost_is_read_when_it_comes_back(topics, connect):
    first = connect("back")
    poll(first, lambda _: len(first._owned) == 8)
    first.pause(CUSTOMERS)
    second = connect("back")
    end = time.monotonic() + 30
    while (len(first._owned), len(second._owned)) != (4, 4):
        assert time.monotonic() < end
        first.poll(1, 0.05), second.poll(1, 0.05)
    first.resume(CUSTOMERS)
    second.close()
    poll(first, lambda _: len(first._owned) == 8)
    for number in range(4):
        topics.send(CUSTOMERS, b"back", partition=number)
    poll(first, lambda found: {record.partition for record in found if record.value == b"back"} == {0, 1, 2, 3})


def test_a_record_that_was_already_on_its_way_when_its_topic_was_paused_is_put_back(topics, connect, monkeypatch):
    """librdkafka may hand out a record that it had fetched before; here it is one that is polled before the pause."""
    source = connect("put back")
    poll(source, lambda _: len(source._owned) == 8)
    first, second = topics.send(CUSTOMERS, b"put back", b"put back", partition=2)
    handed = []

    def pause_first(messages):
        if not handed and (mine := [each for each in messages if each.value() == b"put back"]):
            source.pause(CUSTOMERS)
            handed.extend(mine)
        return kept(messages)

    kept = source._kept
    monkeypatch.setattr(source, "_kept", pause_first)
    end = time.monotonic() + 30
    while not handed:
        assert time.monotonic() < end
        assert b"put back" not in {record.value for record in source.poll(500, 0.1)}
    assert CUSTOMERS not in {record.topic for _ in range(10) for record in source.poll(500, 0.1)}
    source.resume(CUSTOMERS)
    found = poll(source, lambda found: second in [record.id for record in found])
    assert [record.id for record in found if record.value == b"put back"] == [first, second]


def test_a_topic_that_is_paused_before_its_partitions_are_assigned_is_not_read(topics, connect):
    topics.send(OUTCOMES, b"early")
    topics.send(CUSTOMERS, b"early")
    source = connect("early")
    source.pause(OUTCOMES)
    assert OUTCOMES not in {record.topic for record in poll(source, lambda found: bool(found))}
    assert OUTCOMES not in {record.topic for _ in range(10) for record in source.poll(500, 0.1)}
    source.resume(OUTCOMES)
    found = poll(source, lambda found: (OUTCOMES, b"early") in {(each.topic, each.value) for each in found})
    offsets = [each.offset for each in found if (each.topic, each.partition) == (OUTCOMES, 0)]
    assert offsets == list(range(len(offsets)))


def test_results_go_where_their_records_came_from_and_replace_themselves(topics, connect, record):
    source = connect("publish")
    results = [Result(PREDICTIONS, record(b"", 900, partition=number), b'{"n": 1}', {}) for number in range(6)]
    source.publish(results)
    source.publish(results)
    messages = topics.read(PREDICTIONS, lambda found: len([each for each in found if b"-900" in each.key()]) >= 12)
    mine = [message for message in messages if b"-900" in (message.key() or b"")]
    assert {(message.key(), message.partition()) for message in mine} == {
        (b"%d-900" % number, number % 4) for number in range(6)
    }


def test_a_result_that_is_too_large_is_named_by_its_place(topics, connect, record):
    source = connect("large")
    values = (b"{}", b"x" * 2_000_000, b"{}")
    results = [Result(PREDICTIONS, record(b"", 800 + place), value, {}) for place, value in enumerate(values)]
    with pytest.raises(ResultTooLarge) as caught:
        source.publish(results)
    assert caught.value.places == {1}


def test_a_topic_for_results_that_is_missing_is_named_with_how_to_make_it(topics, connect, record):
    source = connect("missing", stream_predictions="not.there")
    with pytest.raises(SourceUnavailable, match=r"no topic not\.there\. Create with: .*--create --topic not\.there"):
        source.publish([Result("not.there", record(b""), b"{}", {})])
    assert "not.there" in source.trouble()


def test_topics_that_are_missing_are_named_and_read_once_they_are_there(topics, connect, monkeypatch):
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.2)
    source = connect("late", stream_customers="late.customers", stream_refused="late.refused")
    source.poll(1, 0.5)
    trouble = source.trouble()
    assert "no topics late.customers, late.refused." in trouble
    assert "--create --topic late.customers" in trouble
    topics.create("late.customers", "late.refused")
    topics.send("late.customers", b"1")
    poll(source, lambda found: "late.customers" in {record.topic for record in found})
    poll(source, lambda _: source.trouble() is None)


def test_a_source_consumes_once_it_has_a_place_in_its_group(topics, connect):
    source = connect("place")
    assert "just begun" in source.trouble()
    poll(source, lambda _: source.trouble() is None)
    assert source.lag().records is not None


def test_a_broker_that_is_away_is_named_and_not_by_hundreds_of_lines(stream_settings, free_port, caplog):
    source = KafkaSource(stream_settings(stream_url=f"kafka://127.0.0.1:{free_port()}"), FAST)
    try:
        poll(source, lambda _: "refused" in (source.trouble() or ""))
        assert "No broker of CHURN_STREAM_URL answers" in source.trouble()
        assert len(caplog.records) < 5
    finally:
        source.close()


def test_a_broker_that_goes_away_ends_the_consuming(tmp_path, stream_settings, record):
    from tests.api.streaming.conftest import Kafka

    kafka = Kafka()
    kafka.create(CUSTOMERS, OUTCOMES, PREDICTIONS, REFUSED)
    source = KafkaSource(stream_settings(stream_url=f"kafka://{kafka.address}"), FAST)
    poll(source, lambda _: source.trouble() is None)
    source.publish([Result(PREDICTIONS, record(b""), b"{}", {})])
    del kafka
    poll(source, lambda _: source.trouble() is not None)
    start = time.monotonic()
    with pytest.raises(SourceUnavailable):
        source.publish([Result(PREDICTIONS, record(b""), b"{}", {})])
    assert time.monotonic() - start < 15
    source.close()
    assert time.monotonic() - start < 25


def test_secrets_come_from_files(tmp_path, stream_settings, connect):
    told = {"stream_tls": True, "stream_sasl": "SCRAM-SHA-512", "stream_user": "churn"}
    with pytest.raises(ConfigurationError, match="CHURN_STREAM_PASSWORD_FILE"):
        KafkaSource(stream_settings(**told, stream_password_file=tmp_path / "none"))
    (tmp_path / "password").write_text("sesame\n")
    (tmp_path / "ca.pem").write_text("")
    settings = stream_settings(**told, stream_password_file=tmp_path / "password", stream_ca_file=tmp_path / "ca.pem")
    config = module.kafka_settings.connection(settings)
    assert config["security.protocol"] == "SASL_SSL"
    assert (config["sasl.username"], config["sasl.password"]) == ("churn", "sesame")
    assert config["ssl.ca.location"] == str(tmp_path / "ca.pem")


@pytest.mark.parametrize("name", ["ca_file", "certificate_file"])
def test_a_file_of_tls_that_cannot_be_read_is_named(tmp_path, stream_settings, name):
    settings = stream_settings(stream_tls=True, **{f"stream_{name}": tmp_path / "none.pem"})
    with pytest.raises(ConfigurationError, match=rf"CHURN_STREAM_{name.upper()} is .*none\.pem"):
        KafkaSource(settings)


def test_an_authority_that_is_none_is_a_fault_of_the_settings(tmp_path, stream_settings):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ConfigurationError, match=r"ssl\.ca\.location"):
        KafkaSource(stream_settings(stream_tls=True, stream_ca_file=tmp_path / "ca.pem"))


def test_what_the_user_may_not_do_is_told_until_a_record_comes():
    state = State()
    state.take_statistics(STATISTICS)
    assert state.trouble() is None
    state.fail(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))
    state.take_statistics(STATISTICS)
    assert "let the user read and write its topics" in state.trouble()
    state.saw([None])
    assert state.trouble() is None


STATISTICS = json.dumps(
    {
        "brokers": {"a:9092/1": {"nodeid": 1, "state": "UP"}},
        "cgrp": {"state": "up", "join_state": "steady"},
        "topics": {},
    }
)


def test_a_refused_login_is_told_in_the_same_words_each_time_since_the_log_has_each_trouble_once():
    state, told = State(), set()
    for milliseconds in (358, 393):
        words = f"SASL authentication error: invalid credentials (after {milliseconds}ms in state AUTH_REQ)"
        state.fail(KafkaError(KafkaError._AUTHENTICATION, words))
        told.add(state.trouble())
    assert len(told) == 1
    assert "invalid credentials): check CHURN_STREAM_SASL" in told.pop()
