"""From a batch of customers' records to results: scored as tables, each refused alone."""

import logging
import traceback
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from churn.errors import ChurnError, ValidationError
from churn_api.answers import encode
from churn_api.predictions.judging import Judged, Parts, Refused, judge
from churn_api.predictions.reasons import read_reasons
from churn_api.predictions.single import answered
from churn_api.releases.watcher import Serving
from churn_api.streaming.answers import StreamAnswer, refused, source_of
from churn_api.streaming.decoding import decode
from churn_api.streaming.errors import UnreadableRecord
from churn_api.streaming.records import Record, Result

log = logging.getLogger(__name__)

REASONS = "reasons"
"""The header by which a record asks for reasons, as the parameter of /predict does; without it there are none."""


class _Asked(NamedTuple):
    place: int
    record: Record
    customer: Any


class Scoring:
    """Scores batches, each by the release that is in service when it begins."""

    def __init__(self, parts: Parts, predictions: str, refusals: str) -> None:
        """`predictions` and `refusals` are the topics that results are for."""
        self._parts, self._predictions, self._refusals = parts, predictions, refusals

    def score(self, records: Sequence[Record]) -> list[Result]:
        """A result for each record but tombstones, in their order. Raises only what keeps a release from serving."""
        serving, results = self._parts.releases.serving, dict[int, Result]()
        try:
            self._score(serving, enumerate(records), results)
        except Exception as error:  # whatever one record brings about must not hold up the others
            log.error("A batch of records is scored one by one: %s", type(error).__name__)
            for place, record in enumerate(records):
                if place not in results:  # the others have been counted and tracked
                    self._score_alone(serving, place, record, results)
        return [results[place] for place in sorted(results)]

    def _score_alone(self, serving: Serving, place: int, record: Record, results: dict[int, Result]) -> None:
        try:
            self._score(serving, [(place, record)], results)
        except Exception as error:  # the poison record itself, whose values may be in the error's words
            frame = traceback.extract_tb(error.__traceback__)[-1]
            words = "The record %s-%s cannot be scored, and is refused: %s in %s, line %s"
            log.error(words, record.topic, record.id, type(error).__name__, frame.name, frame.lineno)
            results[place] = refused(record, UnreadableRecord(), self._refusals)

    def _score(self, serving: Serving, records: Iterable[tuple[int, Record]], results: dict[int, Result]) -> None:
        """Add the results of records by their places, as far as it comes."""
        groups: dict[int | None, list[_Asked]] = {}
        for place, record in records:
            if record.value is None:
                continue
            try:
                reasons = _reasons(record, len(serving.release.schema.fields))
                groups.setdefault(reasons, []).append(_Asked(place, record, decode(record.value)))
            except ChurnError as error:
                results[place] = refused(record, error, self._refusals)
        for reasons, group in groups.items():
            judged = judge(self._parts, serving, [asked.customer for asked in group], reasons, "stream")
            for asked, row in zip(group, judged, strict=True):
                results[asked.place] = self._result(serving, asked.record, row)

    def _result(self, serving: Serving, record: Record, row: Judged | Refused) -> Result:
        if isinstance(row, Refused):
            return refused(record, ValidationError(row.errors, row.faults - len(row.errors)), self._refusals)
        answer = StreamAnswer(*(*answered(row, serving), source_of(record)))
        return Result(self._predictions, record, encode(answer), {})


def _reasons(record: Record, most: int) -> int | None:
    """How many reasons a record asks for. Raises ValidationError."""
    asked = record.headers.get(REASONS)
    return None if asked is None else read_reasons(asked.decode("utf-8", "replace"), most)
