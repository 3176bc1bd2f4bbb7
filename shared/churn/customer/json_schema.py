"""The customer's declaration as JSON Schema."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from churn.customer.declaration import Declaration
from churn.customer.fast_reading import MAX_ID_LENGTH
from churn.customer.fields import Category, Field, Number
from churn.customer.numbers import BODY, around, escaped
from churn.customer.spellings import Spellings


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
        "description": "Echoed in the answer, as text. While CHURN_TRACKING is on, a prediction with an id is kept: "
        "/quality compares it with what came.",
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
    return common | (
        _number(name, field, spellings) if isinstance(field, Number) else _category(name, field, spellings)
    )


def _number(name: str, field: Number, spellings: Spellings) -> dict[str, Any]:
    kinds = ["integer" if field.whole else "number", "string"]
    before, after = around(field.unit)
    in_front = rf"(?:{before}\s*)?" if before else ""
    behind = rf"(?:\s*{after})?" if after else ""
    number = rf"[+-]?\s*{in_front}{BODY}{behind}"
    blank = not field.required or field.blank_is_value
    return {
        "type": [*kinds, "null"] if blank else kinds,
        "minimum": field.low,
        "maximum": field.high,
        "pattern": _pattern([number, *_any_case(spellings.absent_words(name))], blank=blank),
        "x-unit": field.unit,
    }


def _category(name: str, field: Category, spellings: Spellings) -> dict[str, Any]:
    numbers, blank = spellings.whole_numbers[name], not field.required or field.blank_is_value
    values = [*field.json_values, *field.names, *field.labels[:2]] if field.is_flag else [*field.names, *numbers]
    return {
        "anyOf": [
            {"enum": [*dict.fromkeys(values), *([None] if blank else [])]},
            {"type": "string", "pattern": _text_pattern(name, field, spellings, blank=blank)},
            *([{"type": "number"}] if field.other and numbers else []),
        ],
        "x-options": field.options,
    } | ({"x-implied-by": asdict(field.implied_by)} if field.implied_by else {})


def _text_pattern(name: str, field: Category, spellings: Spellings, *, blank: bool) -> str:
    if field.other:
        refused = "|".join(_any_case(spellings.refused_words(name)))
        return rf"^(?!\s*(?:{refused}){'' if blank else '?'}\s*$)" if refused or not blank else ""
    numbers = spellings.whole_numbers[name]
    words = _any_case([*spellings.texts(name), *spellings.absent_words(name)])
    if numbers:
        whole = "[01]" if numbers == [0, 1] else f"(?:{'|'.join(map(str, numbers))})"
        words.append(rf"{whole}(?:[.,]0*)?")
    return _pattern(words, blank=blank)


def _pattern(spelled: Iterable[str], *, blank: bool) -> str:
    return rf"^\s*(?:{'|'.join(spelled)}){'?' if blank else ''}\s*$"


def _any_case(words: Iterable[str]) -> list[str]:
    """Patterns of these texts in any letter case, with any blanks between their words."""
    return [r"\s+".join("".join(map(_any_letter, part)) for part in word.split()) for word in sorted(words)]


def _any_letter(char: str) -> str:
    if char.isalpha():
        return f"[{char.upper()}{char.lower()}]"
    return escaped(char)
