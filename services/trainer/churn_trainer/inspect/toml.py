"""Writing a drafted declaration as the text of its file, with `# ???` on every line that wants a person."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from churn_trainer.inspect.draft import Table
from churn_trainer.inspect.fields import BILLS, PEOPLE, USE, Draft, currency
from churn_trainer.inspect.summary import MARK

# Values are listed in one line up to this length.
_LINE = 110


def text(table: Table, file: str) -> str:
    """The file's text; `file` is the name of the table's file."""
    lines = [
        f"# Drafted from {file}: {table.rows:,} customers. Lines with {MARK} want a person.",
        "",
        *_head(table, file),
        *_left_out(table),
        *(line for field in table.fields for line in _field(field, _currency(table))),
        *_expect(table),
    ]
    return "\n".join(lines) + "\n"


def _head(table: Table, file: str) -> Iterator[str]:
    found = table.outcome
    yield "[table]"
    yield f"name = {quoted(file.split('.')[0])}"
    if file != "customers.csv":
        yield f"file = {quoted(file)}"
    if table.id is not None:
        yield f"id = {quoted(table.id.name)}"
    doubt = _mark(found.doubt)
    yield f"outcome = {quoted(found.column.name if found.column else '???')}{doubt}"
    yield f"left = {_list(found.meaning.left)}{doubt}"
    yield f"stayed = {_list(found.meaning.stayed)}{doubt}"
    if found.meaning.set_aside:
        yield f"set_aside = {_list(found.meaning.set_aside)}{_mark('neither left nor stayed')}"
    yield f"# label_window_months = 1{_mark('within how many months do those who left leave? Then take the # away')}"
    if any(field.money for field in table.fields):
        yield f"currency = {quoted(_currency(table))}{_mark('amounts of money are in which currency?')}"
    used = {field.group for field in table.fields}
    yield f"groups = {_list(group for group in (PEOPLE, USE, BILLS) if group in used)}"
    yield ""


def _currency(table: Table) -> str:
    return next((sign for field in table.fields if field.money and (sign := currency(field.column))), "$")


def _left_out(table: Table) -> Iterator[str]:
    if table.left_out:
        yield "[leave_out]  # column = why"
        for name, reason in table.left_out.items():
            doubt = "was it known before the customer left?" if name in table.leaks else ""
            yield f"{quoted(name)} = {quoted(reason)}{_mark(doubt)}"
        yield ""


def _field(field: Draft, sign: str) -> Iterator[str]:
    yield "[[field]]"
    for key, value in _keys(field, sign):
        yield f"{key} = {value}{_mark(field.marks.get(key, ''))}"
    yield ""


def _keys(field: Draft, sign: str) -> Iterator[tuple[str, str]]:
    """The keys of a field's section with their values as TOML."""
    yield "name", quoted(field.name)
    yield "title", quoted(field.title)
    yield "group", quoted(field.group)
    yield "type", quoted(field.kind)
    if field.is_number:
        yield from _number(field, sign)
    else:
        yield "values", _flag(field) if field.flag else _list(field.values)
        if field.other:
            yield "other", "true"
    if field.blank_is_value:
        yield "blank", '"value"'
    if field.rule:
        rule = field.rule
        inner = f"field = {quoted(rule.field)}, value = {quoted(rule.value)}, implies = {quoted(rule.implies)}"
        yield "implied_by", f"{{ {inner} }}"
    if field.protected:
        yield "protected", "true"
    if field.required:
        yield "required", "true"


def _number(field: Draft, sign: str) -> Iterator[tuple[str, str]]:
    yield "low", _plain(field.low)
    yield "high", _plain(field.high)
    yield "bands", f"[{', '.join(map(_plain, field.bands))}]"
    yield "example", _plain(field.example)
    if field.whole:
        yield "whole", "true"
    if field.money or field.unit:
        yield "unit", quoted(sign if field.money else field.unit)
    yield "words", quoted(f"{field.title}: {{}}{' ' + field.unit if field.unit else ''}")
    if field.role:
        yield "role", quoted(field.role)
    if field.product:
        told = quoted(f"{field.title} not given, taken as a product")
        yield "when_absent", f"{{ product = {_list(field.product)}, words = {told} }}"


def _flag(field: Draft) -> str:
    return f"{{ 0 = {quoted(f'{field.title}: no')}, 1 = {quoted(f'{field.title}: yes')} }}"


def _expect(table: Table) -> Iterator[str]:
    if table.expect:
        name, short, long = table.expect
        yield "[[expect]]"
        yield f"field = {quoted(name)}"
        yield f"from = {quoted(short)}"
        yield f"to = {quoted(long)}"
        yield 'risk = "not higher"'


def quoted(value: Any) -> str:
    """A text as a basic string of TOML."""
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: Iterable[str]) -> str:
    listed = [quoted(value) for value in values]
    line = f"[{', '.join(listed)}]"
    return line if len(line) <= _LINE else "[\n" + "".join(f"    {value},\n" for value in listed) + "]"


def _plain(number: float) -> str:
    return str(int(number)) if number.is_integer() else repr(number)


def _mark(question: str) -> str:
    return f"  # {MARK} {question}" if question else ""
