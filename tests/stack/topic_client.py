"""Writes to the broker's topics and reads them, from a container within its network.

python topic_client.py write TOPIC   records as lines of JSON from standard input: value, and perhaps key and headers
python topic_client.py read TOPIC    what is in the topic now, as lines of JSON
"""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

BROKER = {"bootstrap.servers": "kafka:9092"}


def write(topic: str, lines: Iterable[str]) -> None:
    """Produce a record for each line and wait until the broker has all of them. Raises what it refuses one for."""
    producer = Producer(BROKER)
    failed: list[Any] = []
    for line in lines:
        record = json.loads(line)
        while True:
            try:
                producer.produce(topic, on_delivery=lambda error, _: failed.append(error) if error else None, **record)
                break
            except BufferError:
                producer.poll(0.1)
    if producer.flush(60) or failed:
        raise KafkaException(*failed[:1])


def read(topic: str) -> Iterator[dict[str, Any]]:
    """Every record up to the present end of each partition."""
    consumer = Consumer(BROKER | {"group.id": "test", "enable.auto.commit": False, "auto.offset.reset": "earliest"})
    partitions = [TopicPartition(topic, number, 0) for number in consumer.list_topics(topic).topics[topic].partitions]
    ends = {each.partition: consumer.get_watermark_offsets(each)[1] for each in partitions}
    left = {number for number, end in ends.items() if end}
    consumer.assign([each for each in partitions if each.partition in left])
    while left:
        for message in consumer.consume(1000, 1):
            if message.error():
                raise KafkaException(message.error())
            key, value = message.key(), message.value()
            yield {
                "partition": message.partition(),
                "offset": message.offset(),
                "key": (key or b"").decode(),
                "value": None if value is None else value.decode(errors="replace"),
            }
            if message.offset() + 1 >= ends[message.partition()]:
                left.discard(message.partition())
    consumer.close()


if __name__ == "__main__":
    _, action, name = sys.argv
    if action == "write":
        write(name, sys.stdin)
    else:
        for found in read(name):
            sys.stdout.write(json.dumps(found) + "\n")
