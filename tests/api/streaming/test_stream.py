"""A member between real topics: what goes in, and what comes out."""

import time

import pytest

from churn_api.predictions import judging
from churn_api.streaming import scoring

CUSTOMERS, PREDICTIONS, REFUSED = "churn.customers", "churn.predictions", "churn.refused"

# What two answers to the same question may differ in.
OWN = ("timestamp", "cached", "model_info", "request_id")


@pytest.fixture(scope="module")
def running(topics, start):
    return start()


@pytest.fixture
def send(topics, running):
    del running
    return lambda *values, **others: topics.send(CUSTOMERS, *values, **others)


def same(answer, expected):
    """Whether two answers tell the same; a table is computed in another order than a single customer."""
    assert [name in answer for name in OWN] == [name in expected for name in OWN]
    kept = [{name: value for name, value in told.items() if name not in OWN} for told in (answer, expected)]
    for told in kept:
        for name in ("churn_probability", "no_churn_probability", "confidence"):
            if name in told:
                told[name] = round(told[name], 12)
    assert kept[0] == kept[1]


def test_an_answer_is_that_of_predict_and_names_its_record(topics, send, client, whole):
    (key,) = send(whole, key=whole["customerID"], partition=2)
    (answer,) = topics.results(PREDICTIONS, [key])
    assert answer.pop("source") == {"topic": CUSTOMERS, "partition": 2, "offset": int(key[2:])}
    same(answer, client.post("/predict?reasons=none", json=whole).get_json())


@pytest.mark.parametrize("reasons", ["0", "3", "all", "none"])
def test_a_header_asks_for_reasons_as_the_parameter_does(topics, send, client, whole, partial, reasons):
    keys = [send(customer, headers={"reasons": reasons.encode()})[0] for customer in (whole, partial)]
    for answer, customer in zip(topics.results(PREDICTIONS, keys), (whole, partial), strict=True):
        del answer["source"]
        same(answer, client.post(f"/predict?reasons={reasons}", json=customer).get_json())


def test_a_refused_record_has_the_errors_of_http_and_names_itself(topics, send, client, whole):
    broken = whole | {"tenure": 500, "Contract": "Weekly", "Salary": 1}
    (key,) = send(broken, partition=1)
    (answer,) = topics.results(REFUSED, [key])
    assert answer.pop("source") == {"topic": CUSTOMERS, "partition": 1, "offset": int(key[2:])}
    assert answer["request_id"] == f"{CUSTOMERS}-{key}"
    same(answer, client.post("/predict", json=broken).get_json())


def test_a_number_of_reasons_that_is_none_is_refused_as_by_http(topics, send, client, whole):
    (key,) = send(whole, headers={"reasons": b"many"})
    (answer,) = topics.results(REFUSED, [key])
    assert answer.pop("source")
    same(answer, client.post("/predict?reasons=many", json=whole).get_json())


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"\x00\x00\x00\x00\x2a\x06Ann", "The record's value is not"),
        (b'{"tenure": 1', "The record's value is not JSON"),
        (b"", "The record's value is empty"),
        (b"42", "1 field needs attention."),
        (b'["order", 7]', "1 field needs attention."),
        (b'{"event": "order.created", "id": 7}', "fields need attention."),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "1 field needs attention."),
        (b'{"note": "' + b"x" * 900_000 + b'"}', "1 field needs attention."),
    ],
    ids=["avro", "half", "empty", "number", "array", "event", "deep", "900 KB"],
)
def test_another_programs_record_is_refused_alone(topics, send, whole, value, words):
    before, key, after = send(whole, value, whole)
    assert all(answer["success"] for answer in topics.results(PREDICTIONS, [before, after]))
    (answer,) = topics.results(REFUSED, [key])
    assert words in answer["error"]


def test_what_is_too_large_says_how_much_a_customer_takes(topics, send):
    (key,) = send(b'{"note": "' + b"x" * 900_000 + b'"}')
    (answer,) = topics.results(REFUSED, [key])
    assert "64 KiB" in answer["errors"][0]["message"]


def test_a_tombstone_is_counted_and_has_no_result(topics, send, running, whole, eventually):
    before = running.count("tombstone")
    tombstone, customer = send(None, whole, key=whole["customerID"], partition=3)
    assert topics.results(PREDICTIONS, [customer])
    eventually(lambda: running.count("tombstone") == before + 1)
    for topic in (PREDICTIONS, REFUSED):
        messages = topics.read(topic, lambda messages: len(messages) > 0)
        assert tombstone.encode() not in [message.key() for message in messages]


def test_a_poison_record_is_refused_alone_and_the_log_has_its_id(topics, send, whole, monkeypatch, caplog):
    def judge(parts, serving, customers, *others):
        if any(customer.get("customerID") == "poison" for customer in customers):
            raise ZeroDivisionError("secret")
        return judging.judge(parts, serving, customers, *others)

    monkeypatch.setattr(scoring, "judge", judge)
    before, key, after = send(whole, whole | {"customerID": "poison"}, whole)
    assert topics.results(PREDICTIONS, [before, after])
    (answer,) = topics.results(REFUSED, [key])
    assert answer["error_type"] == "UnreadableRecord"
    assert f"{CUSTOMERS}-{key}" in caplog.text
    assert "secret" not in caplog.text


def test_results_of_a_partition_keep_the_order_of_its_records(topics, send, whole):
    keys = send(*(whole | {"tenure": months} for months in range(1, 60)), partition=2)
    messages = topics.read(PREDICTIONS, lambda found: {key.encode() for key in keys} <= {each.key() for each in found})
    mine = [message for message in messages if (message.key() or b"").decode() in keys]
    assert {message.partition() for message in mine} == {2}
    assert [(message.key() or b"").decode() for message in mine] == keys


def test_predictions_are_counted_and_tracked_as_a_streams(topics, send, running, whole):
    customer = whole | {"customerID": "tracked-one"}
    topics.results(PREDICTIONS, send(customer))
    text = running.member.metrics.text("")[0].decode()
    assert 'churn_predictions_total{prediction="Yes",source="stream"}' in text
    running.member.recorder.turn()
    held = b"".join(part.data for part in running.member.recorder._outbox._parts)
    assert b'"source":"stream"' in held
    assert b"tracked-one" in held


def test_the_heart_beats_while_records_are_consumed(running, eventually):
    eventually(running.heartbeat.exists)
    assert running.member.stream_metrics.consuming._value.get() == 1


def test_lag_falls_to_nothing(topics, send, running, whole, eventually):
    topics.results(PREDICTIONS, send(*[whole] * 50))
    eventually(lambda: running.member.stream_metrics.lag._value.get() == 0)
    assert running.member.stream_metrics.lag_seconds._value.get() < 60


def test_delay_and_duration_of_batches_are_counted(topics, send, running, whole):
    topics.results(PREDICTIONS, send(whole))
    time.sleep(0.1)
    text = running.member.metrics.text("")[0].decode()
    for name in ("churn_stream_batch_seconds_count", "churn_stream_delay_seconds_count"):
        assert any(float(line.split()[1]) > 0 for line in text.splitlines() if line.startswith(name)), name
