"""From many customers as sent to the answer of /batch_predict."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import UNSET

from churn.customer.reading import Reading
from churn.errors import MAX_LISTED, FieldError, ValidationError, attention
from churn.model.predictor import Prediction
from churn.schema import Schema
from churn_api.answers import BatchAnswer, ReasonAnswer, RecommendationAnswer, RefusedRowAnswer, RowAnswer
from churn_api.cache.compute import from_table
from churn_api.predictions.customer_list import ONE_LIMIT, Oversized
from churn_api.releases.watcher import Serving
from churn_api.service import Service

# As many as rows with ten faults each have; of each further row the first one is listed. So long a list is about as
# large as the largest request.
MAX_FAULTS = 10_000


def predict_batch(service: Service, records: Sequence[Any], reasons: int | None) -> BatchAnswer:
    """Answer for many customers, each judged alone. Raises only what keeps a release from serving."""
    serving = service.releases.serving
    rows = None
    if reasons is None and service.cache.asks_for(serving) != "all":
        rows = _plain_rows(service, serving, records)
    if rows is None:
        rows = _judged_rows(service, serving, records, reasons)
    served = [row for row in rows if isinstance(row, RowAnswer)]
    service.metrics.count_batch([(row.prediction, row.churn_probability) for row in served])
    service.counters.count_served(len(served))
    now = datetime.now(UTC).isoformat()
    return BatchAnswer(True, len(rows), len(rows) - len(served), rows, now, serving.about)


def _plain_rows(service: Service, serving: Serving, records: Sequence[Any]) -> list[Any] | None:
    """The rows by way of a table, if there is nothing to ask about any of the customers."""
    schema = serving.release.schema
    table = schema.reader.glance_all(records)
    if table is None:
        return None
    service.metrics.cache["bypass"].inc(len(records))
    predictions = from_table(serving.release.predictor, table)
    names = [record.get(schema.id) for record in records]
    probabilities = [prediction.churn_probability for prediction in predictions]
    service.answered.add_many(serving.release, names, probabilities, [0] * len(names), table)
    return [
        _row(index, name, prediction, cached=False, reasons=None)
        for index, (name, prediction) in enumerate(zip(names, predictions, strict=True))
    ]


def _judged_rows(service: Service, serving: Serving, records: Sequence[Any], reasons: int | None) -> list[Any]:
    """The rows, each customer read by itself."""
    schema = serving.release.schema
    readings, rows = _read_all(schema, records)
    refused = [row.errors for row in rows if row is not None]
    service.metrics.count_faults(schema, (fault for errors in refused for fault in errors))
    for errors in refused:
        service.answered.refuse(schema, errors)
    answers = service.cache.answer_many(serving, list(readings.values()), reasons)
    _track(service, serving, list(readings.values()), [prediction for prediction, _ in answers])
    for (index, reading), (prediction, cached) in zip(readings.items(), answers, strict=True):
        rows[index] = _row(index, reading.customer_id, prediction, cached=cached, reasons=reasons)
    return rows


def _track(service: Service, serving: Serving, readings: Sequence[Reading], answers: Sequence[Prediction]) -> None:
    service.answered.add_many(
        serving.release,
        [reading.customer_id for reading in readings],
        [prediction.churn_probability for prediction in answers],
        [len(prediction.assumed) for prediction in answers],
        tuple(map(list, zip(*(reading.customer for reading in readings), strict=True))),
    )


def _read_all(schema: Schema, records: Sequence[Any]) -> tuple[dict[int, Reading], list[Any]]:
    """The good rows by index, and a list with a place for each row that holds the answers for the bad ones."""
    readings: dict[int, Reading] = {}
    rows: list[Any] = [None] * len(records)
    left = MAX_FAULTS
    for index, record in enumerate(records):
        most = min(max(left, 1), MAX_LISTED)
        try:
            if isinstance(record, Oversized):
                message = f"A customer takes at most {ONE_LIMIT // 1024} KiB; got {record.characters:,} characters."
                raise ValidationError([FieldError("customer", "out_of_range", message)])
            readings[index] = schema.reader.read_guarded(record, most)
        except ValidationError as error:
            listed = list(error.errors[:most])
            left -= len(listed)
            rows[index] = RefusedRowAnswer(index, False, attention(error.count, len(listed)), listed)
    return readings, rows


def _row(index: int, name: str | None, prediction: Prediction, *, cached: bool, reasons: int | None) -> RowAnswer:
    return RowAnswer(
        index,
        True,
        name,
        prediction.prediction,
        prediction.churn_probability,
        1 - prediction.churn_probability,
        prediction.confidence,
        prediction.risk_band,
        prediction.assumed,
        prediction.probability_range,
        cached,
        UNSET if reasons is None else [ReasonAnswer(*reason) for reason in prediction.reasons],
        UNSET if reasons is None else [RecommendationAnswer(*each) for each in prediction.recommendations],
    )
