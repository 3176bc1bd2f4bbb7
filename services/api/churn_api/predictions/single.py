"""From one customer as sent to the answer of /predict."""

from datetime import UTC, datetime
from typing import Any

from churn_api.answers import PredictionAnswer, ReasonAnswer, RecommendationAnswer
from churn_api.service import Service


def predict(service: Service, record: dict[str, Any], reasons: int | None) -> PredictionAnswer:
    """Answer for one customer. Raises ValidationError, or what keeps a release from serving."""
    serving = service.releases.serving
    reading = serving.release.schema.reader.read_guarded(record)
    prediction, cached = service.cache.answer(serving, reading, reasons)
    service.answered.add(
        serving.release,
        reading.customer_id,
        prediction.churn_probability,
        len(prediction.assumed),
        reading.customer,
    )
    service.metrics.count_prediction(prediction)
    service.counters.count_served(1)
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
