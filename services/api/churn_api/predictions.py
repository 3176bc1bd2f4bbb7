"""From customers as sent to the answers of /predict and /batch_predict."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import UNSET

from churn.errors import FieldError, ValidationError
from churn.predict import Prediction
from churn.reading import Reading, read
from churn_api.answers import (
    BatchAnswer,
    PredictionAnswer,
    ReasonAnswer,
    RecommendationAnswer,
    RefusedRowAnswer,
    RowAnswer,
)
from churn_api.service import Service


def predict(service: Service, record: dict[str, Any], reasons: int | None) -> PredictionAnswer:
    """Answer for one customer. Raises ValidationError, or what keeps a release from serving."""
    serving = service.releases.serving
    reading = read(record)
    prediction, cached = service.cache.answer(serving, reading, reasons)
    service.metrics.count_prediction(prediction)
    service.board.count_served(1)
    return PredictionAnswer(
        True,
        reading.customer_id,
        prediction.prediction,
        prediction.churn_probability,
        1 - prediction.churn_probability,
        prediction.confidence,
        prediction.risk_band,
        prediction.assumed,
        prediction.probability_range,
        cached,
        datetime.now(UTC).isoformat(),
        [ReasonAnswer(*reason) for reason in prediction.reasons],
        [RecommendationAnswer(*each) for each in prediction.recommendations],
        serving.about,
    )


def predict_batch(service: Service, records: Sequence[Any], reasons: int | None) -> BatchAnswer:
    """Answer for many customers, each judged alone. Raises only what keeps a release from serving."""
    serving = service.releases.serving
    readings, rows = _read_all(records)
    predictions = service.cache.answer_many(serving, list(readings.values()), reasons)
    for (index, reading), (prediction, cached) in zip(readings.items(), predictions, strict=True):
        rows[index] = _row(index, reading, prediction, cached, reasons)
    service.metrics.count_batch([prediction for prediction, _ in predictions])
    service.metrics.count_faults(fault for row in rows if isinstance(row, RefusedRowAnswer) for fault in row.errors)
    service.board.count_served(len(predictions))
    return BatchAnswer(
        True, len(rows), len(rows) - len(predictions), rows, datetime.now(UTC).isoformat(), serving.about
    )


def _read_all(records: Sequence[Any]) -> tuple[dict[int, Reading], list[Any]]:
    """The good rows by index, and a list with a place for each row that holds the answers for the bad ones."""
    readings: dict[int, Reading] = {}
    rows: list[Any] = [None] * len(records)
    for index, record in enumerate(records):
        try:
            readings[index] = read(record) if isinstance(record, dict) else _no_customer(record)
        except ValidationError as error:
            rows[index] = RefusedRowAnswer(index, False, list(error.errors))
    return readings, rows


def _no_customer(record: Any) -> Reading:
    kind = type(record).__name__
    raise ValidationError([FieldError("customer", "wrong_type", f"A customer must be a JSON object; got a {kind}.")])


def _row(index: int, reading: Reading, prediction: Prediction, cached: bool, reasons: int | None) -> RowAnswer:
    return RowAnswer(
        index,
        True,
        reading.customer_id,
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
