"""How many records wait, by what librdkafka tells of each partition."""

import json

import pytest

from churn_api.streaming.kafka_state import State

UNKNOWN = -1001


@pytest.mark.parametrize(
    ("read", "committed", "first", "end", "waiting"),
    [
        (UNKNOWN, UNKNOWN, 0, 0, 0),
        (UNKNOWN, UNKNOWN, 0, 7, 7),
        (UNKNOWN, UNKNOWN, 1_000, 1_007, 7),
        (UNKNOWN, 5, 0, 7, 2),
        (7, 5, 0, 7, 0),
        (UNKNOWN, UNKNOWN, UNKNOWN, 7, 7),
    ],
    ids=["empty", "never read", "never read, begun late", "committed", "read to its end", "just assigned"],
)
def test_a_partition_has_as_many_waiting_records_as_lie_behind_the_last_one_read(read, committed, first, end, waiting):
    partition = {"app_offset": read, "committed_offset": committed, "lo_offset": first, "ls_offset": end}
    topics = {"churn.customers": {"partitions": {"0": partition | {"desired": True}}}}
    state = State()
    state.take_statistics(json.dumps({"brokers": {}, "topics": topics}))
    assert state.lag().records == waiting
