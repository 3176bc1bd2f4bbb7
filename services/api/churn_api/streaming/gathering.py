"""Outcomes that are gathered into files worth writing, and wait while the store is away."""

import logging
import time
from collections.abc import Callable, Sequence

from churn.errors import StoreUnavailable
from churn_api.streaming.flow import Flow
from churn_api.streaming.metrics import StreamMetrics
from churn_api.streaming.outcomes import OutcomeIntake
from churn_api.streaming.publisher import Publisher
from churn_api.streaming.records import Record
from churn_api.streaming.source import Source

log = logging.getLogger(__name__)

# Seconds for which outcomes are gathered.
GATHER_SECONDS = 5.0

# Seconds between two tries while outcomes cannot be written, and the most of them, for the pause doubles: a store that
# hangs holds up predictions for some seconds each time.
AGAIN_SECONDS, MOST_SECONDS = 5.0, 60.0


class Gathering:
    """Holds outcomes of a topic, at most twice as many as make a batch, until they are written; then commits them."""

    def __init__(
        self,
        topic: str,
        most: int,
        source: Source,
        flow: Flow,
        publisher: Publisher,
        intake: OutcomeIntake,
        metrics: StreamMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`most` outcomes are written at once, fewer when they have been gathered for a while."""
        self._topic, self._most, self._source, self._flow = topic, most, source, flow
        self._publisher, self._intake, self._metrics, self._clock = publisher, intake, metrics, clock
        self._held: list[Record] = []
        self._due, self._pause = 0.0, AGAIN_SECONDS

    def add(self, records: Sequence[Record]) -> None:
        """Hold these as well, and write what has waited long enough. Raises Stopped."""
        if records and not self._held:
            self._due = self._clock() + GATHER_SECONDS
        self._held += records
        is_full = bool(records) and len(self._held) >= self._most  # what is held after a failure waits for its turn
        if self._held and (is_full or self._clock() >= self._due):
            self.write()

    def write(self) -> None:
        """Write what is held, as far as it is still this member's; keep it if that fails. Raises Stopped."""
        records = [record for record in self._held if self._source.owns(record)]
        try:
            results = self._intake.take_in(records) if records else []
        except StoreUnavailable as error:
            self._keep(f"Outcomes wait for the store: {error.message}")
        except Exception as error:  # whatever else keeps outcomes from being written must not end predictions
            log.exception("Outcomes cannot be written.")
            self._keep(f"Outcomes cannot be written ({type(error).__name__}).")
        else:
            self._publisher.publish(results)
            self._source.commit(records)
            self._metrics.records["refused"].inc(len(results))
            self._metrics.records["tombstone"].inc(sum(record.value is None for record in records))
            written = sum(record.value is not None for record in records) - len(results)
            self._metrics.records["outcome"].inc(written)
            self._held, self._pause = [], AGAIN_SECONDS
            self._flow.release(self._topic, "no store")

    def _keep(self, trouble: str) -> None:
        log.warning("%s They are tried again in %.0f s.", trouble, self._pause)
        self._metrics.retries.labels("outcomes").inc()
        self._flow.hold(self._topic, "no store")
        self._due = self._clock() + self._pause
        self._pause = min(2 * self._pause, MOST_SECONDS)
