"""Reading a shard: from where to go on, when it may be asked again, and whether it has come to its end."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from churn_api.streaming.kinesis_client import code_of, is_throttled, pause, sentence
from churn_api.streaming.kinesis_leases import Lease
from churn_api.streaming.records import Record

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import GetRecordsOutputTypeDef, RecordTypeDef

log = logging.getLogger(__name__)

# Kinesis answers five times a second for each shard, to all its readers.
READ_SECONDS = 0.25

# The most that Kinesis gives at once.
_MOST_RECORDS = 10_000


class Reading:
    """A shard that this member reads, by its `lease`, whose position is that of the last record that is done.

    Moments are those of `clock`, in seconds.
    """

    def __init__(
        self,
        client: "KinesisClient",
        lease: Lease,
        kept_at: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._clock = client, clock
        self.lease = lease
        self.kept: Lease | None = lease
        """As it was written last; None once it is another member's."""

        self.kept_at = kept_at
        """When it was written last."""

        self.due_at = kept_at
        """When the shard may be asked again."""

        self.seconds_behind: float | None = None
        self.trouble: str | None = None
        self._polled = lease.position
        self._iterator: str | None = None
        self._is_at_end = False
        self._failures = 0

    @property
    def is_idle(self) -> bool:
        """Whether all that was polled is done."""
        return self._polled == self.lease.position

    @property
    def is_due(self) -> bool:
        """Whether the shard may be asked now."""
        return not self._is_at_end and self._clock() >= self.due_at

    def poll(self, most: int) -> list[Record]:
        """Up to `most` records after those that were polled; none for now where something is in the way."""
        try:
            answer = self._ask(min(most, _MOST_RECORDS))
        except (ClientError, BotoCoreError) as error:
            self._note(error)
            return []
        self._failures, self.trouble = 0, None
        self.due_at = self._clock() + READ_SECONDS
        self.seconds_behind = answer["MillisBehindLatest"] / 1000
        self._iterator = answer.get("NextShardIterator")
        self._is_at_end = self._iterator is None
        records = [self._record(record) for record in answer["Records"]]
        if records:
            self._polled = str(records[-1].offset)
        self._end_if_done()
        return records

    def commit(self, position: str) -> None:
        """Note that the record with this sequence number is done, and all before it.

        One that was polled before the shard was lost and taken again says nothing about those that were polled with it.
        """
        if _number(self.lease.position) < int(position) <= _number(self._polled):
            self.lease = replace(self.lease, position=position)
        self._end_if_done()

    def keep(self, lease: Lease | None, kept_at: float) -> None:
        """Note that the lease was written, or that it was lost."""
        self.kept, self.kept_at = lease, kept_at
        self.lease = lease or self.lease

    def end(self) -> None:
        """Note that there is nothing left to read, since the shard is no more."""
        self._is_at_end = True
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self._is_at_end and self.is_idle:
            self.lease = replace(self.lease, is_finished=True)

    def _ask(self, most: int) -> "GetRecordsOutputTypeDef":
        if self._iterator is None:
            self._iterator = self._new_iterator()
        return self._client.get_records(ShardIterator=self._iterator, Limit=most)

    def _new_iterator(self) -> str:
        stream, shard = self.lease.stream, self.lease.shard
        if self._polled is None:
            answer = self._client.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        else:
            answer = self._client.get_shard_iterator(
                StreamName=stream,
                ShardId=shard,
                ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                StartingSequenceNumber=self._polled,
            )
        return answer["ShardIterator"]

    def _note(self, error: ClientError | BotoCoreError) -> None:
        # An iterator lasts five minutes. One that failed for another reason is no loss either.
        self._iterator = None
        code = code_of(error)
        if code == "ExpiredIteratorException":
            return
        self.due_at = self._clock() + pause(self._failures)
        self._failures += 1
        if is_throttled(code):
            return
        self.trouble = self._sentence(code, error)
        log.warning(self.trouble)

    def _sentence(self, code: str, error: ClientError | BotoCoreError) -> str:
        if code == "InvalidArgumentException":
            return (
                f"Kinesis does not know the checkpoint of {self.lease.shard} of the stream {self.lease.stream}: if the "
                "stream was deleted and made anew, delete the checkpoints of the old one, as docs/streams.md says."
            )
        return sentence(error, self.lease.stream)

    def _record(self, record: "RecordTypeDef") -> Record:
        arrived = record.get("ApproximateArrivalTimestamp")
        return Record(
            topic=self.lease.stream,
            partition=self.lease.shard,
            offset=record["SequenceNumber"],
            key=record["PartitionKey"].encode(),
            value=bytes(record["Data"]) or None,
            headers={},
            timestamp=None if arrived is None else arrived.timestamp(),
        )


def _number(position: str | None) -> int:
    return -1 if position is None else int(position)
