"""Kinesis as a source: its streams are the topics, and leases and checkpoints are objects in the store."""

import socket
import time
from collections.abc import Callable, Sequence
from uuid import uuid4

from churn.store.interface import ObjectStore
from churn_api.streaming.kinesis_client import new_client
from churn_api.streaming.kinesis_leases import LEASE_SECONDS, Leases
from churn_api.streaming.kinesis_member import CHECKPOINT_SECONDS, Member
from churn_api.streaming.kinesis_publishing import Publisher
from churn_api.streaming.kinesis_reading import Reading
from churn_api.streaming.records import Record, Result
from churn_api.streaming.settings import StreamSettings
from churn_api.streaming.source import Lag

# Seconds between two looks at whether a shard may be asked again.
_STEP = 0.05


class KinesisSource:
    """The Source over Kinesis.

    A record's partition is its shard's id and its offset the sequence number. Kinesis has no headers and no tombstones:
    a record without data stands for one. A shard that is closed by a split or a merge is read to its end before those
    that come of it.
    """

    def __init__(
        self,
        settings: StreamSettings,
        store: ObjectStore,
        *,
        lease_seconds: float = LEASE_SECONDS,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        client = new_client(settings.stream_address.region)
        name = f"{socket.gethostname()}-{uuid4().hex}"
        leases = Leases(store, settings.stream_group, name, seconds=lease_seconds, clock=clock)
        self._member = Member(client, leases, settings.read_topics, checkpoint_seconds=checkpoint_seconds, clock=clock)
        self._publisher = Publisher(client)
        self._paused: set[str] = set()
        self._turn = 0

    def poll(self, most: int, seconds: float) -> list[Record]:
        """Up to `most` records, in the order of each shard, after at most `seconds`; none while there is trouble."""
        deadline = time.monotonic() + seconds
        self._member.maintain()
        while not (records := self._read(most, deadline)) and time.monotonic() < deadline:
            time.sleep(max(0.0, min(_STEP, deadline - time.monotonic())))
        return records

    def owns(self, record: Record) -> bool:
        """Whether the shard of a record that was polled is still this member's."""
        return self._reading(record) is not None

    def publish(self, results: Sequence[Result]) -> None:
        """Put results, and return when Kinesis has all of them. Raises SourceUnavailable and ResultTooLarge."""
        self._publisher.publish(results)

    def commit(self, records: Sequence[Record]) -> None:
        """Note that these records, and all before them in their shards, are done; `poll` and `close` write it."""
        for record in records:
            if (reading := self._reading(record)) is not None:
                reading.commit(str(record.offset))

    def pause(self, topic: str) -> None:
        """Poll nothing of this stream, in shards that come later either, until `resume`."""
        self._paused.add(topic)

    def resume(self, topic: str) -> None:
        """Poll the stream again, from the first record that was not polled."""
        self._paused.discard(topic)

    def trouble(self) -> str | None:
        """A sentence with its remedy on what keeps this member from consuming; None while it consumes."""
        return self._member.trouble

    def lag(self) -> Lag:
        """By how many seconds the shard that is furthest behind is so, as Kinesis last said, which counts no records.

        Shards that nobody has read yet, as those that they came of are not finished, are not in it.
        """
        behind = [reading.seconds_behind for reading in self._member.readings]
        known = [seconds for seconds in behind if seconds is not None]
        return Lag(None, max(known, default=0.0 if not behind else None))

    def close(self) -> None:
        """Write how far this member is, and give its shards back, so that others take over at once."""
        self._member.leave()

    def _reading(self, record: Record) -> Reading | None:
        return self._member.reading(record.topic, str(record.partition))

    def _read(self, most: int, deadline: float) -> list[Record]:
        """What the shards have that may be asked now, beginning with another one each time."""
        readings = [reading for reading in self._member.readings if reading.lease.stream not in self._paused]
        self._turn += 1
        first = self._turn % max(1, len(readings))
        records: list[Record] = []
        for reading in readings[first:] + readings[:first]:
            if len(records) < most and reading.is_due and (not records or time.monotonic() < deadline):
                records += reading.poll(most - len(records))
        return records
