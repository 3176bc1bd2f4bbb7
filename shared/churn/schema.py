"""The customer's declaration as JSON Schema, and as one hash that says whether two programs mean the same by it."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from churn.customer import FIELDS, GROUPS, ID, LABEL, REQUIRED
from churn.features import COLUMNS
from churn.fields import Category, Field, Number

NUMERIC_TEXT = r"^\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
# An optional number may be left blank.
BLANK_OR_NUMERIC_TEXT = rf"^\s*$|{NUMERIC_TEXT}"


def json_schema() -> dict[str, Any]:
    """A customer as JSON Schema.

    For forms, `x-groups` lists the groups in their order, each property carries its `x-group`, numbers `x-unit`,
    categories `x-options` (value, label and the words for it), and an implied field `x-implied-by`.
    """
    properties = {name: _property(name, field) for name, field in FIELDS.items()}
    identifier = {
        "type": ["string", "null"],
        "maxLength": 64,
        "title": "Customer ID",
        "description": "Echoed in the answer.",
    }
    return {
        "type": "object",
        "required": list(REQUIRED),
        "properties": {ID: identifier, **properties, LABEL: {"title": "Churn", "description": "Ignored."}},
        "additionalProperties": False,
        "x-groups": list(GROUPS),
    }


def schema_hash() -> str:
    """SHA-256 over what the fields mean and the columns made of them; words and titles don't count."""
    meaning = {name: _meaning(field) for name, field in FIELDS.items()}
    return hashlib.sha256(json.dumps([meaning, COLUMNS]).encode()).hexdigest()


def _meaning(field: Field) -> list[Any]:
    if isinstance(field, Number):
        return [field.low, field.high, field.whole, field.required]
    return [field.names, field.required, asdict(field.implied_by) if field.implied_by else None]


def _property(name: str, field: Field) -> dict[str, Any]:
    common = {
        "title": field.title,
        "description": field.description,
        "x-group": field.group,
        "examples": [field.example],
    }
    return common | (_number(field) if isinstance(field, Number) else _category(name, field))


def _number(field: Number) -> dict[str, Any]:
    kinds = ["integer" if field.whole else "number", "string"]
    return {
        "type": kinds if field.required else [*kinds, "null"],
        "minimum": field.low,
        "maximum": field.high,
        "pattern": NUMERIC_TEXT if field.required else BLANK_OR_NUMERIC_TEXT,
        "x-unit": field.unit,
    }


def _category(name: str, field: Category) -> dict[str, Any]:
    if name == "SeniorCitizen":
        return {
            "enum": [0, 1, "0", "1", "No", "Yes"],
            "x-options": [
                {"value": 0, "label": "No", "words": field.values["0"]},
                {"value": 1, "label": "Yes", "words": field.values["1"]},
            ],
        }
    options = [{"value": value, "label": value, "words": words} for value, words in field.values.items()]
    rule = {"x-implied-by": asdict(field.implied_by)} if field.implied_by else {}
    return {"enum": [*field.names, *([] if field.required else [None])], "x-options": options} | rule
