"""The shapes of requests and answers, from the declarations that the code itself works with."""

from typing import Any

import msgspec

from churn.errors import FieldError
from churn.schema import json_schema
from churn_api.answers import (
    BatchAnswer,
    HealthAnswer,
    PredictionAnswer,
    RefusedRowAnswer,
    ReleasesAnswer,
    RowAnswer,
)

CODES = ("missing", "unknown", "wrong_type", "out_of_range", "not_allowed", "contradiction", "wrong_shape")

_DECLARED = (BatchAnswer, HealthAnswer, PredictionAnswer, RefusedRowAnswer, ReleasesAnswer, RowAnswer, FieldError)


def reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def schemas() -> dict[str, Any]:
    """Every schema by name."""
    _, declared = msgspec.json.schema_components(_DECLARED, ref_template="#/components/schemas/{name}")
    declared["FieldError"]["properties"]["code"]["enum"] = list(CODES)
    declared["BatchAnswer"]["properties"]["predictions"]["items"] = {
        "oneOf": [reference("RowAnswer"), reference("RefusedRowAnswer")]
    }
    return {"Customer": json_schema(), "Batch": _batch(), "Error": _error(), "ModelInfo": _model_info(), **declared}


def _batch() -> dict[str, Any]:
    # A row of any shape is answered, and refused by itself: only the array is the request's own.
    row = {"description": "A Customer; anything else is a refused row.", "anyOf": [reference("Customer"), {}]}
    customers = {"type": "array", "items": row}
    wrapped = {"type": "object", "required": ["customers"], "properties": {"customers": customers}}
    return {"description": "Customers, bare or by name.", "oneOf": [wrapped, customers]}


def _error() -> dict[str, Any]:
    properties = {
        "success": {"const": False},
        "error": {"type": "string", "description": "What is wrong, and what to do about it."},
        "error_type": {"type": "string", "examples": ["ValidationError"]},
        "errors": {
            "type": "array",
            "items": reference("FieldError"),
            "description": "Empty where no field is at fault.",
        },
        "request_id": {"type": "string"},
        "timestamp": {"type": "string", "format": "date-time"},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _model_info() -> dict[str, Any]:
    free: dict[str, Any] = {"type": "object"}
    properties = {
        "version": {"type": "string"},
        "model_name": {"type": "string"},
        "kind": {"enum": ["scorecard", "onnx"]},
        "timestamp": {"type": "string", "format": "date-time", "description": "When it was trained."},
        "released_at": {"type": "string", "format": "date-time"},
        "threshold": {"type": "number", "minimum": 0, "maximum": 1},
        "columns": {"type": "array", "items": {"type": "string"}, "minItems": 45, "maxItems": 45},
        "metrics": free | {"description": "Cross-validated with spread (cv), and once on the test split (test)."},
        "data": free | {"description": "Where the data is from, its checksum and its rows."},
        "libraries": free,
        "files": free | {"description": "What /releases/{version}/files/{name} offers."},
        "reasons": free | {"description": "How reasons are made, and whether they add up."},
        "cache": free | {"description": "When Redis is asked, and what both ways cost, in seconds as measured."},
    }
    return {"type": "object", "required": list(properties), "properties": properties, "additionalProperties": True}
