"""Reading a customer's declaration from its TOML file, with all faults reported at once.

`churn.customer.sections` checks what each section holds. This module checks how sections refer to each other, and makes
the declaration.
"""

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from churn.customer.declaration import Declaration, Expectation
from churn.customer.fields import Category, Field, ImpliedBy, Number, Offer, Product
from churn.customer.phrases import phrase_of
from churn.customer.sections import CATEGORY, EXPECT, NUMBER, SIMILAR_COLUMN, SIMILAR_VALUES, TABLE, Section
from churn.errors import BrokenDeclaration

MAX_FIELDS = 64

# Codes are stored as signed bytes, and negative ones stand for values that are absent or not understood.
MAX_VALUES = 100

_SECTIONS = ("table", "field", "expect", "similar_columns", "similar_values")

# What programs write for no and yes. 0 and 1 mean them too, but only in a field without other values.
_NO, _YES = ("n", "f", "false", "no"), ("y", "t", "true", "yes")


class _File(NamedTuple):
    """The sections of a file; `values` has the values of each category without faults, by the field's name."""

    table: Section
    fields: list[Section]
    expected: list[Section]
    similar_columns: Section
    similar_values: Section
    values: dict[str, Mapping[str, str]]


def load(text: str, name: str) -> Declaration:
    """The declaration in a file's text; `name` is the file's name in messages.

    Raises BrokenDeclaration with every fault.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BrokenDeclaration(name, [f"It is no TOML: {error}."]) from error
    faults: list[tuple[int, str]] = []
    file = _sections(text.splitlines(), data, faults)
    _check_kinds(file)
    _check_references(file)
    if faults:
        raise BrokenDeclaration(name, [f"Line {line}: {fault}" for line, fault in sorted(faults)])
    return _declaration(text, file)


def _sections(lines: list[str], data: dict[str, Any], faults: list[tuple[int, str]]) -> _File:
    def one(name: str, held: Any, place: int = 0) -> Section:
        return Section(lines, name, place, held, faults)

    def every(name: str) -> list[Section]:
        held = data.get(name, [])
        return [one(name, item, place) for place, item in enumerate(held if isinstance(held, list) else [held])]

    for name in data:
        if name not in _SECTIONS:
            one(name, {}).fault(name, f"remove it; the sections are {', '.join(_SECTIONS)}.")
    single = {name: one(name, data.get(name)) for name in ("table", "similar_columns", "similar_values")}
    return _File(fields=every("field"), expected=every("expect"), values={}, **single)


def _check_kinds(file: _File) -> None:
    """Note the faults of each section by itself, and fill `file.values`."""
    file.table.check(TABLE, ("name", "id", "outcome", "left", "stayed"))
    if not 1 <= len(file.fields) <= MAX_FIELDS:
        file.table.fault("field", f"declare from 1 to {MAX_FIELDS} fields; there are {len(file.fields)}.")
    for field in file.fields:
        if field.held.get("type") == "number":
            field.check(NUMBER, ("name", "type", "low", "high", "words"))
        else:
            field.check(CATEGORY, ("name", "type", "values"))
            if field.sound:
                file.values[field.held["name"]] = field.held["values"]
    for expect in file.expected:
        expect.check(EXPECT, ("field", "from", "to", "risk"))
    for similar, kind in ((file.similar_columns, SIMILAR_COLUMN), (file.similar_values, SIMILAR_VALUES)):
        similar.check(dict.fromkeys(similar.held, kind), ())


def _check_references(file: _File) -> None:
    """Note the faults between sections, leaving out the sections that have faults of their own."""
    names = [str(field.held.get("name")) for field in file.fields]
    broken = [name for name, field in zip(names, file.fields, strict=True) if not field.sound]
    known = [*names, str(file.table.held.get("id")), str(file.table.held.get("outcome"))]
    if file.table.sound:
        _check_groups(file)
    for field in [field for field in file.fields if field.sound]:
        if known.count(field.held["name"]) > 1:
            field.fault("name", "fields, the id and the outcome have names of their own; write another one.")
        if field.held["name"] in file.values:
            _check_category(field, file, broken)
        else:
            numbers = [name for name in names if name not in file.values and name != field.held["name"]]
            _check_number(field, numbers)
    _check_alone(file.fields)
    for expect in [expect for expect in file.expected if expect.sound]:
        name = expect.held["field"]
        expect.require("field", [name], [*file.values, *broken])
        for end in ("from", "to"):
            expect.require(end, [expect.held[end]], file.values.get(name, [expect.held[end]]))
    for name in file.similar_columns.held:
        file.similar_columns.require(name, [name], known)
    for name in file.similar_values.held.keys() - set(broken) if file.similar_values.sound else ():
        file.similar_values.require(name, file.similar_values.held[name], file.values.get(name, ()))


def _check_groups(file: _File) -> None:
    """Note fields in groups that are not listed, and a group of services without fields."""
    groups = [str(field.held["group"]) for field in file.fields if "group" in field.held]
    if "services" in file.table.held:
        file.table.require("services", [file.table.held["services"]], groups)
    for field in file.fields:
        if "group" in field.held and "groups" in file.table.held:
            field.require("group", [field.held["group"]], file.table.held["groups"])


def _check_category(field: Section, file: _File, broken: list[str]) -> None:
    held, values = field.held, field.held["values"]
    if not 2 <= len(values) <= MAX_VALUES:
        field.fault("values", f"declare from 2 to {MAX_VALUES} values.")
    for key in {"example", "none"} & held.keys():
        field.require(key, [held[key]], values)
    if isinstance(held.get("protected"), dict):
        field.require("protected", held["protected"], values)
    field.require("aliases", held.get("aliases", {}).values(), values)
    field.require(
        "offers", [text for offer in held.get("offers", []) for text in (offer["to"], *offer["held"])], values
    )
    if rule := held.get("implied_by"):
        field.require("implied_by", [rule["field"]], [*file.values, *broken])
        field.require("implied_by", [rule["value"]], file.values.get(rule["field"], [rule["value"]]))
        field.require("implied_by", [rule["implies"]], values)
        if any(other.held.get("name") == rule["field"] and "implied_by" in other.held for other in file.fields):
            field.fault("implied_by", "what follows from another field implies nothing itself; name the first of them.")


def _check_number(field: Section, others: Iterable[str]) -> None:
    low, high = field.held["low"], field.held["high"]
    if low >= high:
        field.fault("high", f"write a number above low, which is {low}.")
    elif not low <= field.held.get("example", low) <= high:
        field.fault("example", f"write a number from {low} to {high}.")
    if (bands := field.held.get("bands")) and not (bands[0] <= low and high <= bands[-1]):
        field.fault("bands", f"begin with {low} and end with {high}.")
    if absent := field.held.get("when_absent"):
        field.require("when_absent", absent["product"], others)


def _check_alone(fields: list[Section]) -> None:
    """Note a role that two fields have, and a second field with `when_absent`."""
    for key in ("role", "when_absent"):
        held = [field for field in fields if field.sound and key in field.held]
        for place, field in enumerate(held):
            if any(key != "role" or other.held[key] == field.held[key] for other in held[:place]):
                field.fault(key, "another field has it already; leave it out here.")


def _declaration(text: str, file: _File) -> Declaration:
    table = file.table.held
    currency = table.get("currency", "$")
    similar = file.similar_values.held
    fields = {field.held["name"]: _field(field.held, currency, similar) for field in file.fields}
    return Declaration(
        name=table["name"],
        id=table["id"],
        outcome=table["outcome"],
        left=tuple(table["left"]),
        stayed=tuple(table["stayed"]),
        label_window_months=table.get("label_window_months"),
        currency=currency,
        groups=tuple(table.get("groups") or dict.fromkeys(field.group for field in fields.values())),
        services=table.get("services"),
        derived_columns=table.get("derived_columns"),
        fields=fields,
        similar_columns=_tuples(file.similar_columns.held),
        expectations=tuple(_expectation(one.held) for one in file.expected),
        source=text,
    )


def _expectation(held: Mapping[str, Any]) -> Expectation:
    words = held.get("words", {end: f"{held['field']} {held[end]}" for end in ("from", "to")})
    return Expectation(held["field"], held["from"], held["to"], words["from"], words["to"])


def _tuples(lists: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(texts) for name, texts in lists.items()}


def _field(held: Mapping[str, Any], currency: str, similar: Mapping[str, Any]) -> Field:
    common = {
        "title": held.get("title", held["name"]),
        "group": held.get("group", "Customer"),
        "description": held.get("help", ""),
        "required": held.get("required", False),
    }
    if held["type"] == "number":
        return _number(held, currency, common)
    return _category(held, similar.get(held["name"], {}), common)


def _number(held: Mapping[str, Any], currency: str, common: dict[str, Any]) -> Number:
    unit, whole, absent = held.get("unit", ""), held.get("whole", False), held.get("when_absent")
    return Number(
        unit=unit,
        low=held["low"],
        high=held["high"],
        phrase=phrase_of(held["words"], unit if unit == currency else "", whole=whole),
        example=held.get("example", held["low"]),
        whole=whole,
        money=unit == currency,
        bands=tuple(held.get("bands") or _even_bands(held["low"], held["high"], whole=whole)),
        when_absent=Product((absent["product"][0], absent["product"][1]), absent["words"]) if absent else None,
        role=held.get("role"),
        **common,
    )


def _even_bands(low: float, high: float, *, whole: bool) -> list[float]:
    """The edges of five groups of equal width, or of fewer if the range has fewer whole numbers."""
    edges = [low + (high - low) * part / 5 for part in range(6)]
    return sorted({round(edge) for edge in edges}) if whole else edges


def _category(held: Mapping[str, Any], similar: Mapping[str, list[str]], common: dict[str, Any]) -> Category:
    values, protected = dict(sorted(held["values"].items())), held.get("protected")
    return Category(
        values=values,
        example=held.get("example", next(iter(values))),
        aliases=_usual_aliases(values) | held.get("aliases", {}),
        offers=tuple(Offer(one["to"], one["words"], tuple(one["held"])) for one in held.get("offers", [])),
        implied_by=ImpliedBy(**held["implied_by"]) if "implied_by" in held else None,
        none=held.get("none"),
        similar=_tuples(similar),
        protected=dict(zip(values, values, strict=True)) if protected is True else protected,
        **common,
    )


def _usual_aliases(values: Mapping[str, str]) -> dict[Any, str]:
    """What programs write for No and Yes, or for 0 and 1, by the value; empty for a field with neither pair."""
    for no, yes in (("No", "Yes"), ("0", "1")):
        if no in values and yes in values:
            words: dict[Any, str] = dict.fromkeys(_NO, no) | dict.fromkeys(_YES, yes)
            return words | {0: no, 1: yes} if len(values) == 2 else words
    return {}
