"""Many customers as they came, judged each alone: what both answers to requests and results of streams are made of."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from churn.customer.reading import Reading
from churn.errors import MAX_LISTED, FieldError, ValidationError
from churn.model.predictor import Prediction
from churn.schema import Schema
from churn_api.cache.cache import Cache
from churn_api.cache.compute import from_table
from churn_api.metrics.registry import Metrics
from churn_api.metrics.shared_counters import SharedCounters
from churn_api.predictions.customer_list import ONE_LIMIT, Oversized
from churn_api.releases.watcher import Releases, Serving
from churn_api.tracking.buffer import Buffer

# As many as rows with ten faults each have; of each further row the first one is listed. So long a list is about as
# large as the largest request.
MAX_FAULTS = 10_000


class Parts(Protocol):
    """What a process needs to answer; `Service` has it."""

    @property
    def releases(self) -> Releases:
        """The release in service."""

    @property
    def cache(self) -> Cache:
        """What remembers predictions."""

    @property
    def metrics(self) -> Metrics:
        """The counters of this process."""

    @property
    def counters(self) -> SharedCounters:
        """The counters of all processes."""

    @property
    def answered(self) -> Buffer:
        """What takes predictions to be tracked."""


class Judged(NamedTuple):
    """A customer who was scored: the id, the prediction, and whether it came from a cache."""

    name: str | None
    prediction: Prediction
    cached: bool


class Refused(NamedTuple):
    """A customer who was refused: how many faults he has, and those that are listed."""

    faults: int
    errors: list[FieldError]


def judge(
    parts: Parts, serving: Serving, records: Sequence[Any], reasons: int | None, source: str
) -> list[Judged | Refused]:
    """Judge customers in their order, and count and track what came of them as from `source`, batch or stream.

    Whatever it raises, none of them has been counted or tracked.
    """
    rows: Sequence[Judged | Refused] | None = None
    if reasons is None and parts.cache.asks_for(serving) != "all":
        rows = _plain_rows(parts, serving, records, source)
    if rows is None:
        rows = _judged_rows(parts, serving, records, reasons, source)
    served = [row.prediction for row in rows if isinstance(row, Judged)]
    parts.metrics.count_batch([(each.prediction, each.churn_probability) for each in served], source)
    parts.counters.count_served(len(served))
    return list(rows)


def _plain_rows(parts: Parts, serving: Serving, records: Sequence[Any], source: str) -> list[Judged] | None:
    """The rows by way of a table, if there is nothing to ask about any of the customers."""
    schema = serving.release.schema
    table = schema.reader.glance_all(records)
    if table is None:
        return None
    predictions = from_table(serving.release.predictor, table)
    parts.metrics.cache["bypass"].inc(len(records))
    names = [record.get(schema.id) for record in records]
    probabilities = [prediction.churn_probability for prediction in predictions]
    parts.answered.add_many(serving.release, names, probabilities, [0] * len(names), table, source)
    return [Judged(name, prediction, False) for name, prediction in zip(names, predictions, strict=True)]


def _judged_rows(
    parts: Parts, serving: Serving, records: Sequence[Any], reasons: int | None, source: str
) -> list[Judged | Refused]:
    """The rows, each customer read by itself."""
    schema = serving.release.schema
    readings, refused = _read_all(schema, records)
    answers = parts.cache.answer_many(serving, list(readings.values()), reasons)
    parts.metrics.count_faults(schema, (fault for each in refused.values() for fault in each.errors))
    for each in refused.values():
        parts.answered.refuse(schema, each.errors)
    _track(parts, serving, list(readings.values()), [prediction for prediction, _ in answers], source)
    rows: dict[int, Judged | Refused] = dict(refused)
    for (place, reading), answer in zip(readings.items(), answers, strict=True):
        rows[place] = Judged(reading.customer_id, *answer)
    return [rows[place] for place in range(len(records))]


def _track(
    parts: Parts, serving: Serving, readings: Sequence[Reading], answers: Sequence[Prediction], source: str
) -> None:
    parts.answered.add_many(
        serving.release,
        [reading.customer_id for reading in readings],
        [prediction.churn_probability for prediction in answers],
        [len(prediction.assumed) for prediction in answers],
        tuple(map(list, zip(*(reading.customer for reading in readings), strict=True))),
        source,
    )


def _read_all(schema: Schema, records: Sequence[Any]) -> tuple[dict[int, Reading], dict[int, Refused]]:
    """The good rows and the bad ones, by their places."""
    readings: dict[int, Reading] = {}
    refused: dict[int, Refused] = {}
    left = MAX_FAULTS
    for place, record in enumerate(records):
        most = min(max(left, 1), MAX_LISTED)
        try:
            if isinstance(record, Oversized):
                message = f"A customer takes at most {ONE_LIMIT // 1024} KiB; got {record.characters:,} characters."
                raise ValidationError([FieldError("customer", "out_of_range", message)])
            readings[place] = schema.reader.read_guarded(record, most)
        except ValidationError as error:
            listed = list(error.errors[:most])
            left -= len(listed)
            refused[place] = Refused(error.count, listed)
    return readings, refused
