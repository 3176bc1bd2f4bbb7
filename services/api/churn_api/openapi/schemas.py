"""The shapes of requests and answers, from the declarations that the code itself works with."""

from collections.abc import Iterable, Mapping
from typing import Any, is_typeddict

import msgspec

from churn.schema import Schema
from churn_api.answers import Error, RefusedRowAnswer, RowAnswer
from churn_api.http.endpoint import schema_of

CODES = ("missing", "unknown", "wrong_type", "out_of_range", "not_allowed", "contradiction", "wrong_shape")


def schemas(schema: Schema, answers: Iterable[Any]) -> dict[str, Any]:
    """Every schema by name: those of requests, and those of what endpoints answer and of what that is made of."""
    # Content by media type has no name.
    named = {answer for answer in answers if isinstance(answer, type)} | {Error, RowAnswer, RefusedRowAnswer}
    kinds = sorted(named, key=lambda kind: kind.__name__)
    _, declared = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    for kind in filter(is_typeddict, kinds):
        # msgspec sorts a dictionary's members by name.
        members = declared[kind.__name__]["properties"]
        declared[kind.__name__]["properties"] = {name: members[name] for name in kind.__annotations__}
    rows = [schema_of(row.__name__) for row in (RowAnswer, RefusedRowAnswer)]
    declared["BatchAnswer"]["properties"]["predictions"]["items"] = {"oneOf": rows}
    declared["FieldError"]["properties"]["code"]["enum"] = list(CODES)
    return {"Customer": schema.json_schema, "Batch": _batch(), **declared}


def _batch() -> Mapping[str, Any]:
    # A row of any shape is answered, and refused by itself: only the array is the request's own.
    row = {"description": "A Customer; anything else is a refused row.", "anyOf": [schema_of("Customer"), {}]}
    customers = {"type": "array", "items": row}
    wrapped = {"type": "object", "required": ["customers"], "properties": {"customers": customers}}
    return {"description": "Customers, bare or by name.", "oneOf": [wrapped, customers]}
