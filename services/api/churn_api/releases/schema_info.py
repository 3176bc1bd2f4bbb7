"""The declaration of the release in service as programs and forms read it."""

from dataclasses import asdict
from typing import Any

from churn.customer.fields import Field, Number
from churn.schema import Schema
from churn_api.answers import SchemaAnswer


def schema_info(schema: Schema) -> SchemaAnswer:
    """The answer of /schema; categories have `values`, numbers have `low` and `high` in `unit`."""
    return SchemaAnswer(
        schema.name,
        schema.hash,
        schema.id,
        schema.outcome,
        schema.label_window_months,
        schema.currency,
        list(schema.groups),
        [{"name": name} | _field(field) for name, field in schema.fields.items()],
        list(schema.features.names),
    )


def _field(field: Field) -> dict[str, Any]:
    common = {"title": field.title, "group": field.group, "help": field.description, "required": field.required}
    if isinstance(field, Number):
        bounds = {"low": field.low, "high": field.high, "whole": field.whole, "unit": field.unit, "role": field.role}
        return common | {"type": "number"} | bounds
    rule = asdict(field.implied_by) if field.implied_by else None
    offers = [asdict(offer) for offer in field.offers]
    told = {"values": field.options, "implied_by": rule, "offers": offers, "protected": field.protected is not None}
    return common | {"type": "category"} | told
