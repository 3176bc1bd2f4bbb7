"""The operations on predictions, the model, health and documentation."""

from typing import Any

from churn.customer.declaration import FIELDS
from churn_api.openapi import examples
from churn_api.openapi.operations import json_content, operation, revalidated
from churn_api.settings import ApiSettings

_TEXT = {"schema": {"type": "string"}}
_STATE = {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}


def paths(settings: ApiSettings) -> dict[str, Any]:
    return {
        "/predict": {"post": _predict()},
        "/batch_predict": {"post": _batch_predict(settings.max_batch_rows)},
        **_model(),
        **_health(),
        **_documentation(),
    }


def _reasons(default: int | str, note: str) -> list[dict[str, Any]]:
    schema = {"oneOf": [{"type": "integer", "minimum": 0, "maximum": len(FIELDS)}, {"enum": ["all", "none"]}]}
    description = f"How many reasons, the largest first. {note}"
    return [{"name": "reasons", "in": "query", "description": description, "schema": schema | {"default": default}}]


def _predict() -> dict[str, Any]:
    return operation(
        "Predictions",
        "predict",
        "Predict for one customer",
        json_content("PredictionAnswer"),
        fails=(400, 413, 415, 422, 503),
        parameters=_reasons(5, '"none" leaves out the recommendations as well.'),
        requestBody={"required": True, "content": json_content("Customer", examples=examples.CUSTOMER)},
    )


def _batch_predict(most: int) -> dict[str, Any]:
    return operation(
        "Predictions",
        "batchPredict",
        f"Predict for up to {most:,} customers",
        json_content("BatchAnswer"),
        description="Each customer is judged alone: one at fault spoils no other. More customers go to /jobs.",
        fails=(400, 413, 415, 422, 503),
        parameters=_reasons("none", "Recommendations come with them."),
        requestBody={"required": True, "content": json_content("Batch", examples=examples.BATCH)},
    )


def _model() -> dict[str, Any]:
    version = {"name": "version", "in": "path", "required": True, **_TEXT}
    name = {"name": "name", "in": "path", "required": True, **_TEXT}
    files: dict[str, Any] = {"application/json": {}, "image/png": {}, "text/html": {}, "application/octet-stream": {}}
    return {
        "/model_info": {
            "get": revalidated(
                operation("Model", "modelInfo", "The release in service", json_content("ModelInfo"), fails=(503,))
            )
        },
        "/releases": {
            "get": operation("Model", "releases", "All releases", json_content("ReleasesAnswer"), fails=(503,))
        },
        "/releases/{version}/files/{name}": {
            "get": operation(
                "Model", "releaseFile", "A file of a release", files, fails=(404, 503), parameters=[version, name]
            )
        },
    }


def _health() -> dict[str, Any]:
    state = {"application/json": {"schema": _STATE}}
    return {
        "/health": {
            "get": operation("Health", "health", "How the service is", json_content("HealthAnswer"), needs_key=False)
        },
        "/health/live": {"get": operation("Health", "live", "Whether the process answers", state, needs_key=False)},
        "/health/ready": {
            "get": operation("Health", "ready", "Whether it can predict", state, needs_key=False, fails=(503,))
        },
        "/metrics": {
            "get": operation("Health", "metrics", "Prometheus metrics over all processes", {"text/plain": _TEXT})
        },
    }


def _documentation() -> dict[str, Any]:
    page = {"text/html": _TEXT}
    site = operation("Documentation", "index", "The site", page | {"application/json": {}}, needs_key=False)
    docs = operation("Documentation", "docs", "This document, for people", page, needs_key=False)
    document = operation("Documentation", "openapi", "This document", {"application/json": {}})
    return {
        "/": {"get": revalidated(site)},
        "/docs": {"get": revalidated(docs)},
        "/openapi.json": {"get": revalidated(document)},
    }
