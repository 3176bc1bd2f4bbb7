"""A Kafka without a JVM, which is librdkafka's own mock, members that read from it, and a source without any broker."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from churn import release
from churn.store.opening import open_store
from churn_api.streaming.consumer import StreamConsumer
from churn_api.streaming.heartbeat import Heartbeat
from churn_api.streaming.kafka import KafkaSource
from churn_api.streaming.member import Member, build
from churn_api.streaming.records import Record, Result
from churn_api.streaming.settings import StreamSettings
from churn_api.streaming.source import Lag, Source

CUSTOMERS, OUTCOMES, PREDICTIONS, REFUSED = (
    "churn.customers",
    "churn.outcomes",
    "churn.predictions",
    "churn.refused",
)

# The mock takes no shorter session.
FAST = {"session.timeout.ms": 6000, "statistics.interval.ms": 200, "topic.metadata.refresh.interval.ms": 500}

PARTITIONS = 4
QUIET = {"log_level": 3}


class Kafka:
    """One broker of librdkafka's mock; each topic has four partitions and is made by whoever asks for it."""

    def __init__(self) -> None:
        self._cluster = Producer(QUIET | {"bootstrap.servers": "mock", "test.mock.num.brokers": 1})
        (broker,) = self._cluster.list_topics(timeout=10).brokers.values()
        self.address = f"{broker.host}:{broker.port}"
        self._producer = Producer(QUIET | {"bootstrap.servers": self.address, "linger.ms": 0})

    def create(self, *topics: str) -> None:
        """Make topics, which are empty then."""
        for topic in topics:
            self._producer.list_topics(topic, timeout=10)

    def send(self, topic: str, *values: Any, key: str = "", partition: int = 0, headers: Any = None) -> list[str]:
        """Send values, as JSON unless they are bytes or None; returns the ids of the records."""
        sent: list[str] = []

        def note(error: Any, message: Message) -> None:
            assert error is None
            sent.append(f"{message.partition()}-{message.offset()}")

        for value in values:
            data = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
            self._producer.produce(topic, data, key.encode() or None, partition, on_delivery=note, headers=headers)
        assert self._producer.flush(10) == 0
        return sent

    def read(self, topic: str, enough: Callable[[list[Message]], bool], *, seconds: float = 20) -> list[Message]:
        """The messages of a topic from its beginning, as soon as they are enough."""
        consumer = Consumer(QUIET | {"bootstrap.servers": self.address, "group.id": "reader"})
        consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
        found: list[Message] = []
        end = time.monotonic() + seconds
        while not enough(found) and time.monotonic() < end:
            found += [message for message in consumer.consume(1000, 0.1) if message.error() is None]
        consumer.close()
        assert enough(found), f"{topic} has {[message.key() for message in found][-20:]} after {seconds} s"
        return found

    def results(self, topic: str, keys: Sequence[str]) -> list[dict[str, Any]]:
        """The results under these keys, as they are after compaction."""

        wanted = {key.encode() for key in keys}
        messages = self.read(topic, lambda messages: wanted <= {each.key() for each in messages})
        found = {each.key(): each.value() for each in messages}
        return [json.loads(found[key.encode()] or b"") for key in keys]


@pytest.fixture(scope="module")
def kafka() -> Kafka:
    """A broker without topics."""
    return Kafka()


@pytest.fixture(scope="module")
def topics(kafka: Kafka) -> Kafka:
    """The broker, on which all topics are there."""
    kafka.create(CUSTOMERS, OUTCOMES, PREDICTIONS, REFUSED)
    return kafka


class Running(NamedTuple):
    """A member at work in a thread of this process."""

    member: Member
    consumer: StreamConsumer
    source: Source
    heartbeat: Path
    stop: Callable[[], None]

    def count(self, result: str) -> float:
        """How many records have come to this result."""
        return float(self.member.stream_metrics.records[result]._value.get())


@pytest.fixture(scope="module")
def stream_settings(tmp_path_factory, redis_url, kafka) -> Callable[..., StreamSettings]:
    """A function that makes the settings of a member, over a store of this module's own."""
    folder = tmp_path_factory.mktemp("stream")

    def make(**others: Any) -> StreamSettings:
        told = {"store_url": f"file://{folder}/store", "queue_url": redis_url, "release_poll_seconds": 0.2}
        return StreamSettings(**(told | {"stream_url": f"kafka://{kafka.address}"} | others))

    return make


@pytest.fixture(scope="module")
def start(stream_settings, publish, tmp_path_factory) -> Iterator[Callable[..., Running]]:
    """A function that starts a member, over a release unless it is told that there is none."""
    with ExitStack() as stack:

        def run(*, released: bool = True, source: Source | None = None, **others: Any) -> Running:
            settings = stream_settings(**others)
            store = open_store(settings.store_url)
            store.ensure_bucket()
            if released and release.current(store) is None:
                publish(store)
            member = build(settings)
            member.refresh()
            member.watch()
            file = tmp_path_factory.mktemp("beat") / "heartbeat"
            stopping, used = Event(), source or KafkaSource(settings, FAST)
            heartbeat = Heartbeat(file, member.stream_metrics.consuming)
            consumer = member.consumer(used, heartbeat, stopping.is_set)
            thread = Thread(target=consumer.run, daemon=True)
            thread.start()

            def stop() -> None:
                stopping.set()
                thread.join(30)
                assert not thread.is_alive()
                member.end()

            stack.callback(stop)
            return Running(member, consumer, used, file, stop)

        yield run


class FakeSource:
    """Implements `Source` without a broker: hands out batches that a test gives it, and notes what is done."""

    def __init__(self, *batches: list[Record]) -> None:
        self.batches = list(batches)
        self.calls: list[str] = []
        self.published: list[Result] = []
        self.committed: list[Record] = []
        self.paused: set[str] = set()
        self.failures: list[Exception] = []
        self.lost: set[Any] = set()
        self.told: str | None = None

    def poll(self, most: int, seconds: float) -> list[Record]:
        self.calls.append(f"poll {most}")
        if not self.batches or any(record.topic in self.paused for record in self.batches[0]):
            time.sleep(min(seconds, 0.01))
            return []
        return self.batches.pop(0)

    def owns(self, record: Record) -> bool:
        return record.partition not in self.lost

    def publish(self, results: Sequence[Result]) -> None:
        self.calls.append("publish")
        if self.failures:
            raise self.failures.pop(0)
        self.published += results

    def commit(self, records: Sequence[Record]) -> None:
        self.calls.append("commit")
        self.committed += records

    def pause(self, topic: str) -> None:
        self.paused.add(topic)

    def resume(self, topic: str) -> None:
        self.paused.discard(topic)

    def trouble(self) -> str | None:
        return self.told

    def lag(self) -> Lag:
        return Lag(7, 0.5)

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def record() -> Callable[..., Record]:
    """A function that makes a record."""

    def make(value: Any, offset: int = 0, *, topic: str = CUSTOMERS, partition: int = 0, **headers: bytes) -> Record:
        data = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
        return Record(topic, partition, offset, b"key", data, headers, time.time() - 1)

    return make


@pytest.fixture
def fake() -> type[FakeSource]:
    return FakeSource
