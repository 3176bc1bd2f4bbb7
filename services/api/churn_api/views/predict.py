"""/predict and /batch_predict."""

from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import cast
from urllib.parse import parse_qs

from flask import Request, Response, request
from werkzeug.local import LocalProxy

from churn.errors import ValidationError
from churn.schema import Schema
from churn_api.answers import BatchAnswer, PredictionAnswer, respond
from churn_api.auth.api_keys import SCORE
from churn_api.errors import InvalidBody
from churn_api.http.endpoint import Endpoints, Json, described, schema_of
from churn_api.http.json_body import kind_of, read_json, received
from churn_api.openapi import examples
from churn_api.predictions import single
from churn_api.predictions.batch import predict_batch
from churn_api.predictions.customer_list import ONE_LIMIT, read_customers
from churn_api.predictions.reasons import read_reasons
from churn_api.service import service

endpoints = Endpoints("Predictions")

BATCH_LIMIT = 2 * 1024 * 1024
DEFAULT_REASONS = 5

# Batches of a process are computed one after the other: at once they would end no sooner, and a prediction that comes
# meanwhile would have to wait for a turn of each.
_computing = Lock()

_JOBS = " Send more customers as a CSV to /jobs."


def _reasons(default: int | str, note: str) -> Callable[[Schema], Json]:
    def query(schema: Schema) -> Json:
        numbers = {"type": "integer", "minimum": 0, "maximum": len(schema.fields)}
        usual = default if isinstance(default, str) else min(default, len(schema.fields))
        wanted = {"oneOf": [numbers, {"enum": ["all", "none"]}], "default": usual}
        return {"reasons": described(f"How many reasons, the largest first. {note}", wanted)}

    return query


def _customer(schema: Schema) -> Json:
    return {"application/json": {"schema": schema_of("Customer"), "examples": examples.customer(schema)}}


def _batch(schema: Schema) -> Json:
    return {"application/json": {"schema": schema_of("Batch"), "examples": examples.batch(schema)}}


@endpoints.add(
    "POST /predict",
    SCORE,
    query=_reasons(DEFAULT_REASONS, '"none" leaves out the recommendations as well.'),
    body=_customer,
    most_bytes=ONE_LIMIT,
    answer=PredictionAnswer,
)
def predict() -> Response:
    """Predict for one customer."""
    sent, parts = _sent(), service()
    reasons = wanted_reasons(sent.environ["QUERY_STRING"], DEFAULT_REASONS, len(parts.schema.fields))
    record = read_json(sent, ONE_LIMIT)
    if not isinstance(record, dict):
        raise InvalidBody(f"The body must be a JSON object with a customer's fields; got {kind_of(record)}.")
    try:
        return respond(single.predict(parts, record, reasons))
    except ValidationError as error:
        parts.metrics.count_faults(parts.schema, error.errors)
        parts.answered.refuse(parts.schema, error.errors)
        raise


@endpoints.add(
    "POST /batch_predict",
    SCORE,
    description="Each customer is judged alone: one at fault spoils no other. More customers go to /jobs.",
    query=_reasons("none", "Recommendations come with them."),
    body=_batch,
    most_bytes=BATCH_LIMIT,
    answer=BatchAnswer,
)
def batch_predict() -> Response:
    """Predict for up to {settings.max_batch_rows:,} customers."""
    sent, parts = _sent(), service()
    reasons = wanted_reasons(sent.environ["QUERY_STRING"], None, len(parts.schema.fields))
    body = received(sent, BATCH_LIMIT, _JOBS)
    with _computing:
        customers = read_customers(body, parts.settings.max_batch_rows, _JOBS)
        answer = predict_batch(parts, customers, reasons)
    return respond(answer)


def _sent() -> Request:
    """The request itself: each use of Flask's proxy for it costs as much as a lookup in the cache."""
    return cast("LocalProxy[Request]", request)._get_current_object()


@lru_cache(64)
def wanted_reasons(query: str, default: int | None, most: int) -> int | None:
    """How many reasons a query asks for, as `read_reasons` has it. Raises ValidationError."""
    wanted = parse_qs(query, keep_blank_values=True).get("reasons", [None])[0]
    return default if wanted is None else read_reasons(wanted, most)
