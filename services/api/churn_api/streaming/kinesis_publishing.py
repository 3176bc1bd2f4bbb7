"""Results into Kinesis, by as few requests as its limits allow."""

import time
from collections.abc import Iterator, Sequence
from hashlib import md5
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from churn_api.streaming.kinesis_client import code_of, is_throttled, pause, sentence
from churn_api.streaming.records import Result
from churn_api.streaming.source import ResultTooLarge, SourceUnavailable

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef

# Kinesis's limits for a request and for a record, both with their partition keys.
_MOST_RECORDS = 500
_MOST_BYTES = 5 << 20
_LARGEST_BYTES = 1 << 20

# Seconds until whoever publishes is told that something was not taken.
_PATIENCE = 10.0


class Publisher:
    """Puts results into their streams.

    A result's partition key is its own key, by which a reader tells those that were put twice. Which shard it goes to
    follows from the partition key of its record: the results of a customer are in one shard, in their order.
    """

    def __init__(self, client: "KinesisClient") -> None:
        self._client = client

    def publish(self, results: Sequence[Result]) -> None:
        """Put all results. Raises ResultTooLarge and SourceUnavailable."""
        places = [place for place, result in enumerate(results) if _size(result) > _LARGEST_BYTES]
        if places:
            raise ResultTooLarge(f"Kinesis takes {_LARGEST_BYTES:,} bytes a record at most, with its key.", places)
        deadline = time.monotonic() + _PATIENCE
        for stream in dict.fromkeys(result.topic for result in results):
            for batch in _batches([result for result in results if result.topic == stream]):
                self._put(stream, batch, deadline)

    def _put(self, stream: str, batch: list[Result], deadline: float) -> None:
        failures = 0
        while again := self._put_once(stream, batch, is_last=time.monotonic() >= deadline):
            failures = 0 if len(again) < len(batch) else failures + 1
            batch = again
            time.sleep(pause(failures))

    def _put_once(self, stream: str, batch: list[Result], *, is_last: bool) -> list[Result]:
        """Put a batch; what is to be put again. Raises SourceUnavailable, for what may pass only if `is_last`."""
        try:
            answer = self._client.put_records(StreamName=stream, Records=[_entry(result) for result in batch])
        except (ClientError, BotoCoreError) as error:
            if is_last or not is_throttled(code_of(error)):
                raise SourceUnavailable(sentence(error, stream)) from error
            return batch
        if not answer["FailedRecordCount"]:
            return []
        codes = [entry.get("ErrorCode") for entry in answer["Records"]]
        if is_last:
            said = ", ".join(sorted({code for code in codes if code}))
            raise SourceUnavailable(f"The stream {stream} does not take all that is put ({said}); give it more shards.")
        return _again(batch, codes)


def _again(batch: Sequence[Result], codes: Sequence[str | None]) -> list[Result]:
    """Those that failed, and after each of them those with the key of its record, so that these stay in order."""
    again, late = [], set()
    for result, code in zip(batch, codes, strict=True):
        if code or result.record.key in late:
            late.add(result.record.key)
            again.append(result)
    return again


def _batches(results: Sequence[Result]) -> Iterator[list[Result]]:
    batch: list[Result] = []
    size = 0
    for result in results:
        if batch and (len(batch) == _MOST_RECORDS or size + _size(result) > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(result)
        size += _size(result)
    if batch:
        yield batch


def _entry(result: Result) -> "PutRecordsRequestEntryTypeDef":
    # Kinesis itself spreads partition keys over the shards by their MD5.
    digest = md5(result.record.key or b"", usedforsecurity=False).digest()
    return {
        "Data": result.value,
        "PartitionKey": result.key.decode(),
        "ExplicitHashKey": str(int.from_bytes(digest, "big")),
    }


def _size(result: Result) -> int:
    return len(result.key) + len(result.value)
