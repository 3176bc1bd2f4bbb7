"""Customers and failures to show; the answers to them are tested against the schemas."""

import csv
import io
from typing import Any

from churn.schema import Schema


def whole(schema: Schema) -> dict[str, Any]:
    """A customer with every field."""
    return {schema.id: "7590-VHVEG", **{name: field.example for name, field in schema.fields.items()}}


def partial(schema: Schema) -> dict[str, Any]:
    """A customer with the required fields, the first optional category, and the number computed from others, if any."""
    optional = next((name for name in schema.categories if name not in schema.required), None)
    known = {*schema.required, optional, schema.product[0] if schema.product else None}
    return {name: field.example for name, field in schema.fields.items() if name in known}


def faulty(schema: Schema) -> dict[str, Any]:
    """The same customer with a number out of range and a value that its category does not have, where it has such."""
    number = [name for name in schema.numbers if name in schema.required][:1]
    category = [name for name, field in schema.categories.items() if field.required and not field.other][-1:]
    too_high = {name: 5 * abs(schema.numbers[name].high) + 1 for name in number}
    return partial(schema) | too_high | dict.fromkeys(category, "Weekly")


def customer(schema: Schema) -> dict[str, Any]:
    """The examples of bodies for /predict, by name, as OpenAPI has them."""
    return {
        "whole": {"summary": "Every field", "value": whole(schema)},
        "partial": {"summary": "Some fields; what is absent is averaged over real customers", "value": partial(schema)},
    }


def batch(schema: Schema) -> dict[str, Any]:
    """The examples of bodies for /batch_predict, by name, as OpenAPI has them."""
    named = {"customers": [whole(schema), faulty(schema)]}
    return {
        "named": {"summary": "By name, with a customer at fault", "value": named},
        "bare": {"summary": "A bare array", "value": [partial(schema)]},
    }


def table(schema: Schema) -> str:
    """A CSV file with one customer."""
    row = whole(schema)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([row, row.values()])
    return text.getvalue()
