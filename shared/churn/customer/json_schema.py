"""The customer's declaration as JSON Schema."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from churn.customer.declaration import Declaration
from churn.customer.fast_reading import MAX_ID_LENGTH
from churn.customer.fields import Category, Field, Number
from churn.customer.numbers import BODY, around
from churn.customer.spellings import MISSING, Spellings


def json_schema(declaration: Declaration, spellings: Spellings) -> dict[str, Any]:
    """A customer as JSON Schema.

    A pattern, which is valid in Python and in ECMAScript, describes all the texts that are read as a value. For forms,
    `x-groups` lists the groups in order, each property has its `x-group`, numbers have an `x-unit`, categories have
    `x-options` (value, label and the words for it), and an implied field has `x-implied-by`.
    """
    properties = {name: _property(name, field, spellings) for name, field in declaration.fields.items()}
    identifier = {
        "type": ["string", "integer", "null"],
        "maxLength": MAX_ID_LENGTH,
        "title": "Customer ID",
        "description": "Echoed in the answer, as text.",
    }
    ignored = {"title": declaration.outcome, "description": "Ignored."}
    return {
        "type": "object",
        "required": list(declaration.required),
        "properties": {declaration.id: identifier, **properties, declaration.outcome: ignored},
        "additionalProperties": False,
        "maxProperties": declaration.max_names,
        "x-groups": list(declaration.groups),
    }


def _property(name: str, field: Field, spellings: Spellings) -> dict[str, Any]:
    common = {
        "title": field.title,
        "description": field.description,
        "x-group": field.group,
        "examples": [field.example],
    }
    return common | (_number(field) if isinstance(field, Number) else _category(name, field, spellings))


def _number(field: Number) -> dict[str, Any]:
    kinds = ["integer" if field.whole else "number", "string"]
    before, after = around(field.unit)
    in_front = rf"(?:{before}\s*)?" if before else ""
    behind = rf"(?:\s*{after})?" if after else ""
    number = rf"[+-]?\s*{in_front}{BODY}{behind}"
    return {
        "type": kinds if field.required else [*kinds, "null"],
        "minimum": field.low,
        "maximum": field.high,
        "pattern": _pattern([number] if field.required else [number, *_any_case(MISSING)], blank=not field.required),
        "x-unit": field.unit,
    }


def _category(name: str, field: Category, spellings: Spellings) -> dict[str, Any]:
    takes_numbers = name in spellings.takes_numbers
    values: list[Any] = [0, 1, *field.names, *field.labels] if field.is_flag else list(field.names)
    if takes_numbers and not field.is_flag:
        values += [0, 1]
    words = _any_case([*spellings.texts(name), *spellings.absent_words(name)])
    spelled = [*words, *(["[01](?:[.,]0*)?"] if takes_numbers else [])]
    rule = {"x-implied-by": asdict(field.implied_by)} if field.implied_by else {}
    return {
        "anyOf": [
            {"enum": [*values, *([] if field.required else [None])]},
            {"type": "string", "pattern": _pattern(spelled, blank=not field.required)},
        ],
        "x-options": field.options,
    } | rule


def _pattern(spelled: Iterable[str], *, blank: bool) -> str:
    return rf"^\s*(?:{'|'.join(spelled)}){'?' if blank else ''}\s*$"


def _any_case(words: Iterable[str]) -> list[str]:
    """Patterns of these texts in any letter case, with any blanks between their words."""
    return [r"\s+".join("".join(map(_any_letter, part)) for part in word.split()) for word in sorted(words)]


def _any_letter(char: str) -> str:
    if char.isalpha():
        return f"[{char.upper()}{char.lower()}]"
    return f"\\{char}" if char in "\\^$.*+?()[]{}|/" else char
