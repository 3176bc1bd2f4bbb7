"""The loop of a member: records in, results out, and only then is a batch done."""

import logging
import time
from collections import Counter as Tally
from collections.abc import Callable, Sequence

from churn.errors import ChurnError
from churn_api.releases.watcher import Releases
from churn_api.streaming.flow import Flow
from churn_api.streaming.gathering import Gathering
from churn_api.streaming.heartbeat import Heartbeat
from churn_api.streaming.metrics import StreamMetrics
from churn_api.streaming.outcomes import OutcomeIntake
from churn_api.streaming.publisher import Publisher, Stopped
from churn_api.streaming.records import Record, Result
from churn_api.streaming.scoring import Scoring
from churn_api.streaming.settings import StreamSettings
from churn_api.streaming.source import Source

log = logging.getLogger(__name__)

# Seconds that a poll waits for a record.
_POLL_SECONDS = 0.5

# A batch that is scored for longer, in seconds, is followed by one of half its size, so that no member outstays the
# interval in which it has to poll; one that takes less than a quarter of this, by one of twice its size.
LONG_SECONDS = 10.0


class StreamConsumer:
    """Reads, scores, publishes and commits, a batch at a time, by one thread.

    A batch is scored wholly by the release that is in service when it begins. Outcomes are gathered beside.
    """

    def __init__(
        self,
        settings: StreamSettings,
        source: Source,
        releases: Releases,
        scoring: Scoring,
        intake: OutcomeIntake,
        metrics: StreamMetrics,
        heartbeat: Heartbeat,
        stopping: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._source, self._releases, self._scoring = settings, source, releases, scoring
        self._metrics, self._heartbeat, self._stopping, self._clock = metrics, heartbeat, stopping, clock
        self._flow = flow = Flow(source)
        self._publisher = Publisher(
            source, flow, settings.read_topics, settings.stream_refused, metrics, heartbeat, stopping
        )
        self._rows = settings.stream_batch_rows
        self._outcomes = Gathering(
            settings.stream_outcomes, self._rows, source, flow, self._publisher, intake, metrics, clock
        )

    def run(self) -> None:
        """Work until told to stop; then finish what is in hand, and leave."""
        try:
            while not self._stopping():
                self.turn()
            self._outcomes.write()
        except Stopped as error:
            log.warning("%s", error.message)
        finally:
            self._source.close()

    def turn(self) -> None:
        """Poll once, and finish what comes. Raises Stopped."""
        if self._releases.ready:
            self._flow.release(self._settings.stream_customers, "no release")
        else:
            self._flow.hold(self._settings.stream_customers, "no release")
        records = self._source.poll(self._rows, _POLL_SECONDS)
        if customers := [record for record in records if record.topic == self._settings.stream_customers]:
            self._predict(customers)
        self._outcomes.add([record for record in records if record.topic == self._settings.stream_outcomes])
        self._beat()

    def _beat(self) -> None:
        try:
            self._releases.serving  # noqa: B018  # it raises what is missing
            trouble = self._source.trouble()
        except ChurnError as error:
            trouble = error.message
        self._heartbeat.beat(trouble)
        lag = self._source.lag()
        if lag.records is not None:
            self._metrics.lag.set(lag.records)
        if lag.seconds is not None:
            self._metrics.lag_seconds.set(lag.seconds)

    def _predict(self, records: Sequence[Record]) -> None:
        start = self._clock()
        results = self._scoring.score(records)
        self._adapt(self._clock() - start)
        self._publisher.publish(results)
        self._source.commit(records)
        self._count(records, results, self._clock() - start)

    def _adapt(self, seconds: float) -> None:
        if seconds > LONG_SECONDS and self._rows > 1:
            self._rows = max(1, self._rows // 2)
            log.warning("A batch took %.0f s to score; the next one has at most %d records.", seconds, self._rows)
        elif seconds < LONG_SECONDS / 4 and self._rows < self._settings.stream_batch_rows:
            self._rows = min(2 * self._rows, self._settings.stream_batch_rows)

    def _count(self, records: Sequence[Record], results: Sequence[Result], seconds: float) -> None:
        topics = Tally(result.topic for result in results)
        self._metrics.records["predicted"].inc(topics[self._settings.stream_predictions])
        self._metrics.records["refused"].inc(topics[self._settings.stream_refused])
        self._metrics.records["tombstone"].inc(sum(record.value is None for record in records))
        self._metrics.batch_seconds.observe(seconds)
        written = [record.timestamp for record in records if record.timestamp is not None]
        if written:
            self._metrics.delay_seconds.observe(max(time.time() - min(written), 0.0))
