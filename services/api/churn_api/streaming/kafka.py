"""Kafka as a source, by librdkafka, whose threads fetch ahead within fixed limits of memory."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE as NO_TIMESTAMP
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from churn.errors import ConfigurationError
from churn_api.streaming import kafka_settings
from churn_api.streaming.kafka_state import Log, Missing, State
from churn_api.streaming.records import Record, Result
from churn_api.streaming.settings import StreamSettings
from churn_api.streaming.source import Lag, ResultTooLarge, SourceUnavailable

log = logging.getLogger(__name__)

# Seconds that a batch waits for company once its first record is there.
_LINGER_SECONDS = 0.005

# Seconds for which a question about a topic waits, and an answer on its number of partitions is believed.
_ASK_SECONDS, _KNOWN_SECONDS = 5.0, 60.0

# Seconds between two looks whether missing topics are there.
_LOOK_SECONDS = 5.0

# Seconds beyond those in which librdkafka itself gives a result up.
_FLUSH_MARGIN = 2.0

_TOO_LARGE = (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE)
_NO_TOPIC = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)

_Place = tuple[str, int]


class KafkaSource:
    """Implements `streaming.source.Source` by a consumer and a producer of Kafka.

    Partitions are moved between members while `poll` runs, when what was polled before has been finished; of what
    librdkafka hands out nevertheless from a partition that is gone, nothing is passed on.
    """

    def __init__(self, settings: StreamSettings, consumer: Mapping[str, Any] | None = None) -> None:
        """`consumer` are settings of librdkafka that replace those made here. Raises ConfigurationError."""
        self._settings = settings
        self._state = State()
        self._config = kafka_settings.connection(settings) | {"error_cb": self._state.fail, "logger": Log()}
        self._owned: set[_Place] = set()
        self._paused: set[str] = set()
        self._stopped: dict[_Place, int] = {}
        """Partitions of which librdkafka fetches nothing, and from which offset it will again."""
        self._partitions: dict[str, tuple[int, float]] = {}
        self._missing = Missing(self._settings.read_topics + self._settings.written_topics)
        self._look_at = 0.0
        self._producer: Producer | None = None
        callbacks = {"stats_cb": self._state.take_statistics, "on_commit": self._committed}
        try:
            self._consumer = Consumer(
                self._config | kafka_settings.consumer(settings) | callbacks | dict(consumer or {})
            )
        except KafkaException as error:  # such as a certificate that cannot be read
            raise ConfigurationError([f"Kafka cannot be reached by these settings: {error.args[0].str()}."]) from error
        self._consumer.subscribe(
            list(settings.read_topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )

    def poll(self, most: int, seconds: float) -> list[Record]:
        """Up to `most` records of this member's partitions."""
        if time.monotonic() >= self._look_at:
            self._look()
        if self._producer is not None:
            self._producer.poll(0)
        first = self._consumer.poll(seconds)
        if first is None:
            return self._kept([])
        rest = self._consumer.consume(most - 1, _LINGER_SECONDS) if most > 1 else []
        return self._kept([first, *rest])

    def owns(self, record: Record) -> bool:
        """Whether a record's partition is still assigned."""
        return (record.topic, record.partition) in self._owned

    def publish(self, results: Sequence[Result]) -> None:
        """Produce results and wait until all in-sync replicas have them."""
        producer = self._producer = self._producer or Producer(kafka_settings.producer() | self._config)
        failed: list[tuple[KafkaError, tuple[str, bytes]]] = []

        def report(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                failed.append((error, (message.topic() or "", message.key() or b"")))

        for result in results:
            self._produce(producer, result, report, failed)
        left = producer.flush(kafka_settings.MESSAGE_TIMEOUT_SECONDS + _FLUSH_MARGIN)
        if left or failed:
            self._explain(producer, results, failed)

    def _produce(
        self,
        producer: Producer,
        result: Result,
        report: Callable[[KafkaError | None, Message], None],
        failed: list[Any],
    ) -> None:
        partition = int(result.record.partition) % self._partition_count(result.topic)
        headers: list[Any] = list(result.headers.items())
        end = time.monotonic() + kafka_settings.MESSAGE_TIMEOUT_SECONDS
        while True:
            try:
                producer.produce(result.topic, result.value, result.key, partition, on_delivery=report, headers=headers)
            except BufferError:  # its queue is full, until it gives some of it up
                if time.monotonic() > end:
                    raise SourceUnavailable("The queue of results that wait for Kafka stays full.") from None
                producer.poll(0.1)
            except KafkaException as error:
                failed.append((error.args[0], (result.topic, result.key)))
                return
            else:
                return

    def _explain(
        self, producer: Producer, results: Sequence[Result], failed: Sequence[tuple[KafkaError, tuple[str, bytes]]]
    ) -> None:
        """Raises what it means that some results failed, or are still on their way."""
        if any(error.fatal() for error, _ in failed):
            self._producer = None
        elif not failed:
            producer.purge()
            producer.flush(_FLUSH_MARGIN)
        others = [error for error, _ in failed if error.code() not in _TOO_LARGE]
        if failed and not others:
            large = {name for _, name in failed}
            places = [place for place, result in enumerate(results) if (result.topic, result.key) in large]
            raise ResultTooLarge(f"Kafka takes no results of this size: {failed[0][0].str()}", places)
        if any(error.code() in _NO_TOPIC for error in others):
            self._partitions.clear()
            self._look_at = 0.0
        why = others[0].str() if others else "it does not answer"
        raise SourceUnavailable(f"Kafka has not taken all results ({why}); they are sent again.")

    def _partition_count(self, topic: str) -> int:
        """The partitions of a topic. Raises SourceUnavailable; asks as a consumer, which never makes a topic."""
        count, until = self._partitions.get(topic, (0, 0.0))
        if time.monotonic() >= until:
            try:
                found = self._consumer.list_topics(topic, timeout=_ASK_SECONDS).topics[topic]
            except KafkaException as error:
                raise SourceUnavailable(f"Kafka does not answer ({error.args[0].str()}).") from error
            if found.error is not None or not found.partitions:
                self._missing.add(topic)
                raise SourceUnavailable(self._missing.sentence() or "")
            count = len(found.partitions)
            self._partitions[topic] = count, time.monotonic() + _KNOWN_SECONDS
        return count

    def commit(self, records: Sequence[Record]) -> None:
        """Commit the offset behind the last of these records in each partition, without waiting."""
        ends: dict[_Place, int] = {}
        for record in records:
            if self.owns(record):
                place = record.topic, int(record.partition)
                ends[place] = max(ends.get(place, 0), int(record.offset) + 1)
        if ends:
            offsets = [TopicPartition(*place, end) for place, end in ends.items()]
            try:
                self._consumer.commit(offsets=offsets, asynchronous=True)
            except KafkaException as error:
                log.warning("Offsets were not committed (%s): these records may be read again.", error.args[0].str())

    def pause(self, topic: str) -> None:
        """Pass nothing of this topic on; a partition is fetched no more once a record of it has come."""
        self._paused.add(topic)

    def resume(self, topic: str) -> None:
        """Fetch this topic again."""
        self._paused.discard(topic)
        self._start({place for place in self._stopped if place[0] == topic})

    def trouble(self) -> str | None:
        """What the brokers, the topics or the group lack."""
        return self._missing.sentence() or self._state.trouble()

    def lag(self) -> Lag:
        """By librdkafka's statistics, and the age of the oldest record that was polled last."""
        return self._state.lag()

    def close(self) -> None:
        """Commit what is on its way, and leave the group."""
        if self._producer is not None:
            self._producer.flush(_FLUSH_MARGIN)
        self._consumer.close()

    def _look(self) -> None:
        """Ask for every topic whether it is there, again soon if one is not."""
        self._look_at = float("inf")
        try:
            for topic in self._missing.topics:
                found = self._consumer.list_topics(topic, timeout=_ASK_SECONDS).topics[topic]
                if found.error is not None and found.error.code() in _NO_TOPIC:
                    self._missing.add(topic)
                else:
                    self._missing.discard(topic)
        except KafkaException:  # no broker answers, which its connections tell with a reason
            self._look_at = time.monotonic() + _LOOK_SECONDS
        if self._missing.sentence():
            self._look_at = time.monotonic() + _LOOK_SECONDS

    def _kept(self, messages: Sequence[Message]) -> list[Record]:
        records = []
        early: dict[_Place, int] = {}
        for message in messages:
            if (error := message.error()) is not None:
                self._note(error)
            elif (message.topic(), message.partition()) in self._owned:
                record = _record(message)
                if record.topic in self._paused:
                    early.setdefault((record.topic, int(record.partition)), int(record.offset))
                else:
                    records.append(record)
        self._stop(early)
        self._state.saw([record.timestamp for record in records])
        return records

    def _stop(self, early: Mapping[_Place, int]) -> None:
        """Fetch nothing of these partitions, and later from these offsets on.

        Only what has handed out a record is paused or resumed. While librdkafka still asks from where to start, either
        of them makes the answer count as outdated, and the partition is never started.
        """
        for place, offset in early.items():
            self._stopped[place] = min(offset, self._stopped.get(place, offset))
            self._consumer.pause([TopicPartition(*place)])
            self._consumer.seek(TopicPartition(*place, self._stopped[place]))

    def _start(self, places: Set[_Place]) -> None:
        self._consumer.resume([TopicPartition(*place) for place in places])
        for place in places:
            del self._stopped[place]

    def _note(self, error: KafkaError) -> None:
        if error.fatal():  # nothing but a new member mends it
            raise KafkaException(error)
        if error.code() in _NO_TOPIC:
            self._look_at = 0.0
        else:
            self._state.fail(error)

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._owned = {(each.topic, each.partition) for each in partitions}
        consumer.assign(partitions)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        del consumer
        places = {(each.topic, each.partition) for each in partitions}
        self._owned -= places
        # Otherwise librdkafka would remember that they are paused when they come back.
        self._start(places & self._stopped.keys())

    def _committed(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        del partitions
        if error is not None and error.code() != KafkaError._NO_OFFSET:
            log.warning("Offsets were not committed (%s): these records may be read again.", error.str())


def _record(message: Message) -> Record:
    kind, milliseconds = message.timestamp()
    headers = message.headers()
    pairs: Any = headers.items() if isinstance(headers, dict) else headers or ()
    return Record(
        message.topic() or "",
        message.partition() or 0,
        message.offset() or 0,
        message.key(),
        message.value(),
        {name: _bytes(value) for name, value in pairs},
        None if kind == NO_TIMESTAMP else milliseconds / 1000,
    )


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
