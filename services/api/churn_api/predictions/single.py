"""From one customer as sent to the answer of /predict."""

from datetime import UTC, datetime
from typing import Any

from churn_api.answers import PredictionAnswer, ReasonAnswer, RecommendationAnswer
from churn_api.predictions.judging import Judged, Parts
from churn_api.releases.watcher import Serving


def predict(parts: Parts, record: dict[str, Any], reasons: int | None) -> PredictionAnswer:
    """Answer for one customer. Raises ValidationError, or what keeps a release from serving."""
    serving = parts.releases.serving
    reading = serving.release.schema.reader.read_guarded(record)
    prediction, cached = parts.cache.answer(serving, reading, reasons)
    parts.answered.add(
        serving.release,
        reading.customer_id,
        prediction.churn_probability,
        len(prediction.assumed),
        reading.customer,
    )
    parts.metrics.count_prediction(prediction)
    parts.counters.count_served(1)
    return PredictionAnswer(*answered(Judged(reading.customer_id, prediction, cached), serving))


def answered(judged: Judged, serving: Serving) -> tuple[Any, ...]:
    """What PredictionAnswer says of a customer, value for value."""
    prediction = judged.prediction
    return (
        True,
        judged.name,
        prediction.prediction,
        prediction.churn_probability,
        1 - prediction.churn_probability,
        prediction.confidence,
        prediction.risk_band,
        prediction.assumed,
        prediction.probability_range,
        judged.cached,
        datetime.now(UTC).isoformat(),
        [ReasonAnswer(*reason) for reason in prediction.reasons],
        [RecommendationAnswer(*each) for each in prediction.recommendations],
        serving.about,
    )
