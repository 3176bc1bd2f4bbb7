"""What the service asks of a broker: records in, results out, and how far it has come."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from churn.errors import ChurnError
from churn_api.streaming.records import Record, Result


class SourceUnavailable(ChurnError):
    """The broker did not take all results, or does not answer; the same may succeed later."""

    status = 503


class ResultTooLarge(ChurnError):
    """The broker will never take the results at these places of what was published, since they are too large.

    It may have taken any of the others.
    """

    def __init__(self, message: str, places: Sequence[int]) -> None:
        super().__init__(message)
        self.places = frozenset(places)


class Lag(NamedTuple):
    """How far behind this member is in what it reads; None where the broker does not tell."""

    records: int | None
    seconds: float | None


class Source(Protocol):
    """A broker, for one thread.

    It never reads ahead of what it may hold in memory. Partitions come and go only while `poll` is called, so that
    whoever publishes and commits a batch before the next `poll` has finished what he leaves to others.
    """

    def poll(self, most: int, seconds: float) -> list[Record]:
        """Up to `most` records, in the order of each partition, after at most `seconds`; none while there is trouble.

        It must be called every few seconds, also while every topic is paused: it is by this that a member stays one.
        """

    def owns(self, record: Record) -> bool:
        """Whether the partition of a record that was polled is still this member's."""

    def publish(self, results: Sequence[Result]) -> None:
        """Send results and return when the broker has all of them in safety.

        Raises SourceUnavailable when some were not taken within a few seconds: publish the same again; those that were
        taken are replaced by themselves. Raises ResultTooLarge.
        """

    def commit(self, records: Sequence[Record]) -> None:
        """Note that these records, and all before them in their partitions, are done.

        What has failed is logged and made good by the next commit: until then records may only be read again.
        """

    def pause(self, topic: str) -> None:
        """Poll nothing of this topic, in partitions that are assigned later either, until `resume`."""

    def resume(self, topic: str) -> None:
        """Poll the topic again, from the first record that was not polled."""

    def trouble(self) -> str | None:
        """A sentence with its remedy on what keeps this member from consuming; None while it consumes.

        A member to which no partition is assigned, because there are more members than partitions, consumes.
        """

    def lag(self) -> Lag:
        """How far behind it is, as last heard; asks nobody."""

    def close(self) -> None:
        """Leave, so that others take over at once. What was polled and not committed is read again by them."""
