"""Outcomes that come by a topic: the accepted ones into the table, each once, the others back with their faults."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from churn.errors import ChurnError, FieldError, ValidationError
from churn.store.interface import ObjectStore
from churn.tracking import erasure, outcomes
from churn.tracking.layout import OUTCOMES, month_of
from churn.tracking.outcome_schema import Outcome, OutcomeNames, OutcomeReader
from churn_api.jobs.csv.outcome_list import read_outcome
from churn_api.jobs.job import Progress
from churn_api.predictions.customer_list import ONE_LIMIT, Oversized
from churn_api.streaming.answers import refused
from churn_api.streaming.decoding import decode
from churn_api.streaming.errors import UnreadableRecord
from churn_api.streaming.records import Record, Result
from churn_api.tracking.dropping import drop_erased_since
from churn_api.tracking.parquet import PARQUET

log = logging.getLogger(__name__)

# Rows of Kafka are numbered by their offsets, of which the table keeps so many before it begins again.
_NUMBERS = 1 << 32

# A record that waited for longer than topics usually keep one has a timestamp of another meaning: that of an event.
_BELIEVED_SECONDS = 7 * 24 * 3600.0


class _Taken(NamedTuple):
    record: Record
    outcome: Outcome
    received: datetime


class OutcomeIntake:
    """Takes outcomes in.

    All that is written of a record follows from the record, so whoever takes it in again writes the same rows, which
    the table counts once.
    """

    def __init__(
        self,
        store: ObjectStore,
        refusals: str,
        id_name: Callable[[], str],
        count: Callable[[Progress], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`refusals` is the topic of refused records; `id_name` gives the name of the id in the schema in service."""
        self._store, self._refusals, self._id_name = store, refusals, id_name
        self._count, self._clock = count, clock

    def take_in(self, records: Sequence[Record]) -> list[Result]:
        """Write what is accepted into the store; returns a result for each record that is refused.

        Raises StoreUnavailable, and then may have written some: take the same records in again.
        """
        names = OutcomeNames((self._id_name(),))
        taken: list[_Taken] = []
        results: list[Result] = []
        for record in records:
            if record.value is None:
                continue
            try:
                taken.append(self._read(record, record.value, names))
            except ChurnError as error:
                results.append(refused(record, error, self._refusals))
            except Exception as error:  # whatever a record holds must not hold up the others
                log.error("The outcome %s-%s cannot be read: %s", record.topic, record.id, type(error).__name__)
                results.append(refused(record, UnreadableRecord(), self._refusals))
        self._write(taken)
        self._count(Progress(len(taken), len(results)))
        return results

    def _read(self, record: Record, value: bytes, names: OutcomeNames) -> _Taken:
        outcome = decode(value)
        if isinstance(outcome, Oversized):
            message = f"An outcome takes at most {ONE_LIMIT // 1024} KiB; got {outcome.characters:,} bytes."
            raise ValidationError([FieldError("outcomes", "out_of_range", message)])
        received = self._received(record)
        return _Taken(record, read_outcome(outcome, names, OutcomeReader(received.date())), received)

    def _received(self, record: Record) -> datetime:
        """When a record was written, by its producer or its broker, or now where that is no time of sending."""
        now = self._clock()
        age = now.timestamp() - (record.timestamp or 0.0)
        return datetime.fromtimestamp(record.timestamp or 0.0, UTC) if 0 <= age <= _BELIEVED_SECONDS else now

    def _write(self, taken: Sequence[_Taken]) -> None:
        """Write a file for each partition and month, named after its first and last record."""
        files: dict[tuple[str, str], list[_Taken]] = defaultdict(list)
        for each in taken:
            files[month_of(each.received), f"stream-{each.record.topic}-{each.record.partition}"].append(each)
        erased = erasure.recent(self._store) if files else {}
        keys = []
        for (month, stem), some in files.items():
            key = f"{OUTCOMES}{month}{stem}-{some[0].record.offset}-{some[-1].record.offset}.parquet"
            numbers = [_number(each.record) for each in some]
            table = outcomes.frame([each.outcome for each in some], [each.received for each in some], numbers)
            kept = erasure.without(table, erased)
            if kept.height:
                self._store.put(key, outcomes.to_bytes(kept), content_type=PARQUET)
                keys.append(key)
        drop_erased_since(self._store, keys, erased)


def _number(record: Record) -> int:
    """The place of a record among those of its moment.

    The last bits of a sequence number of Kinesis, which has 186, do not rise with it: there the order is the file's.
    """
    return record.offset % _NUMBERS if isinstance(record.offset, int) else 0
