"""The broker of a stack's profile `streaming`, for programs of this machine that write into its topics and read."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from scripts.stack import Stack

PROFILE = {"COMPOSE_PROFILES": "streaming"}

TOPICS = CUSTOMERS, OUTCOMES, PREDICTIONS, REFUSED = tuple(
    f"churn.{name}" for name in ("customers", "outcomes", "predictions", "refused")
)

# Seconds for which a record is offered to a broker that is away, and between two tries to reach it.
_PATIENCE, _AGAIN = 600, 0.25

_QUIET = {"log_level": 2, "reconnect.backoff.max.ms": int(_AGAIN * 1000)}


def published(port: int) -> dict[str, Any]:
    """The changes to services that let programs of this machine reach the broker at this port of the loopback."""
    listeners = f"PLAINTEXT://kafka:9092,MACHINE://localhost:{port}"
    return {
        "kafka": {
            # One that has a way out, without which no port is published.
            "networks": ["store"],
            "ports": [f"127.0.0.1:{port}:19092"],
            "environment": {"KAFKA_ADVERTISED_LISTENERS": listeners},
        }
    }


def scale(stack: Stack, count: int) -> list[str]:
    """Have so many members; returns the ids of their containers."""
    up = ("up", "--detach", "--no-recreate", "--no-deps", "--wait", "--scale", f"stream={count}")
    stack.compose(*up, "stream")
    return stack.compose("ps", "--quiet", "stream").split()


class Writer:
    """Writes records, each once and in their order, however long the broker is away."""

    def __init__(self, address: str, **settings: Any) -> None:
        """`settings` are librdkafka's."""
        told = {"bootstrap.servers": address, "enable.idempotence": True, "message.timeout.ms": _PATIENCE * 1000}
        self._producer = Producer(_QUIET | told | settings)
        self._failed: list[KafkaError] = []

    def write(self, topic: str, key: str, value: bytes | None, written: Callable[[str], None] = lambda _: None) -> None:
        """Send a record; `written` is told its partition and offset, as `3-1041`, once the broker has it."""

        def report(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self._failed.append(error)
            else:
                written(f"{message.partition()}-{message.offset()}")

        while True:
            try:
                self._producer.produce(topic, value, key, on_delivery=report)
            except BufferError:
                self._producer.poll(0.1)
            else:
                self._producer.poll(0)
                return

    def flush(self) -> None:
        """Wait until the broker has all of them; exits if it takes one not."""
        if self._producer.flush(_PATIENCE) or self._failed:
            raise SystemExit(f"The broker did not take all records: {self._failed[:1]}")


@contextmanager
def reading(address: str, *topics: str, whole: bool = True) -> Iterator[Callable[[float], list[Message]]]:
    """A function that returns what has come into these topics within so many seconds since it was called last.

    It begins with the first record of each or, unless `whole`, behind the present last one.
    """
    consumer = Consumer(_QUIET | {"bootstrap.servers": address, "group.id": "beside", "enable.auto.commit": False})
    places = [
        TopicPartition(topic, number, 0)
        for topic in topics
        for number in consumer.list_topics(topic, timeout=_PATIENCE).topics[topic].partitions
    ]
    if not whole:
        for place in places:
            place.offset = consumer.get_watermark_offsets(place, timeout=_PATIENCE)[1]
    consumer.assign(places)

    def read(seconds: float) -> list[Message]:
        found: list[Message] = []
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            found += [message for message in consumer.consume(10_000, left) if message.error() is None]
        return found

    try:
        yield read
    finally:
        consumer.close()
