"""From many customers as sent to the answer of /batch_predict."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import UNSET

from churn.errors import attention
from churn_api.answers import BatchAnswer, ReasonAnswer, RecommendationAnswer, RefusedRowAnswer, RowAnswer
from churn_api.predictions.judging import Judged, Parts, Refused, judge


def predict_batch(parts: Parts, records: Sequence[Any], reasons: int | None) -> BatchAnswer:
    """Answer for many customers, each judged alone. Raises only what keeps a release from serving."""
    serving = parts.releases.serving
    judged = judge(parts, serving, records, reasons, "batch")
    rows = [
        _refused(index, row) if isinstance(row, Refused) else _row(index, row, reasons)
        for index, row in enumerate(judged)
    ]
    failed = sum(isinstance(row, Refused) for row in judged)
    return BatchAnswer(True, len(rows), failed, rows, datetime.now(UTC).isoformat(), serving.about)


def _refused(index: int, row: Refused) -> RefusedRowAnswer:
    return RefusedRowAnswer(index, False, attention(row.faults, len(row.errors)), row.errors)


def _row(index: int, row: Judged, reasons: int | None) -> RowAnswer:
    prediction = row.prediction
    return RowAnswer(
        index,
        True,
        row.name,
        prediction.prediction,
        prediction.churn_probability,
        1 - prediction.churn_probability,
        prediction.confidence,
        prediction.risk_band,
        prediction.assumed,
        prediction.probability_range,
        row.cached,
        UNSET if reasons is None else [ReasonAnswer(*reason) for reason in prediction.reasons],
        UNSET if reasons is None else [RecommendationAnswer(*each) for each in prediction.recommendations],
    )
