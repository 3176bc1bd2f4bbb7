"""What is written into the topics of predictions and of refused records."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from churn.errors import ChurnError, error_body
from churn_api.answers import PredictionAnswer, encode
from churn_api.streaming.records import Record, Result


class SourceAnswer(Struct, frozen=True):
    """The record that an answer is for."""

    topic: str
    partition: Annotated[int | str, Meta(description="Kinesis calls it a shard.")]
    offset: Annotated[int | str, Meta(description="Kinesis calls it a sequence number.")]


class StreamAnswer(PredictionAnswer, frozen=True):
    """The answer of /predict, and the record that it is for."""

    source: SourceAnswer


def source_of(record: Record) -> SourceAnswer:
    """Where a record came from."""
    return SourceAnswer(record.topic, record.partition, record.offset)


def refused(record: Record, error: ChurnError, topic: str) -> Result:
    """The body with which HTTP refuses, and the record that was refused: its id is also in the log, where it counts."""
    body: dict[str, Any] = error_body(error, f"{record.topic}-{record.id}")
    return Result(topic, record, encode(body | {"source": source_of(record)}), {})
