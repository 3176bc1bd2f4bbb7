"""The Kinesis source against a server: members share shards, and lose and repeat what they may and nothing else."""

import json
import time
from base64 import b64decode
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from churn.store.interface import ObjectStore
from churn.store.opening import open_store
from churn_api.streaming import kinesis_publishing
from churn_api.streaming.kinesis import KinesisSource
from churn_api.streaming.records import Record, Result
from churn_api.streaming.settings import StreamSettings
from churn_api.streaming.source import ResultTooLarge, SourceUnavailable
from scripts.kinesis_server import KinesisServer

REGION = "eu-central-1"
CUSTOMERS, PREDICTIONS = "churn.customers", "churn.predictions"
LEASE, CHECKPOINT = 30.0, 5.0


@pytest.fixture(scope="module")
def server() -> Iterator[KinesisServer]:
    with KinesisServer() as server:
        yield server


class Group:
    """Streams of a test, the members that read them, and the clock by which these live."""

    def __init__(self, server: KinesisServer, store: ObjectStore, store_url: str) -> None:
        self.server, self.store = server, store
        self.client = boto3.client("kinesis", REGION)
        self.settings = StreamSettings(stream_url=f"kinesis://{REGION}", store_url=store_url, tracking="off")
        self.now = 1000.0
        self._counts: dict[str, int] = {}

    def create(self, shards: int, name: str = CUSTOMERS) -> None:
        self.client.create_stream(StreamName=name, ShardCount=shards)

    def member(self, **changes: Any) -> KinesisSource:
        settings = self.settings.model_copy(update=changes)
        return KinesisSource(
            settings, self.store, lease_seconds=LEASE, checkpoint_seconds=CHECKPOINT, clock=lambda: self.now
        )

    def put(self, count: int, name: str = CUSTOMERS) -> list[bytes]:
        """Put records of ten customers; their values are in the order in which they were put."""
        first = self._counts.get(name, 0)
        self._counts[name] = first + count
        values = [json.dumps([f"c{number % 10}", number]).encode() for number in range(first, first + count)]
        records = [{"PartitionKey": json.loads(value)[0], "Data": value} for value in values]
        self.client.put_records(StreamName=name, Records=records)
        return values

    def poll(self, member: KinesisSource, seconds: float = 1.0, most: int = 500) -> list[Record]:
        """What a member polls after so many seconds."""
        self.now += seconds
        return member.poll(most, 0)

    def read(self, *members: KinesisSource, seconds: float = 25.0) -> list[Record]:
        """What these members read, and commit, within so many seconds."""
        records: list[Record] = []
        for _ in range(int(seconds)):
            self.now += 1.0
            for member in members:
                batch = member.poll(500, 0)
                member.commit(batch)
                records += batch
        return records

    def split(self, shard: int) -> None:
        found = self.server.stream(CUSTOMERS, REGION).shards[shard_id(shard)]
        middle = (found.starting_hash + found.ending_hash) // 2
        self.client.split_shard(StreamName=CUSTOMERS, ShardToSplit=shard_id(shard), NewStartingHashKey=str(middle))

    def merge(self, shard: int, other: int) -> None:
        self.client.merge_shards(
            StreamName=CUSTOMERS, ShardToMerge=shard_id(shard), AdjacentShardToMerge=shard_id(other)
        )

    def lease(self, shard: int) -> dict[str, Any]:
        held = json.loads(self.store.get(f"streams/churn/{CUSTOMERS}/{shard_id(shard)}.json").data)
        assert isinstance(held, dict)
        return held


def nothing(_: Any) -> None:
    """Nothing is refused, and nothing done."""


def shard_id(number: int) -> str:
    return f"shardId-{number:012d}"


@pytest.fixture
def group(server: KinesisServer, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: Any) -> Iterator[Group]:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    url = f"file://{tmp_path_factory.mktemp('store')}"
    group = Group(server, open_store(url), url)
    yield group
    server.faults.clear()
    server.refuses = nothing
    for name in group.client.list_streams()["StreamNames"]:
        group.client.delete_stream(StreamName=name)


def values(records: list[Record]) -> list[bytes]:
    return [record.value or b"" for record in records]


def orders(records: list[Record]) -> dict[str, list[int]]:
    """The numbers of each customer's records, in the order in which they were read."""
    found: dict[str, list[int]] = {}
    for record in records:
        name, number = json.loads(record.value or b"")
        found.setdefault(name, []).append(number)
    return found


def in_order(records: list[Record]) -> bool:
    return all(numbers == sorted(set(numbers)) for numbers in orders(records).values())


def test_a_record_is_told_by_its_stream_its_shard_and_its_sequence_number(group: Group) -> None:
    group.create(1)
    answer = group.client.put_record(StreamName=CUSTOMERS, PartitionKey="c1", Data=b"{}")
    (record,) = group.poll(group.member())
    assert (record.topic, record.partition, record.offset) == (CUSTOMERS, shard_id(0), answer["SequenceNumber"])
    assert record.id == f"{shard_id(0)}-{answer['SequenceNumber']}"
    assert (record.key, record.value, record.headers) == (b"c1", b"{}", {})
    assert record.timestamp is not None


def test_a_record_without_data_is_a_tombstone(group: Group) -> None:
    group.create(1)
    group.client.put_record(StreamName=CUSTOMERS, PartitionKey="c1", Data=b"")
    (record,) = group.poll(group.member())
    assert record.value is None


def test_reading_begins_at_the_oldest_record_and_goes_on_where_a_member_has_left(group: Group) -> None:
    group.create(2)
    before = group.put(30)
    first = group.member()
    assert sorted(values(group.read(first))) == sorted(before)
    first.close()
    after = group.put(20)
    records = group.read(group.member())
    assert sorted(values(records)) == sorted(after)
    assert in_order(records)


def test_what_was_polled_and_not_committed_is_read_again_by_the_next_member(group: Group) -> None:
    group.create(1)
    put = group.put(10)
    first = group.member()
    records = group.poll(first)
    first.commit(records[:4])
    first.close()
    assert values(group.read(group.member())) == put[4:]


def test_never_more_is_polled_than_was_asked_for(group: Group) -> None:
    group.create(3)
    put = group.put(50)
    member = group.member()
    sizes: list[int] = []
    found: list[Record] = []
    while len(found) < len(put):
        group.now += 1
        batch = member.poll(7, 0.1)
        sizes.append(len(batch))
        found += batch
    assert max(sizes) == 7
    assert sorted(values(found)) == sorted(put)


def test_checkpoints_are_written_now_and_then_and_not_with_every_batch(group: Group) -> None:
    group.create(1)
    member = group.member()
    group.poll(member)
    turn = group.lease(0)["turn"]
    for _ in range(8):
        group.put(1)
        member.commit(group.poll(member, seconds=0.5))
    assert group.lease(0)["turn"] == turn
    group.poll(member, seconds=CHECKPOINT)
    assert (group.lease(0)["turn"], group.lease(0)["position"] is None) == (turn + 1, False)


def test_members_share_the_shards_of_all_streams_without_reading_anything_twice(group: Group) -> None:
    group.create(3)
    group.create(1, "churn.outcomes")
    first, second = group.member(tracking="on"), group.member(tracking="on")
    put = group.put(40)
    records = group.read(first, seconds=5)
    for _ in range(4):
        put += group.put(40) + group.put(5, "churn.outcomes")
        records += group.read(first, second, seconds=10)
    assert sorted(values(records)) == sorted(put)
    assert in_order([record for record in records if record.topic == CUSTOMERS])
    group.put(40)
    group.put(1, "churn.outcomes")
    parts = [
        {(record.topic, record.partition) for record in group.read(member, seconds=3)} for member in (first, second)
    ]
    assert list(map(len, parts)) == [2, 2]
    assert not parts[0] & parts[1]


def test_a_member_more_than_there_are_shards_consumes_nothing_and_has_no_trouble(group: Group) -> None:
    group.create(1)
    first, second = group.member(), group.member()
    group.poll(first)
    assert group.read(second) == []
    assert second.trouble() is None
    assert second.lag().seconds == 0.0


def test_the_shards_of_a_dead_member_are_taken_over_once_its_lease_is_over(group: Group) -> None:
    group.create(2)
    put = group.put(20)
    dead, other = group.member(), group.member()
    group.poll(dead)
    assert group.read(other, seconds=LEASE - 5) == []
    records = group.read(other, seconds=20)
    assert sorted(values(records)) == sorted(put)


def test_a_member_that_lost_its_lease_owns_nothing_and_commits_nothing(group: Group) -> None:
    group.create(1)
    put = group.put(10)
    late, other = group.member(), group.member()
    records = group.poll(late)
    assert all(late.owns(record) for record in records)
    group.poll(other)
    group.now += LEASE
    assert not any(late.owns(record) for record in records)
    assert values(group.read(other)) == put
    position = group.lease(0)["position"]
    late.commit(records[:3])
    assert group.read(late) == []
    assert group.lease(0)["position"] == position


def test_what_a_member_held_back_while_its_lease_ran_out_is_polled_again(group: Group) -> None:
    group.create(1)
    put = group.put(10)
    member = group.member()
    records = group.poll(member)
    group.now += LEASE
    assert not any(member.owns(record) for record in records)
    assert values(group.read(member)) == put


def test_a_commit_of_what_was_polled_before_the_lease_was_lost_says_nothing_about_what_is_read_since(
    group: Group,
) -> None:
    group.create(1)
    put = group.put(10)
    member = group.member()
    records = group.poll(member)
    group.now += LEASE
    assert group.poll(member, most=3)
    member.commit(records)
    member.close()
    assert values(group.read(group.member())) == put[3:]


def test_a_shard_is_not_handed_over_while_records_of_it_are_not_done(group: Group) -> None:
    group.create(2)
    put = group.put(30)
    first, second = group.member(), group.member()
    records = group.poll(first) + group.poll(first)
    for _ in range(20):
        group.poll(second)
        assert group.poll(first) == []
    assert all(first.owns(record) for record in records)
    first.commit(records)
    put += group.put(30)
    records += group.read(first, second)
    assert sorted(values(records)) == sorted(put)
    assert {group.lease(shard)["owner"] for shard in (0, 1)} != {group.lease(0)["owner"]}


def test_the_order_of_each_customer_holds_over_splits_and_merges(group: Group) -> None:
    group.create(1)
    members = group.member(), group.member()
    put = group.put(50)
    records = group.read(*members, seconds=2)
    group.split(0)
    put += group.put(50)
    group.merge(1, 2)
    put += group.put(50)
    group.split(3)
    put += group.put(50)
    records += group.read(*members, seconds=90)
    assert sorted(values(records)) == sorted(put)
    assert in_order(records)
    assert all(group.lease(shard)["is_finished"] for shard in range(4))
    assert not any(group.lease(shard)["is_finished"] for shard in (4, 5))


def test_a_shard_waits_for_the_one_it_came_of_even_while_another_member_reads_that(group: Group) -> None:
    group.create(1)
    put = group.put(10)
    group.split(0)
    put += group.put(10)
    slow, other = group.member(), group.member()
    batch = group.poll(slow)
    for _ in range(20):
        assert group.poll(other) == []
        group.poll(slow)
    slow.commit(batch)
    records = batch + group.read(slow, other)
    assert sorted(values(records)) == sorted(put)
    assert in_order(records)


def test_leases_of_shards_that_are_no_more_are_forgotten(group: Group) -> None:
    group.create(1)
    member = group.member()
    group.put(10)
    group.split(0)
    group.read(member)
    assert group.lease(0)["is_finished"]
    del group.server.stream(CUSTOMERS, REGION).shards[shard_id(0)]
    group.read(member)
    assert [entry.key.split("/")[-1] for entry in group.store.list("streams/")] == [
        f"{shard_id(shard)}.json" for shard in (1, 2)
    ]


def test_records_that_expired_unread_stop_nothing_and_are_told(group: Group, caplog: pytest.LogCaptureFixture) -> None:
    group.create(1)
    group.put(10)
    group.split(0)
    after = group.put(10)
    member = group.member()
    group.poll(member, most=3)
    del group.server.stream(CUSTOMERS, REGION).shards[shard_id(0)]
    member.commit([])
    group.now += LEASE  # what was polled is not this member's any more
    assert sorted(values(group.read(member, seconds=60))) == sorted(after)
    assert "records expired unread" in caplog.text
    assert member.trouble() is None


def test_an_iterator_that_expired_is_renewed(group: Group) -> None:
    group.create(1)
    member = group.member()
    put = group.put(10)
    assert values(group.read(member, seconds=2)) == put
    group.server.faults["GetRecords"] = deque(["ExpiredIteratorException"])
    put = group.put(10)
    asked = group.server.asked["GetShardIterator"]
    assert group.poll(member) == []
    assert values(group.poll(member, seconds=0)) == put
    assert group.server.asked["GetShardIterator"] == asked + 1
    assert member.trouble() is None


def test_a_reader_that_asks_too_often_waits_longer_each_time_and_has_no_trouble(group: Group) -> None:
    group.create(1)
    member = group.member()
    put = group.put(10)
    faults = group.server.faults["GetRecords"] = deque(["ProvisionedThroughputExceededException"] * 5)
    waits = []
    while faults:
        left, since = len(faults), group.now
        while len(faults) == left:
            assert group.poll(member, seconds=0.1) == []
            assert member.trouble() is None
        waits.append(group.now - since)
    assert waits[-1] > 2 * waits[1]
    assert values(group.read(member, seconds=10)) == put


@pytest.mark.parametrize(
    ("operation", "code", "remedy"),
    [
        ("ListShards", "AccessDeniedException", "Let this service's role do it, as docs/streams.md says."),
        ("GetRecords", "AccessDeniedException", "Let this service's role do it, as docs/streams.md says."),
        ("GetRecords", "InternalFailureException", "It is tried again."),
        ("GetShardIterator", "InvalidArgumentException", "delete the checkpoints of the old one"),
        ("ListShards", "UnrecognizedClientException", "Check the credentials in AWS's variables."),
    ],
)
def test_a_refusal_is_a_trouble_with_its_remedy_until_it_is_over(
    group: Group, operation: str, code: str, remedy: str
) -> None:
    group.create(1)
    put = group.put(10)
    group.server.faults[operation] = deque([code] * 2)
    member = group.member()
    assert group.poll(member) == []
    trouble = member.trouble()
    assert trouble is not None
    assert remedy in trouble
    assert values(group.read(member, seconds=20)) == put
    assert member.trouble() is None


def test_a_stream_that_is_missing_is_named_and_stops_no_other_one(group: Group) -> None:
    group.create(1)
    put = group.put(10)
    member = group.member(tracking="on")
    assert values(group.read(member)) == put
    assert member.trouble() == (
        "There is no stream churn.outcomes; create it: aws kinesis create-stream --stream-name churn.outcomes."
    )
    group.create(1, "churn.outcomes")
    more = group.put(3, "churn.outcomes")
    assert values(group.read(member)) == more
    assert member.trouble() is None


def test_a_store_that_is_away_stops_reading_once_the_lease_is_over_and_nothing_is_lost(
    group: Group, tmp_path_factory: Any
) -> None:
    group.create(1)
    member = group.member()
    put = group.put(5)
    records = group.read(member, seconds=3)
    root = tmp_path_factory.getbasetemp() / group.settings.store_url.removeprefix("file://")
    away = root.with_name(f"{root.name}-away")
    root.rename(away)
    put += group.put(5)
    records += group.read(member, seconds=LEASE + 10)
    put += group.put(5)
    assert group.read(member, seconds=10) == []
    assert "is not available" in (member.trouble() or "")
    away.rename(root)
    records += group.read(member, seconds=20)
    assert set(values(records)) == set(put)
    assert member.trouble() is None


def test_a_checkpoint_that_is_spoilt_is_a_trouble_and_never_a_new_beginning(group: Group) -> None:
    group.create(1)
    member = group.member()
    group.put(5)
    group.read(member)
    member.close()
    key = f"streams/churn/{CUSTOMERS}/{shard_id(0)}.json"
    group.store.put(key, b"[1", content_type="application/json")
    other = group.member()
    assert group.read(other) == []
    assert "cannot be read; delete the object" in (other.trouble() or "")
    group.store.delete([key])
    assert len(group.read(other)) == 5


def test_a_paused_stream_is_read_from_where_it_was_left_while_its_lease_is_kept(group: Group) -> None:
    group.create(1)
    member = group.member()
    put = group.put(5)
    assert values(group.read(member, seconds=3)) == put
    member.pause(CUSTOMERS)
    put = group.put(5)
    assert group.read(member, seconds=2 * LEASE) == []
    member.resume(CUSTOMERS)
    assert values(group.poll(member)) == put


def test_lag_is_told_in_seconds_of_the_shard_that_is_furthest_behind(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    group.create(1)
    member = group.member()
    group.put(2)
    first, last = group.server.stream(CUSTOMERS, REGION).shards[shard_id(0)].records.values()
    last.created_at = first.created_at + 12
    group.poll(member, most=1)
    assert member.lag() == (None, pytest.approx(12, abs=0.01))
    group.poll(member, most=1)
    assert member.lag() == (None, 0.0)


def published(group: Group, count: int, publish: Callable[[list[Result]], None], size: int = 10) -> list[Result]:
    group.create(2)
    group.create(3, PREDICTIONS)
    for _ in range(count // 450):
        group.put(450)
    group.put(count % 450)
    records = group.read(group.member(), seconds=5)
    results = [Result(PREDICTIONS, record, b"x" * size, {}) for record in records]
    publish(results)
    return results


def stored(group: Group) -> dict[str, str]:
    """The results in their stream: the shard by the key."""
    shards = group.server.stream(PREDICTIONS, REGION).shards.values()
    return {record.partition_key: shard.shard_id for shard in shards for record in shard.records.values()}


def test_results_are_put_under_the_records_id_and_those_of_a_customer_into_one_shard(group: Group) -> None:
    results = published(group, 100, lambda results: group.member().publish(results))
    found = stored(group)
    assert found.keys() == {result.record.id for result in results}
    homes = {(result.record.key, found[result.key.decode()]) for result in results}
    assert len(homes) == len({result.record.key for result in results}) == 10


@pytest.mark.parametrize(("count", "size", "requests"), [(500, 10, 1), (501, 10, 2), (45, 400_000, 4)])
def test_results_are_put_by_as_few_requests_as_the_limits_allow(
    group: Group, monkeypatch: pytest.MonkeyPatch, count: int, size: int, requests: int
) -> None:
    results = published(group, count, nothing, size)
    asked: list[str] = []
    monkeypatch.setattr(group.server, "loses", asked.append)
    group.member().publish(results)
    assert len(asked) == requests
    assert len(stored(group)) == count


def test_what_was_not_taken_is_put_again_with_what_must_come_after_it(group: Group) -> None:
    turns = iter(range(10_000))
    group.server.refuses = lambda key: key.startswith("shardId") and next(turns) % 3 == 0
    results = published(group, 60, lambda results: group.member().publish(results))
    shards = group.server.stream(PREDICTIONS, REGION).shards.values()
    last = {key: place for shard in shards for place, key in enumerate(r.partition_key for r in shard.records.values())}
    for name in {result.record.key for result in results}:
        places = [last[result.key.decode()] for result in results if result.record.key == name]
        assert places == sorted(places)


def test_what_is_never_taken_is_told_after_a_while_and_can_be_published_again(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinesis_publishing, "_PATIENCE", 0.3)
    group.server.refuses = lambda key: key.startswith("shardId") and key.endswith("8")
    results: list[Result] = []
    with pytest.raises(SourceUnavailable, match="give it more shards"):
        published(group, 100, lambda made: (results.extend(made), group.member().publish(made))[1])
    group.server.refuses = nothing
    group.member().publish(results)
    assert len(stored(group)) == 100


def test_a_result_stream_that_is_missing_is_named(group: Group) -> None:
    record = Record(CUSTOMERS, shard_id(0), "1", b"c1", b"{}", {}, None)
    with pytest.raises(SourceUnavailable, match=r"There is no stream churn\.predictions; create it"):
        group.member().publish([Result(PREDICTIONS, record, b"{}", {})])


def test_results_that_kinesis_will_never_take_are_named_by_their_places(group: Group) -> None:
    record = Record(CUSTOMERS, shard_id(0), "1", b"c1", b"{}", {}, None)
    results = [Result(PREDICTIONS, record, b"x" * size, {}) for size in (10, 1 << 20, 20, (1 << 20) - 22)]
    with pytest.raises(ResultTooLarge) as refused:
        group.member().publish(results)
    assert refused.value.places == {1}


def test_a_member_answers_customers_and_takes_outcomes_in(group: Group, start: Any, whole: Any) -> None:
    group.create(2)
    for name in ("churn.outcomes", PREDICTIONS, "churn.refused"):
        group.create(1, name)
    told = {"customerID": whole["customerID"], "left_at": "2026-01-01"}
    for name, data in ((CUSTOMERS, json.dumps(whole)), (CUSTOMERS, "{"), ("churn.outcomes", json.dumps(told))):
        group.client.put_record(StreamName=name, PartitionKey=whole["customerID"], Data=data.encode())
    settings = group.settings.model_copy(update={"tracking": "on"})
    running = start(source=KinesisSource(settings, group.store), stream_url=settings.stream_url)
    (prediction,) = taken(group, PREDICTIONS, 1).items()
    (refusal,) = taken(group, "churn.refused", 1).items()
    for (key, answer), code in ((prediction, "churn_probability"), (refusal, "error")):
        assert code in answer
        source = answer["source"]
        assert key == f"{source['partition']}-{source['offset']}"
        assert (source["topic"], source["partition"][:8]) == (CUSTOMERS, "shardId-")
    running.stop()
    assert [entry.key for entry in running.member.store.list("tracking/outcomes/")]


def taken(group: Group, name: str, count: int) -> dict[str, dict[str, Any]]:
    """The results in a stream by their keys, once there are so many."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        shards = group.server.stream(name, REGION).shards.values()
        found = {
            record.partition_key: json.loads(b64decode(record.data)) for s in shards for record in s.records.values()
        }
        if len(found) >= count:
            return found
        time.sleep(0.1)
    raise AssertionError(f"There are fewer than {count} records in {name}.")
