"""A declaration that loads can be used for all that it is for, and any other one is refused as such."""

import copy
import json
import math
import tomllib
from typing import Any

import jsonschema
import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.provider import TEXT
from tests.telco import TELCO

from churn.customer.likeness import fold
from churn.customer.references import ID
from churn.customer.spellings import folded
from churn.errors import BrokenDeclaration
from churn.schema import Schema, load_schema

NAMES = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=8).filter(
    lambda name: name.isprintable() and name == name.strip()
)
LETTERS = st.text("abcdefghijklmnopqrstuvwxyz0123456789 _.-é", min_size=1, max_size=8).filter(
    lambda name: name == name.strip()
)
NUMBERS = st.integers(-1000, 1000) | st.floats(-1e6, 1e6, allow_subnormal=False)
FLAGS = {"required": st.booleans(), "blank": st.sampled_from(["unknown", "value"]), "title": NAMES, "help": NAMES}


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, Any]:
    low, high = sorted(draw(st.lists(NUMBERS, min_size=2, max_size=2, unique=True)))
    assume(low < high)
    field = draw(st.fixed_dictionaries({}, optional=FLAGS | {"unit": NAMES}))
    protected = {"protected": True} if draw(st.booleans()) else {}
    edges = draw(st.lists(st.floats(low, high), max_size=4))
    whole = {"whole": True} if low == int(low) and high == int(high) and draw(st.booleans()) else {}
    bands = {"bands": sorted({low, *edges, high})} if edges else {}
    return field | {"type": "number", "low": low, "high": high, "words": "{} of it"} | whole | bands | protected


@st.composite
def categories(draw: st.DrawFn, before: dict[str, list[str]]) -> dict[str, Any]:
    """A category whose values follow, perhaps, from one of those `before`, given with their values."""
    values = draw(st.lists(NAMES | LETTERS, min_size=2, max_size=5, unique_by=folded))
    field = draw(st.fixed_dictionaries({}, optional=FLAGS | {"other": st.booleans(), "protected": st.just(value=True)}))
    words = {value: f"It is {value}" for value in values}
    rule = {}
    if before and draw(st.booleans()):
        parent = draw(st.sampled_from(list(before)))
        implied = draw(st.sampled_from([*values, *([""] if field.get("blank") == "value" else [])]))
        rule = {
            "implied_by": {"field": parent, "value": draw(st.sampled_from(before[parent])), "implies": implied},
        }
    return field | {"type": "category", "values": draw(st.sampled_from([values, words]))} | rule


@st.composite
def declarations(draw: st.DrawFn) -> dict[str, Any]:
    """A legal declaration, unless two of its columns happen to have one name."""
    names = draw(st.lists(NAMES | LETTERS, min_size=4, max_size=9, unique_by=fold))
    assume(fold(ID) not in map(fold, names))
    fields: list[dict[str, Any]] = []
    before: dict[str, list[str]] = {}
    for name in names[3:]:
        field = draw(numbers() | categories(before))
        if field["type"] == "category" and "implied_by" not in field:
            before[name] = list(field["values"])
        fields.append({"name": name} | field)
    fields[0]["columns"] = [names[0]]
    table = {"name": "x", "outcome": names[1], "left": ["1"], "stayed": ["0"], "missing": ["?", "unknown"]}
    return {"table": table, "leave_out": {names[2]: "known afterwards"}, "field": fields}


def as_toml(value: Any) -> str:
    """A value as TOML in one line."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{as_toml(str(key))} = {as_toml(item)}' for key, item in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower()


def text_of(declaration: dict[str, Any]) -> str:
    return "\n".join(f"{as_toml(name)} = {as_toml(section)}" for name, section in declaration.items())


def assert_usable(schema: Schema) -> None:
    """Its examples are read and described, and so is every value of it; columns can be made of them."""
    record = {name: field.example for name, field in schema.fields.items()}
    reading = schema.reader.read(record)
    assert reading.assumed == ()
    told = {name: schema.value_of(name, reading.customer) for name in schema.fields}
    assert schema.reader.read(told).customer == reading.customer
    glanced = schema.reader.glance(told)
    assert glanced is None or glanced == reading.customer
    assert all(schema.words_for(name, reading.customer) for name in schema.fields)
    assert np.isfinite(schema.features.of(reading.customer)).all()
    assert np.isfinite(schema.features.matrix(schema.table_of([reading.customer]))).all()
    jsonschema.Draft202012Validator.check_schema(schema.json_schema)
    jsonschema.Draft202012Validator(schema.json_schema).validate(record)
    json.dumps(schema.json_schema, allow_nan=False)
    assert len(schema.hash) == 64
    for name, field in schema.fields.items():
        assert {schema.column_names.field_of(column) for column in (name, *field.columns)} == {name}
        assert name not in schema.leave_out
    for name, category in schema.categories.items():
        for code, value in enumerate(category.names):
            assert schema.spellings.code_of(name, value) == schema.spellings.code_of(name, value.casefold()) == code
    for name, number in schema.numbers.items():
        assert number.phrase(number.high)
        assert number.phrase(math.nan) if number.blank_is_value else number.phrase(number.low)
        assert schema.reader.read(record | {name: number.high}).customer[schema.position[name]] == number.high


def loaded(text: str) -> Schema | BrokenDeclaration:
    """The schema or the refusal; any other exception is a fault of the loader."""
    try:
        return load_schema(text, "customer.toml")
    except BrokenDeclaration as refusal:
        return refusal


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(declarations())
def test_a_legal_declaration_can_be_used(declaration: dict[str, Any]) -> None:
    schema = loaded(text_of(declaration))
    if isinstance(schema, BrokenDeclaration):
        assert all("two columns are called" in told for told in schema.faults), schema.faults
    else:
        assert_usable(schema)


ANY = st.sampled_from([2**53, 10**400, math.inf, 1e300, -1, 0, 0.5, True, "", "{x}", "{", "gender", "a\nb", [], {}])
VALUES = (
    ANY | st.integers() | st.floats() | st.text(max_size=3) | st.lists(ANY, max_size=2) | st.dictionaries(NAMES, ANY)
)

Path = tuple[str | int, ...]


def paths(held: Any) -> list[Path]:
    """The way to each thing in a declaration, or in a part of it."""
    if not isinstance(held, dict | list):
        return []
    parts = list(held.items() if isinstance(held, dict) else enumerate(held))
    return [path for key, item in parts for path in [(key,), *((key, *inner) for inner in paths(item))]]


SOUND = [(held, paths(held)) for held in (tomllib.loads(TEXT), tomllib.loads(TELCO.source))]


@st.composite
def changed_ones(draw: st.DrawFn) -> str:
    """A declaration in which one thing is left out, twice there, differently named, or replaced by any value."""
    original, ways = draw(st.sampled_from(SOUND))
    held = part = copy.deepcopy(original)
    *way, key = draw(st.sampled_from(ways))
    for step in way:
        part = part[step]
    change = draw(st.sampled_from(["value", "value", "gone", "again"]))
    if change == "value":
        part[key] = draw(VALUES)
    elif change == "gone":
        del part[key]
    elif isinstance(part, list):
        part.append(part[key])
    else:
        part[draw(NAMES | st.just(str(key).upper()))] = part[key]
    return text_of(held)


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(changed_ones())
def test_a_changed_declaration_is_refused_as_such_or_can_be_used(text: str) -> None:
    schema = loaded(text)
    if isinstance(schema, BrokenDeclaration):
        assert schema.faults
    else:
        assert_usable(schema)


@settings(max_examples=200)
@given(st.text(max_size=60) | st.text('[]{}"=.,\n field', max_size=40))
def test_any_text_is_refused(text: str) -> None:
    assert isinstance(loaded(text), BrokenDeclaration)
