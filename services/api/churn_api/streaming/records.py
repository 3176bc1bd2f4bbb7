"""What comes from a topic and what goes to one."""

from typing import NamedTuple


class Record(NamedTuple):
    """A record of a topic.

    In Kafka `partition` and `offset` are numbers. In Kinesis they are the shard's id and the record's sequence number,
    both as texts. `value` is None for a tombstone; `timestamp` are seconds since 1970 in UTC, None where nobody said.
    Of a header that comes more than once the last one is here.
    """

    topic: str
    partition: int | str
    offset: int | str
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]
    timestamp: float | None

    @property
    def id(self) -> str:
        """What tells a record from all others of its topic: "<partition>-<offset>"."""
        return f"{self.partition}-{self.offset}"


class Result(NamedTuple):
    """What came of `record`, for the topic `topic`.

    Its key is the record's id, so that a result that is sent twice replaces itself in a compacted topic. Its partition
    follows from that of the record, so that the results of a customer stay in the order of his records.
    """

    topic: str
    record: Record
    value: bytes
    headers: dict[str, bytes]

    @property
    def key(self) -> bytes:
        """The key under which the result is kept."""
        return self.record.id.encode()
