"""Outcomes of a topic: by the rules of POST /outcomes, and each once in the table."""

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO

import polars as pl
import pytest

from churn.tracking import erasure, outcomes
from churn_api.streaming.outcomes import OutcomeIntake

TOPIC, REFUSED = "churn.outcomes", "churn.refused"


@pytest.fixture
def counted():
    return []


@pytest.fixture
def intake(store, counted):
    return OutcomeIntake(store, REFUSED, lambda: "customerID", counted.append)


@pytest.fixture
def rows(store):
    """A function that reads all that is in the table."""

    def read():
        keys = [entry.key for entry in store.list("tracking/outcomes/")]
        return pl.concat([pl.read_parquet(BytesIO(store.get(key).data)) for key in keys])

    return read


LEFT = {"customerID": "7590-VHVEG", "left_at": "2026-11-03"}


def test_an_outcome_is_in_the_table_as_it_was_told_and_when_it_was_sent(intake, record, rows, counted):
    told = record(LEFT | {"campaign": "spring", "accepted": True, "cost": "25"}, 41, topic=TOPIC)
    assert intake.take_in([told]) == []
    (row,) = rows().to_dicts()
    assert row["customer_id"] == "7590-VHVEG"
    assert (row["left_at"].isoformat(), row["campaign"], row["arm"], row["accepted"], row["cost"]) == (
        "2026-11-03",
        "spring",
        "treat",
        True,
        25.0,
    )
    assert row["received_at"].timestamp() == pytest.approx(told.timestamp, abs=1e-5)
    assert row["row"] == 41
    assert counted == [(1, 0)]


@pytest.mark.parametrize(
    ("told", "field", "code"),
    [
        ({"customerID": "7590-VHVEG"}, "left_at", "missing"),
        ({"left_at": "2026-11-03"}, "customerID", "missing"),
        (LEFT | {"stayed_until": "2026-11-04"}, "stayed_until", "contradiction"),
        (LEFT | {"left_at": "2999-01-01"}, "left_at", "out_of_range"),
        (LEFT | {"left_at": "soon"}, "left_at", "wrong_type"),
        (LEFT | {"cost": -1}, "cost", "out_of_range"),
        ([1], "outcomes", "wrong_type"),
        (LEFT | {"left on": "2026-11-03", "leftAt": "2026-11-03"}, "outcomes", "not_allowed"),
    ],
)
def test_a_refused_outcome_has_the_faults_of_http(intake, record, told, field, code):
    (result,) = intake.take_in([record(told, 3, topic=TOPIC)])
    body = json.loads(result.value)
    assert (result.topic, result.key) == (REFUSED, b"0-3")
    assert (field, code) in [(error["field"], error["code"]) for error in body["errors"]]
    assert body["source"] == {"topic": TOPIC, "partition": 0, "offset": 3}


@pytest.mark.parametrize(
    "value", [b"{", b"\xff\xfe", b'{"a": "' + b"x" * 900_000 + b'"}'], ids=["half", "bin", "900 KB"]
)
def test_what_is_no_outcome_is_refused_alone(intake, record, rows, value):
    (result,) = intake.take_in([record(LEFT, 0, topic=TOPIC), record(value, 1, topic=TOPIC)])
    assert result.key == b"0-1"
    assert rows().height == 1


def test_an_outcome_that_nobody_foresaw_is_refused_alone(intake, record, rows, monkeypatch):
    read = "churn_api.streaming.outcomes.read_outcome"
    from churn_api.jobs.csv.outcome_list import read_outcome

    def poisoned(outcome, *others):
        if outcome["customerID"] == "poison":
            raise ZeroDivisionError
        return read_outcome(outcome, *others)

    monkeypatch.setattr(read, poisoned)
    (result,) = intake.take_in([record(LEFT | {"customerID": "poison"}, topic=TOPIC), record(LEFT, 1, topic=TOPIC)])
    assert json.loads(result.value)["error_type"] == "UnreadableRecord"
    assert rows().height == 1


def test_what_is_taken_in_again_changes_nothing(intake, record, rows):
    records = [record(LEFT | {"customerID": f"c{number}"}, number, topic=TOPIC) for number in range(6)]
    intake.take_in(records)
    once = rows()
    intake.take_in(records)
    assert rows().equals(once)
    intake.take_in(records[2:])  # as after a crash between two commits
    assert rows().unique(maintain_order=True).height == once.height
    assert outcomes.fold(rows()).customers.sort("customer_id").equals(outcomes.fold(once).customers.sort("customer_id"))


@pytest.mark.parametrize("ends", [(2, 2), (9, 3)], ids=["the same last bits", "last bits that fall"])
def test_of_two_outcomes_of_kinesis_in_one_moment_the_later_one_counts(intake, record, rows, ends):
    moment, shard = datetime.now(UTC).timestamp(), "shardId-000000000000"
    numbers = [
        str((0x2054B6FFFE000000000000001D500054B7009A << 36) + (place << 36) + end) for place, end in enumerate(ends)
    ]
    told = [LEFT, {"customerID": LEFT["customerID"], "stayed_until": "2026-11-20"}]
    intake.take_in(
        [
            record(outcome, topic=TOPIC)._replace(partition=shard, offset=number, timestamp=moment)
            for outcome, number in zip(told, numbers, strict=True)
        ]
    )
    (customer,) = outcomes.fold(rows()).customers.to_dicts()
    assert (customer["left_at"], str(customer["stayed_until"])) == (None, "2026-11-20")


def test_partitions_and_months_have_files_of_their_own(store, record, rows):
    moment = datetime(2026, 12, 1, 0, 0, 1, tzinfo=UTC)
    intake = OutcomeIntake(store, REFUSED, lambda: "customerID", lambda _: None, lambda: moment)
    sent = [moment - timedelta(seconds=seconds) for seconds in (2, 0.5)]
    records = [
        record(LEFT, offset, topic=TOPIC, partition=partition)._replace(timestamp=when.timestamp())
        for partition in (0, 1)
        for offset, when in enumerate(sent)
    ]
    intake.take_in(records)
    assert sorted(entry.key for entry in store.list("tracking/outcomes/")) == [
        "tracking/outcomes/month=2026-11/stream-churn.outcomes-0-0-0.parquet",
        "tracking/outcomes/month=2026-11/stream-churn.outcomes-1-0-0.parquet",
        "tracking/outcomes/month=2026-12/stream-churn.outcomes-0-1-1.parquet",
        "tracking/outcomes/month=2026-12/stream-churn.outcomes-1-1-1.parquet",
    ]


@pytest.mark.parametrize("timestamp", [None, 0.0, 1e11], ids=["none", "1970", "year 5138"])
def test_a_timestamp_that_cannot_be_true_is_not_believed(store, record, rows, timestamp):
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    intake = OutcomeIntake(store, REFUSED, lambda: "customerID", lambda _: None, lambda: moment)
    intake.take_in([record(LEFT, topic=TOPIC)._replace(timestamp=timestamp)])
    assert rows()["received_at"].to_list() == [moment]


def test_what_was_sent_before_a_customer_was_erased_does_not_come_back(intake, store, record):
    erasure.ask(store, "7590-VHVEG", datetime.now(UTC))
    intake.take_in([record(LEFT, topic=TOPIC)])
    assert list(store.list("tracking/outcomes/")) == []


def test_a_tombstone_says_nothing(intake, record, store):
    assert intake.take_in([record(None, topic=TOPIC)]) == []
    assert list(store.list("tracking/outcomes/")) == []
