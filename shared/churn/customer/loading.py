"""Reading a customer's declaration from its TOML file, with all faults reported at once.

`churn.customer.sections` checks what each section holds, `churn.customer.references` how sections refer to each other,
and this module makes the declaration.
"""

import tomllib
from collections.abc import Mapping
from typing import Any

from churn.customer import references
from churn.customer.declaration import Declaration, Expectation
from churn.customer.fields import BLANK, OTHER, Category, Field, ImpliedBy, Number, Offer, Product
from churn.customer.line_numbers import LineNumbers
from churn.customer.phrases import phrase_of
from churn.customer.references import ID, File, values_of
from churn.customer.sections import CATEGORY, EXPECT, LEFT_OUT, NUMBER, SIMILAR_COLUMN, SIMILAR_VALUES, TABLE, Section
from churn.customer.spellings import MISSING, NO, YES, folded
from churn.errors import BrokenDeclaration

MAX_FIELDS = 64

# The file in CHURN_DATA_DIR with the table to train on, unless the declaration names another.
_FILE = "customers.csv"

_SINGLE = ("table", "leave_out", "similar_columns", "similar_values")
_SECTIONS = ("table", "leave_out", "field", "expect", "similar_columns", "similar_values")


def load(text: str, name: str) -> Declaration:
    """The declaration in a file's text; `name` is the file's name in messages.

    Raises BrokenDeclaration with every fault.
    """
    text = text.removeprefix("\ufeff")
    try:
        data = tomllib.loads(text)
    except RecursionError as error:
        raise BrokenDeclaration(name, ["It nests too many lists or tables in each other."]) from error
    except ValueError as error:  # of the parser, or of an integer with thousands of digits
        raise BrokenDeclaration(name, [f"It is no TOML: {error}."]) from error
    faults: list[tuple[int, str]] = []
    file = _sections(LineNumbers(text), data, faults)
    _check_kinds(file)
    references.check(file)
    if faults:
        raise BrokenDeclaration(name, [f"Line {line}: {fault}" for line, fault in sorted(faults)])
    return _declaration(text, file)


def _sections(lines: LineNumbers, data: dict[str, Any], faults: list[tuple[int, str]]) -> File:
    def one(name: str, held: Any, place: int = 0) -> Section:
        return Section(lines, name, place, held, faults)

    def every(name: str) -> list[Section]:
        held = data.get(name, [])
        return [one(name, item, place) for place, item in enumerate(held if isinstance(held, list) else [held])]

    for name in data:
        if name not in _SECTIONS:
            one(name, {}).fault(name, f"remove it; the sections are {', '.join(_SECTIONS)}.")
    single = {name: one(name, data.get(name, {})) for name in _SINGLE}
    return File(fields=every("field"), expected=every("expect"), values={}, **single)


def _check_kinds(file: File) -> None:
    """Note the faults of each section by itself, and fill `file.values`."""
    file.table.check(TABLE, ("name", "outcome", "left", "stayed"))
    if not 1 <= len(file.fields) <= MAX_FIELDS:
        file.table.fault("field", f"declare from 1 to {MAX_FIELDS} fields; there are {len(file.fields)}.")
    for field in file.fields:
        if field.held.get("type") == "number":
            field.check(NUMBER, ("name", "type", "low", "high", "words"))
        else:
            field.check(CATEGORY, ("name", "type", "values"))
            if field.sound:
                file.values[field.held["name"]] = values_of(field.held)
    for expect in file.expected:
        expect.check(EXPECT, ("field", "from", "to", "risk"))
    for named, kind in (
        (file.leave_out, LEFT_OUT),
        (file.similar_columns, SIMILAR_COLUMN),
        (file.similar_values, SIMILAR_VALUES),
    ):
        named.check(dict.fromkeys(named.held, kind), ())


def _declaration(text: str, file: File) -> Declaration:
    table = file.table.held
    currency = table.get("currency", "$")
    similar = file.similar_values.held
    examples = references.examples(file)
    fields = {
        name: _field(field.held | {"example": examples[name]}, currency, similar)
        for name, field in zip(examples, file.fields, strict=True)
    }
    return Declaration(
        name=table["name"],
        id=table.get("id", ID),
        outcome=table["outcome"],
        left=tuple(table["left"]),
        stayed=tuple(table["stayed"]),
        set_aside=tuple(table.get("set_aside", ())),
        file=table.get("file", _FILE),
        missing=_missing(table["missing"]) if "missing" in table else MISSING,
        segments=tuple(table.get("segments", ())),
        leave_out=file.leave_out.held,
        label_window_months=table.get("label_window_months"),
        currency=currency,
        groups=tuple(dict.fromkeys([*table.get("groups", ()), *(field.group for field in fields.values())])),
        services=table.get("services"),
        derived_columns=table.get("derived_columns"),
        fields=fields,
        similar_columns=_tuples(file.similar_columns.held),
        expectations=tuple(_expectation(one.held) for one in file.expected),
        source=text,
    )


def _missing(written: list[str]) -> frozenset[str]:
    """The spellings as they are compared; a blank means a missing value in any case."""
    return frozenset(text.strip().casefold() for text in written) - {""}


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
        "columns": tuple(held.get("columns", ())),
    }
    if held["type"] == "number":
        return _number(held, currency, common)
    return _category(held, similar.get(held["name"], {}), common)


def _number(held: Mapping[str, Any], currency: str, common: dict[str, Any]) -> Number:
    unit, whole, absent = held.get("unit", ""), held.get("whole", False), held.get("when_absent")
    blank = f"{common['title']}: blank" if held.get("blank") == "value" else None
    return Number(
        unit=unit,
        low=held["low"],
        high=held["high"],
        phrase=phrase_of(held["words"], unit if unit == currency else "", whole=whole, blank=blank),
        example=held["example"],
        whole=whole,
        money=unit == currency,
        bands=tuple(held.get("bands") or _even_bands(held["low"], held["high"], whole=whole)),
        when_absent=Product((absent["product"][0], absent["product"][1]), absent["words"]) if absent else None,
        role=held.get("role"),
        protected=held.get("protected", False),
        blank_is_value=blank is not None,
        **common,
    )


def _even_bands(low: float, high: float, *, whole: bool) -> list[float]:
    """The edges of five groups of equal width, or of fewer if the range has fewer whole numbers."""
    edges = [low + (high - low) * part / 5 for part in range(6)]
    return sorted({round(edge) for edge in edges}) if whole else edges


def _category(held: Mapping[str, Any], similar: Mapping[str, list[str]], common: dict[str, Any]) -> Category:
    values, protected = values_of(held), held.get("protected")
    return Category(
        values=values,
        example=held["example"],
        aliases=_usual_aliases(values) | {folded(alias): value for alias, value in held.get("aliases", {}).items()},
        offers=tuple(Offer(one["to"], one["words"], tuple(one["held"])) for one in held.get("offers", [])),
        implied_by=ImpliedBy(**held["implied_by"]) if "implied_by" in held else None,
        none=held.get("none"),
        similar=_tuples(similar),
        protected={value: value or "Blank" for value in values} if protected is True else protected,
        other=held.get("other", False),
        **common,
    )


def _usual_aliases(values: Mapping[str, str]) -> dict[Any, str]:
    """What programs write for No and Yes, or for 0 and 1, by the value; empty for a field with neither pair."""
    for no, yes in (("No", "Yes"), ("0", "1")):
        if no in values and yes in values:
            others = set(map(folded, values)) - {folded(no), folded(yes)}
            words: dict[Any, str] = dict.fromkeys(NO, no) | dict.fromkeys(YES, yes)
            # 0 and 1 mean them too, but only in a field without a third value.
            numbers: dict[Any, str] = {} if others - {BLANK, folded(OTHER)} else {0: no, 1: yes}
            return {word: value for word, value in words.items() if word not in others} | numbers
    return {}
