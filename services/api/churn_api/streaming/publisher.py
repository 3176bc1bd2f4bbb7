"""Handing results to a broker that may not take them, for as long as that takes."""

import logging
from collections.abc import Callable, Sequence

from churn.errors import ChurnError
from churn_api.streaming.answers import refused
from churn_api.streaming.errors import AnswerTooLarge
from churn_api.streaming.flow import Flow
from churn_api.streaming.heartbeat import Heartbeat
from churn_api.streaming.metrics import StreamMetrics
from churn_api.streaming.records import Result
from churn_api.streaming.source import ResultTooLarge, Source, SourceUnavailable

log = logging.getLogger(__name__)

# Seconds between two tries.
_PAUSE_SECONDS = 1.0


class Stopped(ChurnError):
    """The member was told to stop while results could not be handed over; their records are read again."""

    def __init__(self) -> None:
        super().__init__("The last batch was not finished before the end; its records will be read again.")


class Publisher:
    """Publishes results until the broker has all of them, and meanwhile reads nothing and beats no heart."""

    def __init__(
        self,
        source: Source,
        flow: Flow,
        topics: tuple[str, ...],
        refusals: str,
        metrics: StreamMetrics,
        heartbeat: Heartbeat,
        stopping: Callable[[], bool],
    ) -> None:
        """`topics` are those that are read, `refusals` is that of refused records."""
        self._source, self._flow, self._topics, self._refusals = source, flow, topics, refusals
        self._metrics, self._heartbeat, self._stopping = metrics, heartbeat, stopping

    def publish(self, results: Sequence[Result]) -> None:
        """Publish results; those of partitions that go to others meanwhile are left to them. Raises Stopped."""
        while results:
            try:
                self._source.publish(results)
                return
            except ResultTooLarge as error:
                log.error("%s", error.message)
                if any(results[place].topic == self._refusals for place in error.places):
                    self._wait(error.message)
                results = [
                    refused(result.record, AnswerTooLarge(), self._refusals) if place in error.places else result
                    for place, result in enumerate(results)
                ]
            except SourceUnavailable as error:
                self._wait(error.message)
            results = [result for result in results if self._source.owns(result.record)]

    def _wait(self, trouble: str) -> None:
        """Remain a member for a moment without reading. Raises Stopped."""
        self._metrics.retries.labels("publish").inc()
        if self._stopping():
            raise Stopped
        self._heartbeat.beat(trouble)
        for topic in self._topics:
            self._flow.hold(topic, "no broker")
        self._source.poll(1, _PAUSE_SECONDS)
        for topic in self._topics:
            self._flow.release(topic, "no broker")
