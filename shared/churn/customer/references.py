"""How the sections of a declaration's file refer to each other: names that clash, names that are not declared."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from churn.customer.fields import BLANK, OTHER, is_other
from churn.customer.likeness import fold
from churn.customer.sections import Section
from churn.customer.spellings import folded

ID = "customerID"
"""The name of a customer's id in JSON and in files, unless the declaration has another."""

# Codes are stored as signed bytes, and negative ones stand for values that are absent or not understood. Two values may
# be added to the declared ones.
MAX_VALUES = 100

_BLANK_REMEDY = 'leave it out here, or leave blank = "value" out, so that a blank is a number that is not known.'


class File(NamedTuple):
    """The sections of a file; `values` has the values of each category without faults, by the field's name."""

    table: Section
    leave_out: Section
    fields: list[Section]
    expected: list[Section]
    similar_columns: Section
    similar_values: Section
    values: dict[str, Mapping[str, str]]


def values_of(held: Mapping[str, Any]) -> dict[str, str]:
    """The values of a declared category with their words, in the order of their codes, with those that are added."""
    title, declared = held.get("title", held["name"]), held["values"]
    words = declared if isinstance(declared, dict) else {value: f"{title}: {value}" for value in declared}
    values = dict(sorted(words.items()))
    if held.get("other") and not any(map(is_other, values)):
        values[OTHER] = f"{title}: other"
    if held.get("blank") == "value":
        values[BLANK] = f"{title}: blank"
    return values


def examples(file: File) -> dict[str, Any]:
    """An example of each field by name: the declared one, or the first that contradicts no other."""
    by_name = {field.held["name"]: field.held for field in file.fields}
    return {name: _example(held, by_name) for name, held in by_name.items()}


def _example(held: Mapping[str, Any], by_name: Mapping[str, Mapping[str, Any]]) -> Any:
    if "example" in held or held["type"] == "number":
        return held.get("example", held.get("low"))
    rule = held.get("implied_by")
    if rule and _example(by_name[rule["field"]], by_name) == rule["value"]:
        return rule["implies"]
    return next(value for value in values_of(held) if not rule or value != rule["implies"])


def check(file: File) -> None:
    """Note the faults between sections, leaving out the sections that have faults of their own."""
    names = [str(field.held.get("name")) for field in file.fields]
    broken = [name for name, field in zip(names, file.fields, strict=True) if not field.sound]
    known = [*names, str(file.table.held.get("id", ID)), str(file.table.held.get("outcome"))]
    folds = list(map(fold, known))
    if file.table.sound:
        _check_table(file, names)
    for field in [field for field in file.fields if field.sound]:
        if folds.count(fold(field.held["name"])) > 1:
            field.fault("name", "fields, the id and the outcome have names of their own; write another one.")
        if field.held["type"] == "number":
            _check_number(field, file)
        else:
            _check_category(field, file, broken)
    _check_alone(file.fields)
    _check_columns(file, known)
    for expect in [expect for expect in file.expected if expect.sound]:
        name = expect.held["field"]
        expect.require("field", [name], [*file.values, *broken])
        for end in ("from", "to"):
            expect.require(end, [expect.held[end]], file.values.get(name, [expect.held[end]]))
    for name in file.similar_columns.held:
        file.similar_columns.require(name, [name], known)
    for name in file.similar_values.held.keys() - set(broken) if file.similar_values.sound else ():
        file.similar_values.require(name, [name], file.values)
        similar = file.similar_values.held[name]
        file.similar_values.require(name, similar, file.values.get(name, similar))


def _check_table(file: File, names: list[str]) -> None:
    """Note fields in groups that are not listed, a group of services and segments without fields, and two outcomes."""
    table = file.table
    groups = [str(field.held["group"]) for field in file.fields if "group" in field.held]
    if "services" in table.held:
        table.require("services", [table.held["services"]], groups)
    for field in file.fields:
        if "group" in field.held and "groups" in table.held:
            field.require("group", [field.held["group"]], table.held["groups"])
    table.require("segments", table.held.get("segments", ()), names)
    if fold(table.held.get("id", ID)) == fold(table.held["outcome"]):
        table.fault("outcome", "the id has this name; name another column.")
    told: dict[str, str] = {}
    for key in ("left", "stayed", "set_aside"):
        for text in table.held.get(key, ()):
            if told.setdefault(text.strip().casefold(), key) != key:
                table.fault(key, f'"{text}" is in {told[text.strip().casefold()]} too; keep it in one of them.')


def _check_category(field: Section, file: File, broken: list[str]) -> None:
    held, values = field.held, file.values[field.held["name"]]
    if len(values) < 2 or len(held["values"]) > MAX_VALUES:
        field.fault("values", f"declare from 2 to {MAX_VALUES} values.")
    _check_spellings(field, values)
    for key in {"example", "none"} & held.keys():
        field.require(key, [held[key]], values)
    if isinstance(held.get("protected"), dict):
        field.require("protected", held["protected"], values)
    field.require("aliases", held.get("aliases", {}).values(), values)
    field.require(
        "offers", [text for offer in held.get("offers", []) for text in (offer["to"], *offer["held"])], values
    )
    _check_offers(field, file)
    if rule := held.get("implied_by"):
        field.require("implied_by", [rule["field"]], [*file.values, *broken])
        field.require("implied_by", [rule["value"]], file.values.get(rule["field"], [rule["value"]]))
        if rule["implies"] == BLANK and BLANK not in values:
            field.fault("implied_by", 'a blank is no value of this field; write blank = "value", or imply another one.')
        else:
            field.require("implied_by", [rule["implies"]], values)
        implying = [other.held for other in file.fields if other.held.get("name") == rule["field"]]
        if any("implied_by" in other for other in implying):
            field.fault("implied_by", "what follows from another field implies nothing itself; name the first of them.")
        elif field.sound and "example" in held and rule["field"] in file.values and len(implying) == 1:
            is_followed = _example(implying[0], {}) == rule["value"]
            if is_followed != (held["example"] == rule["implies"]):
                field.fault("example", f"it contradicts the example of {rule['field']}; leave it out here.")


def _check_offers(field: Section, file: File) -> None:
    """Note offers of traits of people, and of values with which another field would have to change as well."""
    offered = {text for offer in field.held.get("offers", []) for text in (offer["to"], *offer["held"])}
    if offered and "protected" in field.held:
        field.fault("offers", "no offer changes a trait of people; leave offers or protected out.")
    rules = [(other, other.held["implied_by"]) for other in file.fields if other.sound and "implied_by" in other.held]
    tied = {rule["implies"] for other, rule in rules if other is field}
    tied |= {rule["value"] for _, rule in rules if rule["field"] == field.held["name"]}
    for value in sorted(offered & tied):
        field.fault("offers", f'"{value}" decides another field, or follows from it (implied_by); leave it out here.')


def _check_spellings(field: Section, values: Mapping[str, str]) -> None:
    """Note two values that are spelled alike but for case and blanks, and an alias that is another value's spelling."""
    meant: dict[str, str] = {}
    for value in values:
        if (other := meant.setdefault(folded(value), value)) != value:
            field.fault("values", f'"{value}" is read as "{other}", whatever the letter case; keep one of them.')
    for alias, value in field.held.get("aliases", {}).items():
        if not folded(alias):
            field.fault("aliases", 'a blank is no alias; write blank = "value", or leave it out, if nothing is known.')
        elif (other := meant.setdefault(folded(alias), value)) != value:
            field.fault("aliases", f'"{alias}" means "{other}" already, whatever the letter case; leave it out here.')


def _check_number(field: Section, file: File) -> None:
    _check_range(field)
    if absent := field.held.get("when_absent"):
        others = {str(other.held.get("name")): other.held for other in file.fields if other is not field}
        numbers = [name for name, held in others.items() if name not in file.values]
        field.require("when_absent", absent["product"], numbers)
        for name in absent["product"]:
            if others.get(name, {}).get("blank") == "value":
                field.fault("when_absent", f"{name} may be blank; name two numbers that may not.")
    if field.held.get("blank") == "value":
        for key in {"role", "when_absent"} & field.held.keys():
            field.fault(key, _BLANK_REMEDY)
    if {"role", "protected"} <= field.held.keys():
        field.fault(
            "protected", "what a customer is billed, and for how long, is no trait of people; leave it out here."
        )


def _check_range(field: Section) -> None:
    low, high = field.held["low"], field.held["high"]
    if low >= high:
        field.fault("high", f"write a number above low, which is {low}.")
    elif not low <= field.held.get("example", low) <= high:
        field.fault("example", f"write a number from {low} to {high}.")
    for key in ("low", "high", "example") if field.held.get("whole") else ():
        if field.held.get(key, 0) % 1:
            field.fault(key, "write a whole number, or leave whole out.")
    # Customers are compared by the logarithm of the tenure and 1; a contract may begin in some days.
    if field.held.get("role") == "tenure" and low <= -1:
        field.fault("low", "nobody has been a customer for less than no time; write 0, or a number above -1.")
    if (bands := field.held.get("bands")) and not (bands[0] <= low and high <= bands[-1]):
        field.fault("bands", f"begin with {low} and end with {high}.")


def _check_alone(fields: list[Section]) -> None:
    """Note a role that two fields have, and a second field with `when_absent`."""
    for key in ("role", "when_absent"):
        held = [field for field in fields if field.sound and key in field.held]
        for place, field in enumerate(held):
            if any(key != "role" or other.held[key] == field.held[key] for other in held[:place]):
                field.fault(key, "another field has it already; leave it out here.")


def _check_columns(file: File, known: list[str]) -> None:
    """Note a column's name that is read as a field, or left out, and is another one's name as well.

    Names are the same without regard to case, blanks and separators, as they are when a table is read.
    """
    meant = {fold(name): name for name in known}
    for field in [field for field in file.fields if field.sound]:
        for column in field.held.get("columns", ()):
            if (other := meant.setdefault(fold(column), field.held["name"])) != field.held["name"]:
                field.fault("columns", f'"{column}" is a name of {other} already; leave it out here.')
    for column in file.leave_out.held:
        if named := meant.get(fold(column)):
            file.leave_out.fault(column, f"it is a name of {named}; remove it here or there.")
