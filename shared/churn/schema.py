"""The customer's declaration as JSON Schema, and as a hash that tells whether two programs understand it alike."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from churn.customer.declaration import FIELDS, GROUPS, ID, LABEL, REQUIRED
from churn.customer.fast_reading import MAX_ID_LENGTH, MAX_NAMES
from churn.customer.fields import Category, Field, Number
from churn.customer.numbers import AFTER, BEFORE, BODY
from churn.customer.spellings import MISSING, TAKES_NUMBERS, absent_words, texts
from churn.model.features import COLUMNS


def json_schema() -> dict[str, Any]:
    """A customer as JSON Schema.

    A pattern, which is valid in Python and in ECMAScript, describes all the texts that are read as a value. For forms,
    `x-groups` lists the groups in order, each property has its `x-group`, numbers have an `x-unit`, categories have
    `x-options` (value, label and the words for it), and an implied field has `x-implied-by`.
    """
    properties = {name: _property(name, field) for name, field in FIELDS.items()}
    identifier = {
        "type": ["string", "integer", "null"],
        "maxLength": MAX_ID_LENGTH,
        "title": "Customer ID",
        "description": "Echoed in the answer, as text.",
    }
    return {
        "type": "object",
        "required": list(REQUIRED),
        "properties": {ID: identifier, **properties, LABEL: {"title": "Churn", "description": "Ignored."}},
        "additionalProperties": False,
        "maxProperties": MAX_NAMES,
        "x-groups": list(GROUPS),
    }


def schema_hash() -> str:
    """SHA-256 over the fields' meaning and the columns made of them; titles and other words do not count."""
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
    before = f"(?:{BEFORE[field.unit]}\\s*)?" if BEFORE[field.unit] else ""
    number = rf"[+-]?\s*{before}{BODY}(?:\s*{AFTER[field.unit]})?"
    return {
        "type": kinds if field.required else [*kinds, "null"],
        "minimum": field.low,
        "maximum": field.high,
        "pattern": _pattern([number] if field.required else [number, *_any_case(MISSING)], blank=not field.required),
        "x-unit": field.unit,
    }


def _category(name: str, field: Category) -> dict[str, Any]:
    is_flag = name == "SeniorCitizen"
    values: list[Any] = [0, 1, "0", "1", "No", "Yes"] if is_flag else list(field.names)
    if name in TAKES_NUMBERS and not is_flag:
        values += [0, 1]
    options = [
        {"value": int(value) if is_flag else value, "label": label, "words": words}
        for label, (value, words) in zip(("No", "Yes") if is_flag else field.names, field.values.items(), strict=True)
    ]
    spelled = [*_any_case([*texts(name), *absent_words(name)]), *(["[01](?:[.,]0*)?"] if name in TAKES_NUMBERS else [])]
    rule = {"x-implied-by": asdict(field.implied_by)} if field.implied_by else {}
    return {
        "anyOf": [
            {"enum": [*values, *([] if field.required else [None])]},
            {"type": "string", "pattern": _pattern(spelled, blank=not field.required)},
        ],
        "x-options": options,
    } | rule


def _pattern(spelled: Iterable[str], *, blank: bool) -> str:
    return rf"^\s*(?:{'|'.join(spelled)}){'?' if blank else ''}\s*$"


def _any_case(words: Iterable[str]) -> list[str]:
    """Patterns of words in any letter case, with any blanks between them."""
    return [r"\s+".join("".join(map(_any_letter, part)) for part in word.split()) for word in sorted(words)]


def _any_letter(char: str) -> str:
    if char.isalpha():
        return f"[{char.upper()}{char.lower()}]"
    return f"\\{char}" if char in "\\^$.*+?()[]{}|/" else char
